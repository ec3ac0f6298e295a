//! The tool killed, cut off and bereft of its server at every statement of `apply`, `migrate` and `undo`, and
//! `generate` without room, without leave and killed: what is left is what was, or what is to be.
//!
//! Where something is committed, four faults are tried, and one at every other statement; with `RLS_FAULTS=all`,
//! which takes some minutes, every fault everywhere.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod crash;
mod declared;
mod folder;
mod proxy;
mod stages;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod trial;

use support::{Project, several_connections};
use trial::Trial;

/// Strikes at every statement of the command; says how many faults that were.
fn struck(trial: for<'a> fn(&'a Project, String) -> Trial<'a>) -> Option<usize> {
    let server = several_connections()?;
    Some(trial(&stages::project(), server.new_database()).run())
}

#[test]
fn apply_is_wholly_done_or_not_at_all() {
    let faults = struck(stages::to_apply);
    assert!(faults.is_none_or(|faults| faults >= 90), "{faults:?} faults injected");
}

#[test]
fn apply_online_stops_between_two_statements_and_nobody_comes_to_more() {
    let faults = struck(stages::to_apply_online);
    assert!(faults.is_none_or(|faults| faults >= 90), "{faults:?} faults injected");
}

#[test]
fn migrate_does_whole_migrations_and_its_history_says_which() {
    let faults = struck(stages::to_migrate);
    assert!(faults.is_none_or(|faults| faults >= 100), "{faults:?} faults injected");
}

#[test]
fn a_migration_without_a_transaction_is_begun_again() {
    let faults = struck(stages::to_migrate_singly);
    assert!(faults.is_none_or(|faults| faults >= 50), "{faults:?} faults injected");
}

#[test]
fn undo_is_wholly_done_or_not_at_all() {
    let faults = struck(stages::to_undo);
    assert!(faults.is_none_or(|faults| faults >= 30), "{faults:?} faults injected");
}
