//! A list of databases of which each has its own trouble.

use std::time::Duration;

use serde_json::json;

use crate::Session;
use crate::support::{Live, NEON, TODOS, several_connections};

/// What a run holds as long as it changes a database.
const RUN: i64 = 0x0072_6c73_0073_6368;

#[test]
fn each_database_comes_to_its_own_end_and_a_second_run_does_what_is_left() {
    let Some(server) = several_connections() else { return };
    let live = Live::new(NEON, TODOS);
    let urls: Vec<_> = (0..5).map(|_| server.new_database()).collect();
    let [drifted, locked, busy, one, other] = &urls[..] else { panic!() };
    let many = |args: &[&str]| {
        live.run(&[args, &["--databases", "databases.txt", "--jobs", "3"]].concat())
    };
    live.project.write("databases.txt", urls.join("\n"));
    many(&["apply", "--install-stand-in"]).exits(0).says("5 databases: 5 changed");

    live.declare(
        &TODOS.replace("is_complete: bool,", "is_complete: bool,\n    pub note: Option<String>,"),
    );
    server.value(drifted, "create policy by_hand on todos for select to anonymous using (true)");
    let holder = Session::new(locked);
    holder.sql("begin; select count(*) from todos");
    let another = Session::new(busy);
    another.sql(&format!("select pg_advisory_lock({RUN})"));
    let gone = server.url("postgres", "nowhere");
    live.project.write("databases.txt", format!("{gone}\n{}", urls.join("\n")));

    let apply = ["apply", "--lock-timeout", "100ms", "--lock-attempts", "2"];
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| many(&apply));
        // Whoever else was at it is done a second later.
        std::thread::sleep(Duration::from_secs(1));
        another.sql("select pg_advisory_unlock_all()");
        run.join().unwrap()
    });
    let run = run
        .exits(1)
        .says("6 databases: 3 changed, 0 with nothing to do, 3 failed")
        .says("[6/6]")
        .says("run the same again: what is done has nothing left to do");
    // A line for each, and what more there is to say of it behind them.
    run.err.lines().for_each(|line| assert!(!line.starts_with("to go ahead"), "{run}"));
    assert!(run.out.contains("to go ahead, add --allow drops-undeclared"), "{run}");
    let name = |url: &str| url.rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned();
    let line = |name: &str, says: &str| {
        let lines = run.err.lines().filter(|line| line.starts_with('[') && line.contains(name));
        let lines: Vec<_> = lines.collect();
        assert!(lines.len() == 1 && lines[0].contains(says), "{name}: {lines:?}\n{run}");
    };
    line("nowhere", "error: ");
    line(&name(drifted), "drops-undeclared: the policy \"by_hand\" on public.todos");
    line(&name(locked), "lock timeout");
    for url in [busy, one, other] {
        line(&name(url), "applied 1");
    }
    let has_note =
        "select count(*) from pg_attribute where attrelid = 'todos'::regclass and attname = 'note'";
    let has_note = |url: &str| server.value(url, has_note);
    assert_eq!(urls.iter().map(|url| has_note(url)).collect::<Vec<_>>(), ["0", "0", "1", "1", "1"]);

    // What was in the way is gone, or agreed to.
    holder.sql("commit");
    live.project.write("databases.txt", urls.join("\n"));
    let again = many(&["apply", "--json", "--allow", "drops-undeclared"]).exits(0).json();
    assert_eq!(
        [&again["changed"], &again["unchanged"], &again["failed"]],
        [&json!(2), &json!(3), &json!(0)],
        "{again:#}"
    );
    many(&["drift"]).exits(0).says("5 databases: 0 different, 5 with nothing to do, 0 failed");
}
