//! Round trips of random schemas through a real server, as an ordinary owner: what was applied is read
//! back equal, and a database that was led from one schema to another is the one that is made at once.
//!
//! `RLS_ROUNDTRIP_CASES` sets how many, `RLS_ROUNDTRIP_SEED` from which seed on; a failure prints its
//! seed, made as small as it gets. Each case has a seed of its own: give that and one case to see it again.

#![cfg(all(feature = "postgres", feature = "serde", feature = "scan", feature = "source"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod access;
#[path = "../support/compiled.rs"]
mod compiled;
mod dice;
mod draft;
#[path = "../support/dump.rs"]
mod dump;
mod everything;
mod functions;
mod keys;
mod kinds;
mod locks;
mod maker;
mod pair;
mod partitions;
mod policies;
mod pulled;
mod reached;
mod renames;
mod repair;
mod rows;
mod shrink;
#[path = "../support/mod.rs"]
mod support;
mod triggers;
mod types;
mod views;
mod window;
mod world;

use locks::Locked;
use pair::Way;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use rls_core::model::Schema;
use shrink::Ways;
use tokio::runtime::Builder;
use window::Looked;
use world::World;

const PAIRS: u64 = 200;
const CREPT: u64 = 60;
const LOCKED: u64 = 60;
const RENAMED: u64 = 40;
const PULLED: u64 = 60;
/// How many of those that were pulled are compiled, as one crate.
const COMPILED: usize = 40;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs a property on ways from many seeds, and says all that it found.
fn each_way(cases: u64, mut holds: impl FnMut(&Way) -> Result<(), String>, version: u32) {
    let cases = setting("RLS_ROUNDTRIP_CASES").unwrap_or(cases);
    let seed = setting("RLS_ROUNDTRIP_SEED").unwrap_or(1);
    eprintln!("RLS_ROUNDTRIP_SEED={seed} RLS_ROUNDTRIP_CASES={cases}");
    let mut failed = Vec::new();
    for seed in seed..seed + cases {
        let config = Config {
            cases: 1,
            failure_persistence: None,
            max_shrink_iters: u32::try_from(setting("RLS_ROUNDTRIP_SHRINK").unwrap_or(300))
                .unwrap(),
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, dice::seeded(seed));
        let holds = std::cell::RefCell::new(&mut holds);
        let result = runner
            .run(&Ways { version }, |way| (holds.borrow_mut())(&way).map_err(TestCaseError::fail));
        if let Err(TestError::Fail(why, way)) = result {
            let mode = if way.by_snapshot { "a snapshot" } else { "a live database" };
            let Way { first, then, .. } = way;
            eprintln!("seed {seed}: {why}");
            failed.push(format!(
                "RLS_ROUNDTRIP_SEED={seed} RLS_ROUNDTRIP_CASES=1 (by {mode})\n== from\n{first:?}\n== to\n{then:?}\n== {why}"
            ));
        }
        if failed.len() as u64 == setting("RLS_ROUNDTRIP_FAILURES").unwrap_or(3) {
            break;
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n----\n\n"));
}

#[test]
fn one_schema_after_another_is_read_back_equal() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = runtime.block_on(World::new("pairs"));
    let version = world.version;
    each_way(PAIRS, |way| runtime.block_on(world.lead(way)), version);
}

#[test]
fn tables_keep_their_rows_by_other_names() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = runtime.block_on(World::new("renamed"));
    let version = world.version;
    each_way(RENAMED, |way| runtime.block_on(world.rename(way)), version);
}

#[test]
fn what_was_pulled_is_what_is_there() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = runtime.block_on(World::new("pulled"));
    let version = world.version;
    let mut sources = Vec::new();
    let pulled = |way: &Way| {
        let source = runtime.block_on(world.pull(way))?;
        if sources.len() < COMPILED && !source.is_empty() {
            sources.push(source);
        }
        Ok(())
    };
    each_way(PULLED, pulled, version);
    pulled::compile(&sources);
}

#[test]
fn no_prefix_of_a_plan_opens_a_window() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = runtime.block_on(World::new("window"));
    runtime.block_on(window::prepare(&world.used));
    let version = world.version;
    let mut looked = Looked::default();
    let creep = |way: &Way| runtime.block_on(world.creep(way, &mut looked));
    each_way(CREPT, creep, version);
    eprintln!("{looked:?}");
}

#[test]
fn a_step_locks_what_it_says() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = runtime.block_on(World::new("locks"));
    let version = world.version;
    let mut locked = Locked::default();
    each_way(LOCKED, |way| runtime.block_on(world.lock(way, &mut locked)), version);
    eprintln!("{locked:?}");
}

#[test]
fn a_snapshot_is_the_schema_that_it_was_made_of() {
    each_way(
        500,
        |way| {
            let json = serde_json::to_string(&way.then.schema).unwrap();
            let read: Schema = serde_json::from_str(&json).map_err(|error| error.to_string())?;
            if read == way.then.schema {
                Ok(())
            } else {
                Err(format!("{read:#?}\nis not\n{:#?}", way.then.schema))
            }
        },
        18,
    );
}
