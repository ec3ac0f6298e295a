//! Things that are called otherwise than before, from the command line.

use serde_json::json;

use crate::support::{Live, NEON, TODOS};
use crate::{AS_NOBODY, AS_USER_1, tasks};

/// The todos as tasks, one column and one value of text by another name.
fn renamed() -> String {
    TODOS
        .replace("table = \"todos\"", "table = \"chores\", was = \"todos\"")
        .replace("    pub task: String", "    #[rls(was = \"task\")]\n    pub title: String")
        .replace("pub user_id: String", "pub owner: String")
        .replace(
            "#[rls(default = auth_uid(), index)]",
            "#[rls(default = auth_uid(), index, was = \"user_id\")]",
        )
        .replace("auth_uid(user_id)", "auth_uid(owner)")
}

const RENAMES: &str = "ALTER TABLE public.todos RENAME TO chores;
ALTER TABLE public.chores RENAME COLUMN user_id TO owner;
ALTER TABLE public.chores RENAME COLUMN task TO title;
";

const ADD: &str = "insert into todos (task) values ('write')";

#[track_caller]
fn nothing_is_lost(live: &Live) {
    live.assert_in_sync();
    assert_eq!(live.value("select string_agg(title, ',') from chores"), "write");
    let read = "select title as task from chores";
    live.run(&[&AS_USER_1[..], &[read]].concat()).exits(0).says("write");
    live.run(&[&AS_NOBODY[..], &[read]].concat()).exits(1).says("permission denied");
}

#[test]
fn apply_keeps_the_rows() {
    let live = Live::todos();
    live.run(&[&AS_USER_1[..], &["--commit", ADD]].concat()).exits(0);
    assert_eq!(tasks(&live, &AS_USER_1), ["write"]);
    live.declare(&renamed());
    let (text, diff) = live.both(&["diff"]);
    text.exits(2).says("RENAME COLUMN").never_says("not declared");
    assert_eq!(diff["steps"].as_array().unwrap().len(), 3, "{diff}");
    assert_eq!(diff["steps"][0]["hazards"], json!([]));

    let drift = live.run(&["drift", "--json"]).exits(2).json();
    let found: Vec<_> =
        drift["findings"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
    assert_eq!(found, ["table-renamed", "column-renamed", "column-renamed"]);
    assert_eq!(drift["findings"][0]["line"], json!(5), "{drift}");
    live.run(&["drift"]).exits(2).says("the table public.todos is to be called chores");

    live.run(&["apply"]).exits(0);
    nothing_is_lost(&live);
}

#[test]
fn a_migration_keeps_the_rows() {
    let live = Live::new(NEON, TODOS);
    live.run(&["generate"]).exits(0);
    live.run(&["migrate", "--install-stand-in"]).exits(0);
    live.run(&[&AS_USER_1[..], &["--commit", ADD]].concat()).exits(0);
    live.declare(&renamed());
    live.run(&["generate", "chores"]).exits(0);
    let files = live.project.list("migrations");
    let file = files.iter().find(|name| name.ends_with("_chores.up.sql")).unwrap();
    assert_eq!(live.project.read(&format!("migrations/{file}")), RENAMES);
    assert!(!live.project.read("migrations/schema.snapshot.json").contains("renames"));
    live.run(&["generate", "--check"]).exits(0);
    live.run(&["migrate"]).exits(0);
    nothing_is_lost(&live);
    live.run(&["undo"]).exits(0);
    assert_eq!(tasks(&live, &AS_USER_1), ["write"]);
    live.run(&["migrate"]).exits(0);
    nothing_is_lost(&live);
}

#[test]
fn what_cannot_have_been_is_told_at_its_token() {
    let live = Live::new(
        NEON,
        &TODOS.replace("    pub task", "    #[rls(was = \"is_complete\")]\n    pub task"),
    );
    let refused = live.both(&["check"]).0.exits(1);
    refused.says("`is_complete` is declared still").says("src/schema.rs:13:17");
    let config = format!("{NEON}roles = [{{ name = \"editor\", was = \"editor\" }}]\n");
    live.project.write("rls.toml", config);
    live.run(&["check"]).exits(1).says("of the roles, `editor` is the name that it has now");
    let config =
        format!("{NEON}roles = [{{ name = \"editor\", exists = true, was = \"writer\" }}]\n");
    live.project.write("rls.toml", config);
    live.run(&["check"]).exits(1).says("whoever made it gives it another name");
}
