//! Whatever is read: source text, predicates, SQL by hand, migrations, snapshots and plans. Nothing panics or
//! hangs, errors point into the text, and what is accepted can be written and read again.
//!
//! Inputs are made of a corpus, `corpus/<target>/`, which is replayed first; what was ever found wrong is in it.
//! `RLS_FUZZ_FACTOR` multiplies how many, `RLS_FUZZ_SEED` says which.

#![cfg(all(feature = "sql-parser", feature = "serde", feature = "postgres"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod mutate;
mod properties;
mod run;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mutate::Corpus;
use properties::{migration, plan_file, predicate, raw, snapshot, source, split};
use rls_core::apply::{Comparison, PlanFile};
use rls_core::catalog::Live;
use rls_core::model::Schema;
use rls_core::plan::from_nothing;
use run::fuzz;

/// The items of the gallery, each by itself.
fn gallery() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/gallery/mod.rs");
    let text = fs::read_to_string(path).unwrap();
    let items = text.split("\n}\n").flat_map(|part| part.split("\n\n"));
    items.filter(|item| item.contains("rls")).map(|item| format!("{item}\n}}\n")).collect()
}

#[test]
fn source_of_any_kind_is_read_or_refused() {
    fuzz("source", Corpus::new("source", gallery()), 2_500, source);
}

#[test]
fn predicates_of_any_kind_are_read_or_refused() {
    fuzz("predicate", Corpus::new("predicate", []), 2_500, predicate);
}

#[test]
fn sql_by_hand_of_any_kind_is_read_or_refused() {
    let further = ["source", "predicate"].map(|folder| Corpus::new(folder, []).texts).concat();
    fuzz("sql", Corpus::new("sql", further), 20_000, split);
    fuzz("raw", Corpus::new("raw", []), 2_500, raw);
}

#[test]
fn migrations_of_any_kind_are_read_or_refused() {
    fuzz("migration", Corpus::new("migration", []), 10_000, migration);
}

#[test]
fn snapshots_of_any_kind_are_read_or_refused() {
    fuzz("snapshot", Corpus::new("snapshot", []), 6_000, snapshot);
}

#[test]
fn plans_of_any_kind_are_read_or_refused() {
    let snapshots = Corpus::new("snapshot", []).texts;
    let files = snapshots.iter().filter_map(|json| {
        let desired = serde_json::from_str(json).ok()?;
        let found = Comparison { live: nothing(), plan: from_nothing(&desired) };
        Some(PlanFile::new(&found, &found.plan, &desired, true).unwrap().write().unwrap())
    });
    fuzz("plan", Corpus::new("plan", files), 4_000, plan_file);
}

/// An empty database.
fn nothing() -> Live {
    Live {
        schema: Schema::new_database(),
        undeclared: BTreeSet::new(),
        small: BTreeSet::new(),
        stray_defaults: Vec::new(),
        missing_roles: BTreeSet::new(),
        stand_in: false,
        notes: Vec::new(),
    }
}
