//! Online plans that rename as well: what is called otherwise is so within the transaction, and what is built
//! behind it knows the new names, also in the run that goes on where another was killed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::Session;
use crate::support::{Live, NEON, several_connections};

const BEFORE: &str = r#"
use rls_schema::{PgEnum, Table};

#[derive(PgEnum)]
#[rls(name = "state")]
pub enum State { Open, Closed }

#[derive(Table)]
#[rls(table = "todos", crud_policy(role = authenticated, read = state == "open"))]
pub struct Todo {
    #[rls(primary_key)]
    pub id: i64,
    pub task: Option<String>,
    pub state: State,
}
"#;

/// A table, a column of it and a value by other names; on the table an index and a check that says the value,
/// on the column NOT NULL.
fn after() -> String {
    BEFORE
        .replace("Closed", "#[rls(was = \"closed\")] Shut")
        .replace(
            "table = \"todos\",",
            "table = \"chores\", was = \"todos\", check(name = \"in order\", expr = state != \"shut\" || id > 0),",
        )
        .replace(
            "pub task: Option<String>",
            "#[rls(was = \"task\", index)]\n    pub title: String",
        )
}

const ROWS: &str = "insert into todos
    select n, 'task ' || n, (array['open', 'closed'])[1 + n % 2]::state from generate_series(1, 1000) n";

fn filled() -> Live {
    let live = Live::new(NEON, BEFORE);
    live.apply(&[]).exits(0);
    live.sql(ROWS);
    live.declare(&after());
    live
}

#[track_caller]
fn is_done(live: &Live) {
    live.assert_in_sync();
    let rows =
        "select concat_ws(' ', count(title), count(*) filter (where state = 'shut')) from chores";
    assert_eq!(live.value(rows), "1000 500");
    let left =
        "select count(*) from pg_constraint where conname like 'rls_not_null%' or not convalidated";
    assert_eq!(live.value(left), "0");
    assert_eq!(live.value("select count(*) from pg_index where not indisvalid"), "0");
    live.run(&["apply", "--online"]).exits(0).says("Nothing to do");
}

#[test]
fn what_is_built_behind_knows_the_new_names() {
    let live = filled();
    let plan = live.run(&["diff", "--online"]).exits(2);
    let behind = plan.out.find("CREATE INDEX CONCURRENTLY").unwrap();
    for within in
        ["RENAME TO chores", "RENAME COLUMN task TO title", "RENAME VALUE 'closed' TO 'shut'"]
    {
        assert!(plan.out.find(within).is_some_and(|at| at < behind), "{within}: {plan}");
    }
    live.run(&["apply", "--online"]).exits(0);
    is_done(&live);
}

#[test]
fn a_run_goes_on_where_another_stopped_at_a_lock() {
    let Some(_server) = several_connections() else { return };
    let live = filled();
    let impatient = ["apply", "--online", "--lock-timeout", "100ms", "--lock-attempts", "1"];

    // Within the transaction: nothing is done, not even a name.
    let holder = Session::new(&live.url().unwrap());
    holder.sql("begin; select count(*) from todos");
    live.run(&impatient).exits(1).says("lock timeout");
    assert_eq!(live.value("select count(task) from todos where state <> 'closed'"), "500");
    assert_eq!(live.value("select count(*) from pg_constraint where conname = 'in order'"), "0");
    holder.sql("commit");

    // Behind it: whoever runs it is killed while the index is built, for which an old snapshot is waited for.
    holder.sql("begin isolation level repeatable read; select 1 from pg_class");
    let mut killed = live.command(&["apply", "--online"]);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let building = "select coalesce(min(pid), 0) from pg_stat_activity where query like 'CREATE INDEX CONCURRENTLY%'
        and wait_event_type = 'Lock' and datname = current_database()";
    let pid = wait_for(&live, building);
    killed.kill().unwrap();
    killed.wait().unwrap();
    live.value(&format!("select pg_terminate_backend({pid})"));
    holder.sql("commit");
    wait_for(&live, "select count(*) from pg_index where not indisvalid");
    assert_eq!(live.value("select count(title) from chores where state <> 'shut'"), "500");
    live.run(&["diff"]).exits(2).never_says("RENAME").says("CREATE INDEX chores_title_idx");

    live.run(&["apply", "--online"]).exits(0).never_says("RENAME");
    is_done(&live);
}

/// Asks until the answer is no longer 0.
#[track_caller]
fn wait_for(live: &Live, question: &str) -> String {
    let begin = Instant::now();
    loop {
        let answer = live.value(question);
        if answer != "0" {
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{question}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
