//! `generate`: migrations and their snapshot.

use serde_json::json;

use crate::support::{NEON, Project, Run, TODOS, same_twice};
use crate::table;

/// The only migration of a project.
#[track_caller]
fn migration(project: &Project) -> (String, String) {
    let files = project.list("migrations");
    let [down, file, snapshot] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(snapshot, "schema.snapshot.json");
    assert_eq!(down.strip_suffix(".down.sql"), file.strip_suffix(".up.sql"));
    (file.clone(), project.read(&format!("migrations/{file}")))
}

#[test]
fn generate_writes_a_migration_and_a_snapshot_once() {
    let project = Project::new(NEON, TODOS);
    project.both(&["generate", "--check"]).0.exits(2).says("CREATE TABLE public.todos");
    assert_eq!(project.list("migrations"), [""; 0]);

    let run = project.run(&["generate"]).exits(0);
    let (file, text) = migration(&project);
    let run = run.says(&format!("migrations/{file}"));
    assert!(
        file.ends_with("_create_todos.up.sql")
            && file.as_bytes()[..14].iter().all(u8::is_ascii_digit),
        "{file}"
    );
    assert!(
        text.contains("CREATE TABLE public.todos") && run.out.contains("CREATE TABLE public.todos")
    );

    for args in [&["generate"][..], &["generate", "--check"]] {
        let (text, json) = project.both(args);
        text.exits(0).says("Nothing to do");
        assert_eq!(json, json!({ "migration": null, "missing": false, "steps": [] }));
    }
    assert_eq!(migration(&project), (file, text));
}

#[test]
fn generate_says_the_same_in_json() {
    let (one, other) = (Project::new(NEON, TODOS), Project::new(NEON, TODOS));
    let text = one.run(&["generate", "first"]).exits(0);
    let json = other.run(&["generate", "first", "--json"]).exits(0).json();
    let file = format!("migrations/{}", migration(&other).0);
    assert_eq!(
        (json["migration"].as_str(), json["missing"].as_bool()),
        (Some(file.as_str()), Some(false))
    );
    for step in json["steps"].as_array().unwrap() {
        for statement in step["statements"].as_array().unwrap() {
            assert!(text.out.contains(statement.as_str().unwrap()), "{statement}");
        }
    }
    assert_eq!(migration(&one).1, migration(&other).1);
}

#[test]
fn generate_needs_no_database() {
    let project = Project::new("provider = \"neon\"\ndatabase-url-env = \"NOT_SET\"\n", TODOS);
    let mut command = project.command(&["generate"]);
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    Run::of(command).exits(0);
}

#[test]
fn each_migration_comes_after_the_last_even_in_one_second() {
    let project = Project::new(NEON, TODOS);
    for at in 0..4 {
        project.write("src/schema.rs", TODOS.replace("is_complete", &format!("is_complete_{at}")));
        project.both(&["generate", "--check"]).0.exits(2);
        project.run(&["generate", &format!("step_{at}"), "--allow", "loses-data"]).exits(0);
        project.both(&["generate", "--check"]).0.exits(0);
    }
    let steps: Vec<_> = project
        .list("migrations")
        .iter()
        .filter_map(|file| file.split_once('_')?.1.strip_suffix(".up.sql").map(str::to_owned))
        .collect();
    assert_eq!(steps, ["step_0", "step_1", "step_2", "step_3"]);
}

#[test]
fn generate_loses_data_only_with_leave() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate"]).exits(0);
    let before = project.list("migrations");
    project.write("src/schema.rs", TODOS.replace("    pub task: String,\n", ""));
    project.both(&["generate"]).0.exits(1).says("public.todos.task").says("--allow loses-data");
    project.both(&["generate", "--check"]).0.exits(2).says("DROP COLUMN task");
    assert_eq!(project.list("migrations"), before);
    project.run(&["generate", "--allow", "loses-data"]).exits(0);
    let files = project.list("migrations");
    let file = files.iter().rfind(|file| file.ends_with(".up.sql")).unwrap();
    let text = project.read(&format!("migrations/{file}"));
    assert!(text.starts_with("-- loses-data: ") && text.contains("DROP COLUMN task"), "{text}");
    // The way back loses nothing more.
    let text = project.read(&format!("migrations/{}", file.replace(".up.", ".down.")));
    assert!(!text.contains("-- loses-data: ") && text.contains("ADD COLUMN task"), "{text}");
}

#[test]
fn a_vanished_table_is_dropped_only_with_leave() {
    let project = Project::new(NEON, &format!("{TODOS}{}", table("Extra")));
    project.run(&["generate"]).exits(0);
    project.write("src/schema.rs", TODOS);
    project.both(&["generate"]).0.exits(1).says("public.extra");
    project.run(&["generate", "--allow", "loses-data"]).exits(0).says("DROP TABLE public.extra");
}

#[test]
fn a_migration_can_be_named_as_a_file_can() {
    let project = Project::new(NEON, TODOS);
    for name in ["../up", "Über", "a b", "", "a.sql", &"x".repeat(101)] {
        project.both(&["generate", "--", name]).0.exits(1).says("cannot be part of a file's name");
    }
    assert_eq!(project.list("migrations"), [""; 0]);
    project.write("rls.toml", "provider = \"neon\"\nmigrations = \"db/steps\"\n");
    project.run(&["generate", "add_todos"]).exits(0);
    assert!(project.list("db/steps")[1].ends_with("_add_todos.up.sql"));
}

#[test]
fn a_damaged_folder_of_migrations_is_an_error() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    let (file, text) = migration(&project);
    let snapshot = project.read("migrations/schema.snapshot.json");

    project.write("migrations/notes.sql", "");
    project.write("migrations/2026_short.up.sql", "");
    project.both(&["generate"]).0.exits(1).says("notes.sql").says("2026_short.up.sql");
    let remove = |path: &str| std::fs::remove_file(project.root().join(path)).unwrap();
    remove("migrations/notes.sql");
    remove("migrations/2026_short.up.sql");

    for damaged in ["", "<<<<<<< HEAD\n", &snapshot.replace("\"format\": 2", "\"format\": 99")] {
        project.write("migrations/schema.snapshot.json", damaged);
        project.both(&["generate"]).0.exits(1).says("schema.snapshot.json");
    }
    project.write("migrations/schema.snapshot.json", &snapshot);
    remove(&format!("migrations/{file}"));
    project.both(&["generate", "--check"]).0.exits(1).says(&file);
    project.write(&format!("migrations/{file}"), text);
    project.both(&["generate", "--check"]).0.exits(0);
}

#[test]
fn a_lost_snapshot_is_no_fresh_start() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    std::fs::remove_file(project.root().join("migrations/schema.snapshot.json")).unwrap();
    project.both(&["generate"]).0.exits(1).says("schema.snapshot.json");
    project.both(&["generate", "--check"]).0.exits(1);
    assert_eq!(project.list("migrations").len(), 2);
}

#[test]
fn migrate_without_migrations_is_an_error() {
    let project = Project::new(NEON, TODOS);
    project
        .both(&["migrate"])
        .0
        .exits(1)
        .says("there are no migrations")
        .says("cargo rls generate");
}

#[test]
fn a_folder_that_cannot_be_written_leaves_nothing_behind() {
    let project = Project::new("provider = \"neon\"\nmigrations = \"taken\"\n", TODOS);
    project.write("taken", "a file");
    let text = project.run(&["generate"]);
    let json = project.run(&["generate", "--json"]);
    same_twice(text, json).0.exits(1).says("taken");
    assert_eq!(project.read("taken"), "a file");
}
