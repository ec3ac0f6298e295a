//! Databases and projects in front of a change: one with a declaration applied and the next declared,
//! and one without anything and three migrations to come.

use crate::declared::{CONFIG, FIRST, ROWS, second, third};
use crate::state::{held, history, value};
use crate::support::{Project, Run, allowing_everything};
use crate::trial::{State, Trial, at, copy};

/// The first declaration is applied in the empty database at that URL, with rows, and the third is to be.
pub fn to_apply(project: &Project, empty: String) -> Trial<'_> {
    let allowing = allowing_everything();
    let args: Vec<_> = ["apply"].into_iter().chain(allowing).collect();
    done(project, &empty, &["apply", "--install-stand-in"]);
    value(&empty, ROWS);
    let old = (held(&empty), Vec::new());
    project.write("src/schema.rs", third());
    let other = copy(&empty);
    done(project, &other, &args);
    let new = (held(&other), Vec::new());
    assert_ne!(old, new);
    Trial { project, args, template: empty, states: vec![old, new] }
}

/// Three migrations are written, and the database at that URL has seen none of them.
pub fn to_migrate(project: &Project, empty: String) -> Trial<'_> {
    done(project, &empty, &["diff", "--install-stand-in"]);
    let other = copy(&empty);
    let migrate: Vec<_> = ["migrate"].into_iter().chain(allowing_everything()).collect();
    // The first transaction makes the history.
    let mut states = vec![state(&other), state(&other)];
    for (name, declared) in [("one", FIRST.to_owned()), ("two", second()), ("three", third())] {
        project.write("src/schema.rs", declared);
        let args: Vec<_> = ["generate", name].into_iter().chain(allowing_everything()).collect();
        done(project, &empty, &args);
        done(project, &other, &migrate);
        states.push(state(&other));
    }
    assert_eq!(states.last().unwrap().1.len(), 3);
    Trial { project, args: migrate, template: empty, states }
}

fn state(url: &str) -> State {
    (held(url), history(url))
}

#[track_caller]
fn done(project: &Project, url: &str, args: &[&str]) {
    let run = Run::of(at(url, project.command(args)));
    assert!(matches!(run.code, 0 | 2), "{args:?}: {run}");
}

/// A project with the first declaration.
pub fn project() -> Project {
    Project::new(CONFIG, FIRST)
}
