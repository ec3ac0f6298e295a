//! The tool killed, cut off and bereft of its server at every statement of `apply` and `migrate`, and
//! `generate` without room, without leave and killed: what is left is what was, or what is to be.
//!
//! Where something is committed, every fault is tried, and one at every other statement; with `RLS_FAULTS=all`,
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

use support::several_connections;

#[test]
fn apply_is_wholly_done_or_not_at_all() {
    let Some(server) = several_connections() else { return };
    let project = stages::project();
    let faults = stages::to_apply(&project, server.new_database()).run();
    assert!(faults >= 90, "{faults} faults injected");
}

#[test]
fn migrate_does_whole_migrations_and_its_history_says_which() {
    let Some(server) = several_connections() else { return };
    let project = stages::project();
    let faults = stages::to_migrate(&project, server.new_database()).run();
    assert!(faults >= 100, "{faults} faults injected");
}
