//! The commands that speak to a database: `diff`, `apply`, `migrate` and `query`, on a native server
//! where there is one, else on the Postgres inside the process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod applying;
mod connections;
mod migrate;
mod providers;
mod query;
mod renames;
mod round_trips;

use serde_json::Value;

use support::Live;

const AS_USER_1: [&str; 5] = ["query", "--role", "authenticated", "--sub", "user_1"];
const AS_USER_2: [&str; 5] = ["query", "--role", "authenticated", "--sub", "user_2"];
const AS_NOBODY: [&str; 3] = ["query", "--role", "anonymous"];

/// What a query gives as JSON.
#[track_caller]
fn query(live: &Live, visitor: &[&str], sql: &str) -> Value {
    live.run(&[visitor, &[sql, "--json"]].concat()).exits(0).json()
}

#[track_caller]
fn tasks(live: &Live, visitor: &[&str]) -> Vec<String> {
    let rows = query(live, visitor, "select task from todos order by task")["rows"].clone();
    rows.as_array().unwrap().iter().map(|row| row["task"].as_str().unwrap().to_owned()).collect()
}

/// How many relations, policies and schemas a database has: what a failure must not change.
#[track_caller]
fn objects(live: &Live) -> String {
    live.value("select format('%s %s %s', (select count(*) from pg_class), (select count(*) from pg_policy), (select count(*) from pg_namespace))")
}
