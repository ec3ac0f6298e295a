//! `replay`: whether the migrations lead to what the snapshot says.

use serde_json::json;

use crate::file;
use crate::support::{NEON, Project, TODOS};

fn project() -> Project {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    project.write("src/schema.rs", crate::support::ranked());
    project.run(&["generate", "second"]).exits(0);
    project
}

#[test]
fn migrations_lead_there_and_back_and_there_again() {
    let project = project();
    let (text, json) = project.both(&["replay", "--undo"]);
    text.exits(0).says("2 migrations led to what the snapshot says").says("forwards, back");
    assert_eq!((&json["difference"], &json["steps"]), (&json!(false), &json!([])));
    // Nothing of it is left in the project.
    assert_eq!(project.list("target"), [""; 0]);
}

#[test]
fn one_that_leads_elsewhere_is_told() {
    let project = project();
    let up = format!("migrations/{}", file(&project, "second.up.sql"));
    let text = project.read(&up);
    project.write(&up, text.replace("DEFAULT 0", "DEFAULT 1"));
    let (text, json) = project.both(&["replay"]);
    text.exits(2).says("SET DEFAULT 0").says("do not lead to what the snapshot says");
    assert_eq!(json["difference"], json!(true));
    project.write(&up, "ALTER TABLE nowhere ADD COLUMN a int;");
    project.both(&["replay"]).0.exits(1).says("_second failed").says("nowhere");
}

#[test]
fn a_way_back_that_leaves_something_is_told() {
    let project = project();
    let down = format!("migrations/{}", file(&project, "first.down.sql"));
    let text = project.read(&down);
    assert!(text.contains("DROP TABLE public.todos"), "{text}");
    project.write(&down, "ALTER TABLE public.todos DROP COLUMN task;\n");
    project.run(&["replay"]).exits(0);
    project.both(&["replay", "--undo"]).0.exits(2).says("CREATE TABLE public.todos").says("leaves");
}

#[test]
fn an_example_goes_there_and_back() {
    let project = Project::new(
        "provider = \"neon\"\nroles = [\"Front Desk\"]\n",
        include_str!("../../../examples/todos/src/lib.rs"),
    );
    project.run(&["generate", "all"]).exits(0);
    project.run(&["replay", "--undo"]).exits(0);
}
