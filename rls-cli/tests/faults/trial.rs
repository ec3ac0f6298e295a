//! One command that changes a database, run again and again with a fault at each of its statements.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::proxy::{Blow, Fault, Moment, Passed, through};
use crate::state::{held, history, left_alone, value};
use crate::support::{Project, Run, runtime};

/// What a database holds, and the migrations that its history knows.
pub type State = (String, Vec<String>);

pub struct Trial<'a> {
    pub project: &'a Project,
    pub args: Vec<&'a str>,
    /// The URL of a database that is never changed, and what each run begins with.
    pub template: String,
    /// What is there once so many of the command's transactions have been committed.
    pub states: Vec<State>,
}

const WORKERS: usize = 3;

const MOMENTS: [Moment; 3] = [Moment::Before, Moment::Unanswered, Moment::Answered];

impl Trial<'_> {
    /// Strikes at every statement, until one is never reached, and says how many faults that were.
    pub fn run(&self) -> usize {
        let whole = self.inject(&mut None, None);
        assert_eq!(whole.commits.len() + 1, self.states.len(), "{:?}", whole.commits);
        let (next, struck) = (AtomicUsize::new(1), AtomicUsize::new(0));
        let work = || {
            let mut database = None;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                for fault in faults(at, whole.commits.contains(&at)) {
                    if !self.inject(&mut database, Some(fault)).struck {
                        assert!(at > whole.statements, "{fault:?} does not strike");
                        return;
                    }
                    struck.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            for worker in (0..WORKERS).map(|_| scope.spawn(work)).collect::<Vec<_>>() {
                worker.join().unwrap();
            }
        });
        let struck = struck.into_inner();
        eprintln!(
            "{}: {struck} faults injected at {} statements, of which {} are COMMIT",
            self.args[0],
            whole.statements,
            whole.commits.len()
        );
        struck
    }

    /// In that database, or in a new one, which stays for the next fault as long as nothing has come of it.
    fn inject(&self, database: &mut Option<String>, fault: Option<Fault>) -> Passed {
        let url = database.take().unwrap_or_else(|| copy(&self.template));
        let passed =
            runtime().block_on(through(&url, self.project.command(&self.args), fault, &|| {}));
        left_alone(&url);
        let state = self.holds_one_state(&url, fault, &passed);
        // Where all is as before, going on is beginning: once in a while is enough.
        let asked = everything() || fault.is_none_or(|fault| fault.at % 20 == 0);
        if Some(&state) == self.states.first() && !asked {
            *database = Some(url);
            return passed;
        }
        self.goes_on(&url, fault);
        let name = url.rsplit('/').next().unwrap();
        value(&postgres(&self.template), &format!("DROP DATABASE {name} WITH (FORCE)"));
        passed
    }

    /// All of what was committed is there, and nothing of anything else.
    pub fn holds_one_state(&self, url: &str, fault: Option<Fault>, passed: &Passed) -> State {
        let Passed { run, commits, committed, .. } = passed;
        assert!(!run.err.contains("panicked"), "{fault:?}: {run}");
        let possible = &self.states[*committed..=commits.len()];
        let state = (held(url), history(url));
        assert!(
            possible.contains(&state),
            "{fault:?}: {committed} of {} commits answered\n{}\n{:?}\nis none of\n{possible:#?}\n{run}",
            commits.len(),
            state.0,
            state.1
        );
        match fault.filter(|_| passed.struck).map(|fault| fault.blow) {
            None => assert_eq!((run.code, Some(&state)), (0, self.states.last()), "{run}"),
            Some(Blow::Kill) => assert_eq!(run.code, -1, "{run}"),
            Some(Blow::Cut | Blow::Crash) => {
                assert!(run.code == 0 || run.code == 1 && !run.err.is_empty(), "{fault:?}: {run}");
                assert!(run.code == 1 || possible.last() == self.states.last(), "{fault:?}: {run}");
            }
        }
        state
    }

    /// The same command again does what is left, and then nothing is.
    pub fn goes_on(&self, url: &str, fault: Option<Fault>) {
        for args in [&self.args[..], &["diff"]] {
            let run = Run::of(at(url, self.project.command(args)));
            assert_eq!(run.code, 0, "{args:?} after {fault:?}: {run}");
        }
        assert_eq!(Some(&(held(url), history(url))), self.states.last(), "after {fault:?}");
    }
}

fn everything() -> bool {
    std::env::var("RLS_FAULTS").as_deref() == Ok("all")
}

/// Every fault where something is committed, and elsewhere one of them, in turns.
fn faults(at: usize, commit: bool) -> Vec<Fault> {
    let pairs = MOMENTS.iter().flat_map(|moment| [(*moment, Blow::Kill), (*moment, Blow::Cut)]);
    let faults: Vec<_> = pairs.map(|(moment, blow)| Fault { at, moment, blow }).collect();
    if commit || everything() { faults } else { vec![faults[at % faults.len()]] }
}

/// The URL of a new database with everything of another.
pub fn copy(template: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (server, from) = template.rsplit_once('/').unwrap();
    let name = format!("{from}_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    value(&postgres(template), &format!("CREATE DATABASE {name} TEMPLATE {from}"));
    format!("{server}/{name}")
}

/// The database `postgres` beside that one.
fn postgres(url: &str) -> String {
    format!("{}/postgres", url.rsplit_once('/').unwrap().0)
}

/// A command that speaks to the database at that URL.
pub fn at(url: &str, mut command: Command) -> Command {
    command.env("DATABASE_URL", url);
    command
}
