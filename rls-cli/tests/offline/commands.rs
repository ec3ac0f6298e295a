//! `init`, `sql` and the command line itself.

use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use crate::support::{NEON, Project, TODOS, messages};
use crate::{table, tables};

#[test]
fn init_writes_what_check_reads() {
    for provider in ["neon", "supabase", "postgres"] {
        let project = Project::empty();
        project.write("src/schema.rs", TODOS);
        project
            .run(&["init", "--provider", provider])
            .exits(0)
            .says("rls.toml")
            .says("cargo rls check");
        assert_eq!(tables(&project), 1);
    }
}

#[test]
fn init_makes_the_folder_and_says_what_it_wrote() {
    let project = Project::empty();
    let json = project.run(&["init", "--project", "new", "--json"]).exits(0).json();
    assert_eq!(json, json!({ "written": ["new/rls.toml"] }));
    assert!(project.read("new/rls.toml").contains(r#"provider = "neon""#));
}

#[test]
fn init_never_overwrites() {
    let project = Project::empty();
    project.write("rls.toml", "mine");
    project.both(&["init"]).0.exits(1).says("rls.toml is there already");
    assert_eq!(project.read("rls.toml"), "mine");
}

#[test]
fn a_mistake_on_the_command_line_is_an_error_and_no_difference() {
    let project = Project::new(NEON, TODOS);
    let wrong: [&[&str]; 6] = [
        &["check", "--nonsense"],
        &["nonsense"],
        &["init", "--provider", "oracle"],
        &["query", "select 1"],
        &["apply", "--allow", "everything"],
        &[],
    ];
    for args in wrong {
        project.run(args).exits(1);
    }
    project.run(&["--help"]).exits(0).says("Exit codes");
    project.run(&["--version"]).exits(0);
}

#[test]
fn a_mistake_on_the_command_line_is_json_too() {
    let project = Project::new(NEON, TODOS);
    let run = project.run(&["generate", "--nonsense", "--json"]).exits(1);
    assert!(messages(&run.json())[0].contains("--nonsense"), "{run}");
}

#[test]
fn cargo_passes_its_own_name_on() {
    let project = Project::new(NEON, TODOS);
    project.run(&["rls", "check"]).exits(0).says("1 table with 4 policies");
}

#[test]
fn every_command_takes_a_folder() {
    let (project, elsewhere) = (Project::new(NEON, TODOS), Project::empty());
    let root = project.root().to_str().unwrap();
    for command in ["check", "sql", "generate"] {
        elsewhere.run(&[command]).exits(1);
        elsewhere.run(&[command, "--project", root]).exits(0);
        elsewhere.run(&["--project", root, command, "--json"]).exits(0).json();
    }
    assert_eq!(project.list("migrations").len(), 3);
    assert_eq!(elsewhere.list("."), [""; 0]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    // More than a pipe holds, so that the writer notices.
    let schema: String = (0..400).map(|n| table(&format!("Table{n}"))).collect();
    let project = Project::new(NEON, &schema);
    for args in [&["sql"][..], &["sql", "--json"]] {
        let mut child =
            project.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn sql_says_the_same_as_text_and_as_json() {
    let (text, json) = Project::new(NEON, TODOS).both(&["sql"]);
    let mut rest = text.out.as_str();
    for statement in json["statements"].as_array().unwrap() {
        let statement = format!("{};", statement.as_str().unwrap());
        let at = rest.find(&statement).unwrap_or_else(|| panic!("no `{statement}` in `{rest}`"));
        assert_eq!(rest[..at].trim(), "");
        rest = &rest[at + statement.len()..];
    }
    assert_eq!(rest.trim(), "");
    let sql = &text.out;
    let enable = sql.find("ALTER TABLE public.todos ENABLE ROW LEVEL SECURITY;").unwrap();
    assert!(enable < sql.find("GRANT SELECT").unwrap(), "{sql}");
}
