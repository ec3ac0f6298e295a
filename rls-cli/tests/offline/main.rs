//! The commands that need no database: `init`, `check`, `sql` and `generate`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod config;
mod files;
mod generate;
mod mistakes;
mod names;

use support::{Project, messages, places};

/// A table of one column.
fn table(ident: &str) -> String {
    format!("#[derive(Table)]\npub struct {ident} {{ #[rls(primary_key)] pub id: i64 }}\n")
}

/// How many tables a project declares.
#[track_caller]
fn tables(project: &Project) -> u64 {
    let (text, json) = project.both(&["check"]);
    let text = text.exits(0);
    let tables = json["tables"].as_u64().unwrap();
    assert!(text.out.contains(&format!("{tables} table")), "{text}");
    tables
}

/// The only mistake of a project: its place and its message.
#[track_caller]
fn mistake(project: &Project) -> (String, String) {
    let (text, json) = project.both(&["check"]);
    text.exits(1);
    let (places, messages) = (places(&json), messages(&json));
    assert_eq!((places.len(), messages.len()), (1, 1), "{json:#}");
    (places[0].clone(), messages[0].to_owned())
}
