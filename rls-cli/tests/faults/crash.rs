//! The server itself killed, with all of its processes, while the tool speaks to it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rls_devdb::{DevPostgres, Engine, Preference};
use tempfile::TempDir;

use crate::proxy::{Blow, Event, Fault, Moment, through};
use crate::stages;
use crate::state::value;
use crate::support::{runtime, several_connections};

/// A server that nobody else uses.
struct Own {
    running: Option<DevPostgres>,
    folder: TempDir,
}

impl Own {
    fn new() -> Self {
        let mut own = Own { running: None, folder: tempfile::tempdir().unwrap() };
        own.start();
        own
    }

    /// Its data stays from one start to the next.
    fn start(&mut self) {
        // What is left of the last one has to be gone first.
        self.running = None;
        let starting = DevPostgres::start(self.folder.path(), Preference::Native);
        self.running = Some(runtime().block_on(starting).unwrap());
    }

    fn url(&self, database: &str) -> String {
        self.running.as_ref().unwrap().url("postgres", database).unwrap()
    }

    /// The process that began all others of the server.
    fn postmaster(&self) -> String {
        value(&self.url("postgres"), "SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)")
    }
}

/// The postmaster is held first, so that it neither begins others nor looks after them.
fn kill(postmaster: &str) {
    Command::new("kill").args(["-STOP", postmaster]).status().unwrap();
    let children = format!("/proc/{postmaster}/task/{postmaster}/children");
    let children = fs::read_to_string(children).unwrap_or_default();
    for process in [postmaster].into_iter().chain(children.split_whitespace()) {
        Command::new("kill").args(["-9", process]).status().unwrap();
    }
    let begun = Instant::now();
    let alive = |process: &str| {
        fs::read_to_string(Path::new("/proc").join(process).join("stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    while children.split_whitespace().any(alive) {
        assert!(begun.elapsed() < Duration::from_secs(10), "the server survives SIGKILL");
        thread::sleep(Duration::from_millis(5));
    }
}

/// How many faults are spread over a run, besides those around the last change.
const SPREAD: usize = 3;

#[test]
fn a_server_that_is_killed_keeps_what_was_committed() {
    // Linux tells a process's children as a list.
    if several_connections().is_none() || !cfg!(target_os = "linux") {
        return;
    }
    let mut own = Own::new();
    assert!(matches!(own.running.as_ref().unwrap().engine(), Engine::Native { .. }));
    let mut struck = 0;
    for name in ["applied", "migrated"] {
        let project = stages::project();
        value(&own.url("postgres"), &format!("CREATE DATABASE {name}"));
        let mut trial = match name {
            "applied" => stages::to_apply_online(&project, own.url(name)),
            _ => stages::to_migrate(&project, own.url(name)),
        };
        for fault in points(trial.statements, &trial.reached) {
            value(&own.url("postgres"), &format!("CREATE DATABASE struck TEMPLATE {name}"));
            let postmaster = own.postmaster();
            let args: Vec<_> = trial.args.iter().map(String::as_str).collect();
            let mut crash = |event| {
                if let Event::Crash = event {
                    kill(&postmaster);
                }
            };
            let url = own.url("struck");
            let run = through(&url, project.command(&args), Some(fault), &mut crash);
            let passed = runtime().block_on(run);
            assert!(passed.struck, "{fault:?}");
            struck += 1;
            own.start();
            trial.template = own.url(name);
            let state = trial.holds_one_state(&own.url("struck"), fault, &passed);
            trial.goes_on(&own.url("struck"), fault, state);
            value(&own.url("postgres"), "DROP DATABASE struck");
        }
    }
    eprintln!("{struck} servers killed");
    assert!(struck >= 12, "{struck} servers killed");
}

/// Some on the way, and at the last change all.
fn points(statements: usize, reached: &[usize]) -> Vec<Fault> {
    let fault = |at, moment| Fault { at, moment, blow: Blow::Crash };
    let spread = (1..=SPREAD).map(|n| fault(n * statements / (SPREAD + 1), Moment::Answered));
    let last = *reached.last().unwrap();
    let around = [Moment::Before, Moment::Unanswered, Moment::Answered].map(|it| fault(last, it));
    spread.chain(around).collect()
}
