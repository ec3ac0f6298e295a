//! Whatever the command line reads besides source: rls.toml, snapshots, and migrations in every layout.
//! Nothing panics, hangs or is called an internal error.
//!
//! Inputs are made of a corpus, `corpus/<target>/`, which is replayed first; what was ever found wrong is in it.
//! `RLS_FUZZ_FACTOR` multiplies how many, `RLS_FUZZ_SEED` says which.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../../src/layout.rs"]
#[allow(dead_code, reason = "the binary uses all of it")]
mod layout;
#[path = "../../../rls-core/tests/fuzz/mutate.rs"]
mod mutate;
#[path = "../../../rls-core/tests/fuzz/run.rs"]
mod run;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::sync::OnceLock;

use layout::{Layout, STOP_ON_ERRORS};
use mutate::Corpus;
use rls_core::apply::NO_TRANSACTION;
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

/// Its name is the first line.
#[test]
fn a_migration_in_the_layout_of_any_tool_is_read_or_refused() {
    fuzz("layout", Corpus::new("layout", []), 20_000, |text| {
        let (name, text) = text.split_once('\n').unwrap_or((text, ""));
        let mut is_one = false;
        for layout in [Layout::Sqlx, Layout::Refinery, Layout::Dbmate, Layout::Diesel, Layout::Psql]
        {
            let wrong = |what: String| format!("{layout:?}: {what}");
            if let Some((version, name_of)) = layout.parts(name) {
                is_one = true;
                if layout.entry(version, name_of) != name {
                    return Err(wrong(format!("{version} and {name_of} are not {name}")));
                }
            }
            let up = layout.up(text.to_owned(), None).ok();
            let down = layout.down(text.to_owned()).ok().flatten();
            for read in up.iter().chain(&down) {
                keeps_its_lines(read, text).map_err(wrong)?;
            }
            written_again(layout, text).map_err(wrong)?;
        }
        Ok(is_one)
    });
}

/// What is read is what stands in the file, but for what is the tool's.
fn keeps_its_lines(read: &str, file: &str) -> Result<(), String> {
    for (at, line) in read.lines().enumerate() {
        let stands_there = file.lines().nth(at).is_some_and(|it| it.trim_end() == line.trim_end());
        if !(stands_there || line.is_empty() || at == 0 && line == NO_TRANSACTION) {
            return Err(format!("{line:?} is not line {} of it", at + 1));
        }
    }
    Ok(())
}

/// A text that a layout takes is read again as what it was, both ways.
fn written_again(layout: Layout, text: &str) -> Result<(), String> {
    let (version, name) = ("20260101000000", "one");
    let Ok(files) = layout.files(version, name, text, text) else { return Ok(()) };
    let said = |path| files.iter().find(|(file, _)| *file == path).map(|(_, text)| text.clone());
    let [up, down] = layout.paths(version, name).map(said);
    let metadata = layout.metadata(version, name).and_then(said);
    let up = layout.up(up.unwrap_or_default(), metadata.as_deref())?;
    let down = layout.down(down.unwrap_or_default())?.unwrap_or_default();
    // The mark, and what follows it, wherever that begins. A command of psql is none of ours.
    let plain = |text: &str| {
        let ours = |line: &str| match line.trim_end() {
            STOP_ON_ERRORS => String::new(),
            _ => line.trim_end_matches('\r').to_owned(),
        };
        let text = text.lines().map(ours).collect::<Vec<_>>().join("\n");
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let marked = first.trim_end() == NO_TRANSACTION;
        (marked, if marked { rest.trim() } else { text.trim() }.to_owned())
    };
    for read in [up, down] {
        if plain(&read) != plain(text) {
            return Err(format!("{text:?} comes back as {read:?}"));
        }
    }
    Ok(())
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
