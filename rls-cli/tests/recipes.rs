//! The recipe for pipelines in `docs/github-actions.yml`: its steps are run as they stand there, in the shell that GitHub takes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use support::{Live, NEON, Run, TODOS, several_connections};

#[derive(Deserialize)]
struct Workflow {
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    name: String,
    run: Option<String>,
}

/// A project in a pipeline: the tool and a `gh` that remembers what it was called with are in PATH.
struct Pipeline {
    live: Live,
    programs: PathBuf,
}

impl Pipeline {
    /// None, said aloud, where there is no server that several processes reach.
    fn new() -> Option<Pipeline> {
        several_connections()?;
        let live = Live::new(NEON, TODOS);
        live.run(&["generate", "first"]).exits(0);
        live.run(&["migrate", "--install-stand-in"]).exits(0);
        let programs = live.project.root().join("programs");
        live.project.write("programs/gh", "#!/bin/sh\necho \"$@\" >> \"$GH_LOG\"\n");
        let gh = programs.join("gh");
        std::fs::set_permissions(gh, std::fs::Permissions::from_mode(0o755)).unwrap();
        let tool = Path::new(env!("CARGO_BIN_EXE_cargo-rls"));
        std::os::unix::fs::symlink(tool, programs.join("cargo-rls")).unwrap();
        Some(Pipeline { live, programs })
    }

    /// Runs the steps of a job up to the one that fails. Returns the names of those that passed, and the last run.
    fn job(&self, name: &str) -> (Vec<String>, Run) {
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/github-actions.yml");
        let recipe = std::fs::read_to_string(recipe).unwrap();
        let workflow: Workflow = serde_saphyr::from_str(&recipe).unwrap();
        let mut passed = Vec::new();
        let mut last = None;
        for Step { name, run } in &workflow.jobs[name].steps {
            let Some(script) = run.as_ref().filter(|_| name != "Install") else { continue };
            let script = script.replace("${{ github.event.pull_request.number }}", "7");
            assert!(!script.contains("${{"), "{script}");
            let run = last.insert(self.step(&script));
            if run.code != 0 {
                break;
            }
            passed.push(name.clone());
        }
        (passed, last.unwrap())
    }

    fn step(&self, script: &str) -> Run {
        let root = self.live.project.root();
        let path = std::env::var("PATH").unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", script]).current_dir(root);
        bash.env("PATH", format!("{}:{path}", self.programs.display()));
        bash.env("DATABASE_URL", self.live.url().unwrap());
        bash.env("GITHUB_STEP_SUMMARY", root.join("summary.md"));
        bash.env("GH_LOG", root.join("gh.log"));
        Run::of(bash)
    }
}

const REVIEW: [&str; 5] = [
    "Is the declaration right?",
    "Is there a migration for what changed?",
    "Do the migrations lead there, and back?",
    "What will happen to the database?",
    "Tell the reviewers",
];

#[test]
fn reviewers_read_what_a_pull_request_does() {
    let Some(pipeline) = Pipeline::new() else { return };
    let project = &pipeline.live.project;
    assert_eq!(pipeline.job("review").0, REVIEW);
    assert!(project.read("plan.md").contains("there is nothing to do"));

    // A mistake, then everybody's rows for a role, without a migration and with one.
    pipeline.live.declare(&TODOS.replace("read = auth_uid(user_id)", "read = auth_uid(usr_id)"));
    let (passed, run) = pipeline.job("review");
    assert!(passed.is_empty());
    run.exits(1).says("::error file=src/schema.rs,line=6");
    pipeline.live.declare(&TODOS.replace("read = auth_uid(user_id)", "read = true"));
    let (passed, run) = pipeline.job("review");
    assert_eq!(passed, REVIEW[..1], "{run}");
    run.exits(2).says("A migration is missing");
    pipeline.live.run(&["generate", "open"]).exits(0);
    assert_eq!(pipeline.job("review").0, REVIEW);
    let plan = project.read("plan.md");
    assert!(plan.contains("🔴 `widens-access`") && plan.contains("CREATE POLICY"), "{plan}");
    assert!(project.read("summary.md").ends_with(&plan));
    let called = project.read("gh.log");
    let comment = "pr comment 7 --body-file plan.md --edit-last --create-if-none";
    assert_eq!(called.lines().collect::<Vec<_>>(), [comment; 2]);
}

#[test]
fn a_merge_is_migrated_where_its_hazards_are_allowed() {
    let Some(pipeline) = Pipeline::new() else { return };
    let live = &pipeline.live;
    live.declare(&TODOS.replace("read = auth_uid(user_id)", "read = true"));
    live.run(&["generate", "open"]).exits(0);
    let (passed, run) = pipeline.job("migrate");
    assert!(passed.is_empty());
    run.exits(1).says("widens-access");
    let allow = "allow = [\"widens-access\", \"narrows-access\"]\n";
    live.project.write("rls.toml", format!("{NEON}{allow}"));
    assert_eq!(pipeline.job("migrate").0.len(), 2);

    assert_eq!(pipeline.job("drift").0.len(), 1);
    live.sql("alter table todos disable row level security");
    let (passed, run) = pipeline.job("drift");
    assert!(passed.is_empty());
    run.exits(2).says("row security");
}
