//! The migrations folder: hazards, ways back, where a database stands, taking one over, replaying, and
//! mending what a merge has left.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod baseline;
mod hazards;
mod killed;
mod layouts;
mod merge;
mod online;
mod outside;
mod replay;
mod status;
mod undo;

use support::{Live, NEON, Project, TODOS, ranked};

/// The todos without what they are about.
fn without_task() -> String {
    TODOS.replace("    pub task: String,\n", "")
}

/// A project of two steps, none of them applied: the todos, and a rank.
fn two_steps(config: &str) -> Live {
    let live = Live::new(config, TODOS);
    live.run(&["generate", "first"]).exits(0);
    live.declare(&ranked());
    live.run(&["generate", "second"]).exits(0);
    live
}

/// The one file of a project's migrations with that end.
#[track_caller]
fn file(project: &Project, end: &str) -> String {
    let files: Vec<_> =
        project.list("migrations").into_iter().filter(|file| file.ends_with(end)).collect();
    let [file] = files.as_slice() else { panic!("{end}: {files:?}") };
    file.clone()
}

/// With no snapshot, migrations may be written by hand.
fn by_hand(live: &Live, files: &[(&str, &str)]) {
    for (file, sql) in files {
        live.project.write(&format!("migrations/{file}"), sql);
    }
}

/// Everything applied to a database that lacks its provider.
#[track_caller]
fn migrate(live: &Live) {
    live.run(&["migrate", "--install-stand-in"]).exits(0);
}

#[track_caller]
fn history(live: &Live) -> String {
    live.value("select string_agg(name, ',' order by version) from rls.migrations")
}

fn neon() -> Live {
    two_steps(NEON)
}
