//! Plans that are kept, where things are called otherwise.

use serde_json::Value;

use crate::support::{Live, TODOS};

/// The todos as chores, with one column by another name.
fn renamed() -> String {
    TODOS
        .replace("table = \"todos\"", "table = \"chores\", was = \"todos\"")
        .replace("    pub task: String", "    #[rls(was = \"task\")]\n    pub title: String")
}

/// A database with a todo, and a plan that calls it a chore.
fn planned(args: &[&str]) -> Live {
    let live = Live::todos();
    live.sql("insert into todos (user_id, task) values ('ann', 'write')");
    live.declare(&renamed());
    live.run(&[&["diff", "--out", "plan.json"], args].concat()).exits(2).says("RENAME TO chores");
    live
}

#[test]
fn a_plan_that_renames_is_kept_and_applied_later() {
    for args in [&[][..], &["--online"]] {
        let live = planned(args);
        // Who looks again finds the same.
        live.run(&[&["diff", "--out", "again.json"], args].concat()).exits(2);
        let plan = live.project.read("plan.json");
        assert_eq!(plan, live.project.read("again.json"));
        let kept: Value = serde_json::from_str(&plan).unwrap();
        assert_eq!(kept["steps"].as_array().unwrap().len(), 2, "{plan}");

        // The file knows what was called otherwise, whatever is declared by then.
        live.declare("");
        live.run(&["apply", "--plan", "plan.json"]).exits(0).says("Applied 2 steps");
        assert_eq!(live.value("select string_agg(title, ',') from chores"), "write");
        live.declare(&renamed());
        live.assert_in_sync();
        live.run(&["apply", "--plan", "plan.json"])
            .exits(1)
            .says("the database has changed since the plan was made");
    }
}

#[test]
fn a_plan_that_somebody_else_has_begun_is_refused() {
    const MOVED: &str = "the database has changed since the plan was made";
    for (meanwhile, to_do) in [
        ("alter table todos rename to chores; alter table chores rename task to title", "nothing"),
        ("alter table todos rename to chores", "RENAME COLUMN task TO title"),
        ("alter table todos rename task to title", "RENAME TO chores"),
        ("alter table todos alter task drop not null", "SET NOT NULL"),
        ("alter table todos rename to errands", "CREATE TABLE public.chores"),
    ] {
        let live = planned(&[]);
        live.sql(meanwhile);
        let refused = live.both(&["apply", "--plan", "plan.json"]).0;
        refused.exits(1).says(MOVED).says(to_do).never_says("in another way");
        // A plan that is made anew goes on from there.
        if !to_do.starts_with("CREATE") {
            live.run(&["diff", "--out", "plan.json"]);
            live.run(&["apply", "--plan", "plan.json", "--allow", "blocks-reads"]).exits(0);
            live.assert_in_sync();
            assert_eq!(live.value("select string_agg(title, ',') from chores"), "write");
        }
    }
}
