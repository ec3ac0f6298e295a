//! `diff` and `apply`: what they say, what they ask leave for, and what they leave behind.

use serde_json::json;

use crate::objects;
use crate::support::{Live, NEON, TODOS, messages, several_connections};

#[test]
fn a_diff_is_empty_after_apply_and_a_second_apply_does_nothing() {
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let (text, json) = live.both(&["diff"]);
    let text = text.exits(2).says("CREATE TABLE public.todos");
    assert_eq!(json["difference"], json!(true));

    let applied = live.run(&["apply", "--json"]).exits(0).json();
    assert_eq!(applied["steps"], json["steps"]);
    assert_eq!(applied["applied"], json!(json["steps"].as_array().unwrap().len()));
    for step in json["steps"].as_array().unwrap() {
        for statement in step["statements"].as_array().unwrap() {
            assert!(text.out.contains(statement.as_str().unwrap()), "{statement}: {text}");
        }
    }

    let (text, json) = live.both(&["diff"]);
    text.exits(0).says("No difference");
    assert_eq!((&json["difference"], &json["steps"]), (&json!(false), &json!([])));
    let (text, json) = live.both(&["apply"]);
    text.exits(0).says("Nothing to do");
    assert_eq!((&json["applied"], &json["steps"]), (&json!(0), &json!([])));
}

#[test]
fn a_plan_is_told_before_the_stand_in_is_there() {
    let Some(_server) = several_connections() else { return };
    let live = Live::new(NEON, TODOS);
    let before = objects(&live);
    live.both(&["diff"]).0.exits(2).says("CREATE TABLE public.todos");
    assert_eq!(objects(&live), before);
}

#[test]
fn a_statement_that_fails_leaves_nothing_behind() {
    let live = Live::new(NEON, &TODOS.replace("pub task: String", "pub task: Option<String>"));
    live.apply(&[]).exits(0);
    live.sql("insert into todos (user_id) values ('user_1')");
    let before = objects(&live);
    live.declare(&format!("{TODOS}#[derive(Table)]\npub struct Added {{ pub id: i64 }}\n"));
    live.both(&["apply"]).0.exits(1).says("contains null values").says("task");
    assert_eq!(objects(&live), before);
    live.both(&["diff"]).0.exits(2).says("CREATE TABLE public.added");
}

#[test]
fn hazards_need_leave_by_name() {
    let live = Live::todos();
    live.sql("alter table todos add extra int; create policy backdoor on todos for select to anonymous using (true); drop policy \"crud-authenticated-policy-select\" on todos");
    let refused = |args: &[&str], kinds: &[&str]| {
        let (text, json) = live.both(args);
        text.exits(1).says("to go ahead, add");
        let message = messages(&json)[0];
        for kind in ["loses-data", "widens-access", "drops-undeclared"] {
            assert_eq!(message.contains(kind), kinds.contains(&kind), "{kind}: {message}");
        }
    };
    let before = objects(&live);
    refused(&["apply"], &["loses-data", "widens-access", "drops-undeclared"]);
    refused(&["apply", "--allow", "loses-data"], &["widens-access", "drops-undeclared"]);
    refused(&["apply", "--allow", "loses-data", "--allow", "drops-undeclared"], &["widens-access"]);
    live.run(&["apply"])
        .says("public.todos.extra")
        .says("\"backdoor\"")
        .says("crud-authenticated-policy-select");
    assert_eq!(objects(&live), before);
    live.run(&["diff"]).exits(2).says("-- loses-data:");
    live.run(&[
        "apply",
        "--allow",
        "loses-data",
        "--allow",
        "drops-undeclared",
        "--allow",
        "widens-access",
    ])
    .exits(0);
    live.assert_in_sync();
}

#[test]
fn what_the_server_says_is_told_once() {
    let live = Live::new(
        NEON,
        "#[derive(Table)]\npub struct A {\n    #[rls(sql_type = \"public.mood\")]\n    pub mood: String,\n}\n",
    );
    let run = live.apply(&[]).exits(1).says("42704").never_says("db error");
    assert_eq!(run.err.matches("does not exist").count(), 1, "{run}");
}

#[test]
fn a_role_that_is_missing_is_a_difference_too() {
    let Some(_server) = several_connections() else { return };
    let live = Live::todos();
    live.project.write("rls.toml", format!("{NEON}roles = [\"never_created\"]\n"));
    live.both(&["apply"]).0.exits(1).says("never_created");
    let diff = live.run(&["diff"]).says("never_created");
    assert_ne!(diff.code, 0, "{diff}");
}

#[test]
fn values_survive_a_change_of_type() {
    let live = Live::todos();
    live.sql("insert into todos (user_id, task) values ('user_1', '42')");
    live.declare(&TODOS.replace("task: String", "task: i64"));
    live.both(&["apply"]).0.exits(1).says("public.todos.task").says("--allow loses-data");
    live.run(&["apply", "--allow", "loses-data"]).exits(0);
    live.assert_in_sync();
    assert_eq!(live.value("select task + 1 from todos"), "43");
}

#[test]
fn two_who_apply_at_once_both_succeed() {
    let Some(_server) = several_connections() else { return };
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let applied: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| live.run(&["apply", "--json"]).exits(0).json()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()["applied"].as_u64().unwrap()).collect()
    });
    assert_eq!(applied.iter().filter(|steps| **steps > 0).count(), 1, "{applied:?}");
}

#[test]
fn who_owns_the_database_needs_to_be_no_superuser() {
    let Some(server) = several_connections() else { return };
    let config = "provider = \"postgres\"\nroles = [\"plain_visitor\"]\n";
    let live = Live::new(config, &TODOS.replace("authenticated", "plain_visitor"));
    live.run(&["diff", "--install-stand-in"]).exits(2);
    live.sql("create role plain_owner login");
    let name = live.value("select current_database()");
    live.sql(&format!(
        "alter database {name} owner to plain_owner; grant all on schema public to plain_owner"
    ));
    let url = server.url("plain_owner", &name);
    live.project.run(&["apply", "--database-url", &url]).exits(0);
    live.project.run(&["diff", "--database-url", &url]).exits(0);
    // It may not become the visitor, and says so.
    live.project
        .both(&["query", "--role", "plain_visitor", "select 1", "--database-url", &url])
        .0
        .exits(1)
        .says("plain_visitor");
}
