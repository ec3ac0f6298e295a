//! Migrations outside a transaction, and runs that are killed in the middle of one.

use std::time::{Duration, Instant};

use crate::by_hand;
use crate::support::{Live, NEON, TODOS, several_connections};

#[test]
fn a_killed_run_is_begun_again_from_its_start() {
    if several_connections().is_none() {
        return;
    }
    let live = Live::new(NEON, TODOS);
    let slow = "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i;\nCREATE INDEX CONCURRENTLY i ON t (n);\n\
                SELECT pg_sleep((SELECT n FROM t));\n";
    by_hand(
        &live,
        &[
            (
                "20260101000000_table.up.sql",
                "CREATE TABLE t (n int);\nINSERT INTO t VALUES (60);\n",
            ),
            ("20260102000000_slow.up.sql", slow),
            ("20260103000000_after.up.sql", "CREATE TABLE after ();\n"),
        ],
    );
    let mut run = live.command(&["migrate"]).spawn().unwrap();
    let sleeping = "select count(*) from pg_stat_activity where query like 'SELECT pg_sleep((%'";
    let begun = Instant::now();
    while live.value(sleeping) == "0" {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never slept");
        std::thread::sleep(Duration::from_millis(50));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    // The server notices in its own time that nobody listens.
    live.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'SELECT pg_sleep((%'");
    let state = "select string_agg(name || coalesce(' ' || (duration_ms >= 0), ' begun'), ',' order by version) from rls.migrations";
    assert_eq!(live.value(state), "table true,slow begun");
    live.both(&["status"]).0.exits(2).says("begun   20260102000000_slow");
    live.sql("update t set n = 0");
    live.run(&["migrate"]).exits(0).says("_slow").says("_after");
    assert_eq!(live.value(state), "table true,slow true,after true");
    live.run(&["status"]).exits(0);
}

#[test]
fn what_another_text_has_built_is_not_taken_for_what_this_one_builds() {
    let live = Live::new(NEON, TODOS);
    let build = |column: &str, rest: &str| {
        let text =
            format!("-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t ({column});\n{rest}");
        by_hand(&live, &[("20260102000000_index.up.sql", &text)]);
    };
    by_hand(&live, &[("20260101000000_table.up.sql", "CREATE TABLE t (a int, b int);\n")]);
    build("a", "SELECT 1 / 0;\n");
    live.run(&["migrate"]).exits(1).says("division by zero");
    live.run(&["migrate"]).exits(1).says("division by zero");
    build("b", "");
    live.run(&["migrate"]).exits(1).says("already exists");
    live.sql("drop index i");
    live.run(&["migrate"]).exits(0).says("_index");
    assert_eq!(live.value("select pg_get_indexdef('i'::regclass, 1, false)"), "b");
}

#[test]
fn what_a_lock_keeps_waiting_is_tried_again() {
    let Some(server) = several_connections() else { return };
    let live = Live::new(NEON, TODOS);
    by_hand(&live, &[("20260101000000_table.up.sql", "CREATE TABLE t (n int);\n")]);
    live.run(&["migrate"]).exits(0);
    by_hand(&live, &[("20260102000000_alter.up.sql", "ALTER TABLE t ADD m int;\n")]);
    let url = live.command(&[]).get_envs().find_map(|(name, value)| {
        (name == "DATABASE_URL").then(|| value.unwrap().to_string_lossy().into_owned())
    });
    // A lock that is longer held than one attempt waits: five seconds.
    let holder = std::thread::spawn({
        let url = url.unwrap();
        move || server.value(&url, "begin; lock table t; select pg_sleep(6); commit")
    });
    while live.value("select count(*) from pg_locks where relation = 't'::regclass and mode = 'AccessExclusiveLock'") == "0" {
        std::thread::sleep(Duration::from_millis(20));
    }
    live.run(&["migrate"]).exits(0).says("_alter");
    holder.join().unwrap();
}
