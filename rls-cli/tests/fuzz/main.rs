//! Whatever the command line reads besides source: rls.toml, snapshots, and files in the folder of migrations.
//! Nothing panics, hangs or is called an internal error.
//!
//! Inputs are made of a corpus, `corpus/<target>/`, which is replayed first; what was ever found wrong is in it.
//! `RLS_FUZZ_FACTOR` multiplies how many, `RLS_FUZZ_SEED` says which.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../../../rls-core/tests/fuzz/mutate.rs"]
mod mutate;
#[path = "../../../rls-core/tests/fuzz/run.rs"]
mod run;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::sync::OnceLock;

use mutate::Corpus;
use run::{Verdict, fuzz};
use support::{NEON, Project, TODOS};

#[test]
fn an_rls_toml_of_any_kind_is_read_or_refused() {
    fuzz("config", Corpus::new("config", []), 600, |text| {
        let project = Project::new(text, TODOS);
        understood(&project, &["check"])
    });
}

/// A project with one migration, whose version is always the same.
fn generated() -> Project {
    static FILES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let project = Project::new(NEON, TODOS);
        project.run(&["generate", "first"]).exits(0);
        let names = project.list("migrations");
        let version = names[0].split('_').next().unwrap();
        let with_version = |text: &str| text.replace(version, "20260101000000");
        let file = |name: &String| {
            let path = format!("migrations/{name}");
            (with_version(&path), with_version(&project.read(&path)))
        };
        names.iter().map(file).collect()
    });
    let project = Project::new(NEON, TODOS);
    files.iter().for_each(|(path, text)| project.write(path, text));
    project
}

const SNAPSHOT: &str = "migrations/schema.snapshot.json";

#[test]
fn a_snapshot_of_any_kind_is_read_or_refused() {
    let text = generated().read(SNAPSHOT);
    let conflict = format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n");
    fuzz("snapshot", Corpus::new("snapshot", [text, conflict]), 400, |text| {
        let project = generated();
        project.write(SNAPSHOT, text);
        understood(&project, &["generate", "--check"])
    });
}

/// Its name is the first line.
#[test]
fn a_file_among_migrations_of_any_kind_is_read_or_refused() {
    fuzz("folder", Corpus::new("folder", []), 400, |text| {
        let (name, text) = text.split_once('\n').unwrap_or((text, ""));
        let project = generated();
        let path = project.root().join("migrations").join(name);
        // What cannot be the name of a file is none.
        if name.contains(['/', '\\']) || name.starts_with('.') || fs::write(path, text).is_err() {
            return Ok(false);
        }
        understood(&project, &["generate", "--check"])
    });
}

/// The command does what it is for, or says what is wrong.
fn understood(project: &Project, args: &[&str]) -> Verdict {
    let run = project.run(args);
    let wrong = ["panicked", "internal error", "stack overflow"];
    let refused = run.code == 1 && run.err.starts_with("error: ");
    if wrong.iter().any(|it| run.err.contains(it)) || !refused && run.code != 0 && run.code != 2 {
        return Err(run.to_string());
    }
    Ok(!refused)
}
