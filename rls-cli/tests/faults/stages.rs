//! Databases and projects in front of a change, and what is there on the way, made without any fault and,
//! where that is possible, without the command that is tried.

use crate::declared::{FIRST, ROWS, online, second, third};
use crate::state::{State, value};
use crate::support::{NEON, Project, Run, allowing_everything};
use crate::trial::{Trial, at, copy};

/// The first declaration is applied in the empty database at that URL, with rows, and the third is to be.
pub fn to_apply(project: &Project, empty: String) -> Trial<'_> {
    applied(project, &empty, FIRST);
    project.write("src/schema.rs", third());
    let other = copy(&empty);
    done(project, &other, &allowing(&["apply"]));
    let states = vec![State::of(&empty), State::of(&other)];
    assert_ne!(states[0], states[1]);
    Trial::new(project, &allowing(&["apply"]), empty, states)
}

/// One declaration is applied, and another is to be, in part behind the transaction: there the plan's
/// statements are run one by one.
pub fn to_apply_online(project: &Project, empty: String) -> Trial<'_> {
    let [old, new] = online();
    applied(project, &empty, &old);
    project.write("src/schema.rs", new);
    let other = copy(&empty);
    let plan = done(project, &other, &["diff", "--online", "--json"]).json();
    let steps: Vec<_> = plan["steps"].as_array().unwrap().iter().collect();
    let behind = |step: &&&serde_json::Value| step["outside_transaction"] == true;
    let statements = |step: &serde_json::Value| -> Vec<String> {
        let texts = step["statements"].as_array().unwrap().iter();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut states = vec![State::of(&empty)];
    let within = steps.iter().filter(|step| !behind(step)).flat_map(|step| statements(step));
    value(&other, &format!("BEGIN; {}; COMMIT", within.collect::<Vec<_>>().join("; ")));
    states.push(State::of(&other));
    for statement in steps.iter().filter(behind).flat_map(|step| statements(step)) {
        value(&other, &statement);
        states.push(State::of(&other));
    }
    states.dedup();
    Trial::new(project, &allowing(&["apply", "--online"]), empty, states)
}

/// Three migrations are written, and the database at that URL has seen none of them.
pub fn to_migrate(project: &Project, empty: String) -> Trial<'_> {
    done(project, &empty, &["diff", "--install-stand-in"]);
    let other = copy(&empty);
    let none = State::of(&other);
    // The first transaction makes the history.
    let mut states = vec![none.clone(), State { history: Vec::new(), ..none }];
    for (name, declared) in [("one", FIRST.to_owned()), ("two", second()), ("three", third())] {
        generated(project, name, &declared);
        done(project, &other, &allowing(&["migrate"]));
        states.push(State::of(&other));
    }
    assert_eq!(states.last().unwrap().history.len(), 3);
    Trial::new(project, &allowing(&["migrate"]), empty, states)
}

/// One migration is applied, and two are to be, of which the first has no transaction: its statements are
/// run one by one.
pub fn to_migrate_singly(project: &Project, empty: String) -> Trial<'_> {
    const STATEMENTS: [&str; 5] = [
        "DROP INDEX CONCURRENTLY IF EXISTS todos_task_idx",
        "CREATE INDEX CONCURRENTLY todos_task_idx ON todos (task)",
        "ALTER TABLE todos ALTER COLUMN task DROP NOT NULL",
        "UPDATE todos SET task = NULL WHERE id % 5 = 0",
        "DROP INDEX CONCURRENTLY IF EXISTS notes_text_idx",
    ];
    done(project, &empty, &["diff", "--install-stand-in"]);
    generated(project, "one", FIRST);
    done(project, &empty, &allowing(&["migrate"]));
    value(&empty, ROWS);
    let changed = FIRST
        .replace("pub task: String", "#[rls(index)]\n    pub task: Option<String>")
        .replace("#[rls(index)]\n    pub text", "pub text");
    generated(project, "two", &changed);
    let files = project.list("migrations");
    let file = files.iter().find(|file| file.ends_with("_two.up.sql")).unwrap();
    let text = format!("-- no-transaction\n{};\n", STATEMENTS.join(";\n"));
    project.write(&format!("migrations/{file}"), text);
    generated(project, "three", &changed.replace("modify = auth_uid(user_id)", "modify = false"));

    let other = copy(&empty);
    let two = file.strip_suffix(".up.sql").unwrap();
    let first = State::of(&empty);
    let with = |state: State, entry: String| State {
        history: [first.history.clone(), vec![entry]].concat(),
        ..state
    };
    let mut states = vec![first.clone(), with(first.clone(), format!("begun:{two}"))];
    for statement in STATEMENTS {
        value(&other, statement);
        states.push(with(State::of(&other), format!("begun:{two}")));
    }
    states.push(with(State::of(&other), two.to_owned()));
    states.dedup();
    let other = copy(&empty);
    done(project, &other, &allowing(&["migrate"]));
    states.push(State::of(&other));
    Trial::new(project, &allowing(&["migrate"]), empty, states)
}

/// Three migrations are applied, with rows, and the last is to be undone.
pub fn to_undo(project: &Project, empty: String) -> Trial<'_> {
    done(project, &empty, &["diff", "--install-stand-in"]);
    for (name, declared) in [("one", FIRST.to_owned()), ("two", second()), ("three", third())] {
        generated(project, name, &declared);
    }
    done(project, &empty, &allowing(&["migrate"]));
    value(&empty, ROWS);
    // What is declared once it is undone.
    project.write("src/schema.rs", second());
    let other = copy(&empty);
    done(project, &other, &allowing(&["undo"]));
    let states = vec![State::of(&empty), State::of(&other)];
    let [before, behind] = [&states[0].history, &states[1].history];
    assert_eq!(behind[..2], before[..2]);
    assert_eq!(behind[2..], [format!("undone:{}", before[2])]);
    let mut trial = Trial::new(project, &allowing(&["undo"]), empty, states);
    trial.again = false;
    trial
}

/// A project with the first declaration.
pub fn project() -> Project {
    Project::new(NEON, FIRST)
}

/// With that declaration in the empty database at that URL, and rows in it.
#[track_caller]
fn applied(project: &Project, empty: &str, declared: &str) {
    project.write("src/schema.rs", declared);
    done(project, empty, &["apply", "--install-stand-in"]);
    value(empty, ROWS);
}

#[track_caller]
fn generated(project: &Project, name: &str, declared: &str) {
    project.write("src/schema.rs", declared);
    Run::of(project.command(&allowing(&["generate", name]))).exits(0);
}

fn allowing<'a>(args: &[&'a str]) -> Vec<&'a str> {
    args.iter().copied().chain(allowing_everything()).collect()
}

#[track_caller]
fn done(project: &Project, url: &str, args: &[&str]) -> Run {
    let run = Run::of(at(url, project.command(args)));
    assert!(matches!(run.code, 0 | 2), "{args:?}: {run}");
    run
}
