//! Hazards before the eyes of a second session: for each kind, changes that have it, and what its sentence
//! claims is seen to happen; and changes next to them that do not have it, looked at in the same way. A kind
//! gets another change by a row in its table, and a kind without a table does not compile (`class`).
#![cfg(all(feature = "postgres", feature = "scan"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod blocking;
mod case;
mod lasting;
mod patience;
mod size;
mod watch;
mod world;

use case::{Case, Class};
use rls_core::plan::HazardKind;
use world::World;

/// Where each kind has its rows.
fn class(kind: HazardKind) -> Class {
    match kind {
        HazardKind::BlocksReads => blocking::READS,
        HazardKind::BlocksWrites => blocking::WRITES,
        HazardKind::RewritesTable => blocking::REWRITES,
        HazardKind::OutsideTransaction => blocking::OUTSIDE,
        HazardKind::WidensAccess => access::WIDENS,
        HazardKind::NarrowsAccess => access::NARROWS,
        HazardKind::LosesData => lasting::LOSES,
        HazardKind::DropsUndeclared => lasting::UNDECLARED,
        HazardKind::Irreversible => lasting::IRREVERSIBLE,
    }
}

/// All rows of a kind, and everything that is wrong with them.
async fn show(kind: HazardKind) {
    let Class { shown, near } = class(kind);
    let mut wrong = Vec::new();
    for (at, case) in shown.iter().chain(near).enumerate() {
        let name = format!("{}_{at}", kind.name().replace('-', "_"));
        let seen = one(kind, case, &name).await;
        wrong.extend(seen.err().map(|why| format!("{}: {why}", case.name)));
    }
    assert!(wrong.is_empty(), "{kind}:\n{}", wrong.join("\n"));
}

async fn one(kind: HazardKind, case: &Case, name: &str) -> Result<(), String> {
    let Some(mut world) = World::new(name, case).await else { return Ok(()) };
    world.planned(kind, case)?;
    world.shows(case).await
}

#[test]
fn each_kind_has_what_shows_it_and_what_is_next_to_it() {
    for kind in HazardKind::ALL {
        let Class { shown, near } = class(kind);
        assert!(!shown.is_empty() && !near.is_empty(), "{kind}");
        assert!(shown.iter().all(|case| !case.says.is_empty()), "{kind}");
        assert!(near.iter().all(|case| case.says.is_empty()), "{kind}");
    }
}

#[tokio::test]
async fn blocks_reads() {
    show(HazardKind::BlocksReads).await;
}

#[tokio::test]
async fn blocks_writes() {
    show(HazardKind::BlocksWrites).await;
}

#[tokio::test]
async fn rewrites_table() {
    show(HazardKind::RewritesTable).await;
}

#[tokio::test]
async fn outside_transaction() {
    show(HazardKind::OutsideTransaction).await;
}

#[tokio::test]
async fn widens_access() {
    show(HazardKind::WidensAccess).await;
}

#[tokio::test]
async fn narrows_access() {
    show(HazardKind::NarrowsAccess).await;
}

#[tokio::test]
async fn loses_data() {
    show(HazardKind::LosesData).await;
}

#[tokio::test]
async fn drops_undeclared() {
    show(HazardKind::DropsUndeclared).await;
}

#[tokio::test]
async fn irreversible() {
    show(HazardKind::Irreversible).await;
}
