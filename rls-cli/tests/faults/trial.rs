//! One command that changes a database, run again and again with a fault at each of its statements.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::proxy::{Blow, Event, Fault, Moment, Passed, through};
use crate::state::{State, left_alone, value};
use crate::support::{Project, Run, runtime};

pub struct Trial<'a> {
    pub project: &'a Project,
    pub args: Vec<String>,
    /// The URL of a database that is never changed, and what each run begins with.
    pub template: String,
    /// What is there, one after the other.
    pub states: Vec<State>,
    /// Behind which statement of a run that nobody disturbs each of them is there.
    pub reached: Vec<usize>,
    /// How many statements that run has.
    pub statements: usize,
    /// Whether the same again changes nothing.
    pub again: bool,
    /// How often each of the states was what a fault left.
    left: Vec<AtomicUsize>,
}

/// How often it goes on from the same state.
const OFTEN: usize = 2;

const WORKERS: usize = 3;

const MOMENTS: [Moment; 3] = [Moment::Before, Moment::Unanswered, Moment::Answered];

impl<'a> Trial<'a> {
    /// Runs the command once, and looks whenever no transaction is open: nothing but these states is there.
    pub fn new(
        project: &'a Project,
        args: &[&str],
        template: String,
        states: Vec<State>,
    ) -> Trial<'a> {
        let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let url = copy(&template);
        let mut found = vec![State::of(&url)];
        let mut reached = vec![0];
        let mut look = |event| {
            let Event::Idle(answered) = event else { return };
            let state = tokio::task::block_in_place(|| State::of(&url));
            if found.last() != Some(&state) {
                found.push(state);
                reached.push(answered);
            }
        };
        let tool = command(project, &args);
        let passed = runtime().block_on(through(&url, tool, None, &mut look));
        assert_eq!(passed.run.code, 0, "{}", passed.run);
        same(&found, &states);
        // Nobody ever comes to more than before and behind.
        let [first, last] = [&states[0].access, &states[states.len() - 1].access];
        for state in &states {
            assert!(state.access.iter().all(|it| first.contains(it) || last.contains(it)));
        }
        let statements = passed.answered;
        let left = states.iter().map(|_| AtomicUsize::new(0)).collect();
        Trial { project, args, template, states, reached, statements, again: true, left }
    }

    /// Strikes at every statement, until one is never reached, and says how many faults that were.
    pub fn run(&self) -> usize {
        let (next, struck) = (AtomicUsize::new(1), AtomicUsize::new(0));
        let work = || {
            let mut database = None;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                for fault in faults(at, self.reached.contains(&at)) {
                    if !self.inject(&mut database, fault).struck {
                        assert!(at > self.statements, "{fault:?} does not strike");
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
            "{}: {struck} faults injected at {} statements, of which {} change what is there",
            self.args[0],
            self.statements,
            self.states.len() - 1
        );
        struck
    }

    /// In that database, or in a new one, which stays for the next fault as long as nothing has come of it.
    fn inject(&self, database: &mut Option<String>, fault: Fault) -> Passed {
        let url = database.take().unwrap_or_else(|| copy(&self.template));
        let tool = command(self.project, &self.args);
        let passed = runtime().block_on(through(&url, tool, Some(fault), &mut |_| {}));
        left_alone(&url);
        let state = self.holds_one_state(&url, fault, &passed);
        let times = self.left[state].fetch_add(1, Ordering::Relaxed);
        let goes_on = everything() || times < OFTEN;
        if goes_on {
            self.goes_on(&url, fault, state);
        } else if state == 0 {
            *database = Some(url);
            return passed;
        }
        let name = url.rsplit('/').next().unwrap();
        value(&postgres(&self.template), &format!("DROP DATABASE {name} WITH (FORCE)"));
        passed
    }

    /// What was answered is there, and nothing of what was never sent: says which state that is.
    pub fn holds_one_state(&self, url: &str, fault: Fault, passed: &Passed) -> usize {
        let Passed { struck, sent, answered, run } = passed;
        assert!(!run.err.contains("panicked"), "{fault:?}: {run}");
        let behind = |statements| self.reached.iter().filter(|at| **at <= statements).count();
        let first = behind(*answered) - 1;
        let possible = &self.states[first..behind(*sent)];
        let state = State::of(url);
        let at = possible.iter().position(|possible| *possible == state);
        assert!(
            at.is_some(),
            "{fault:?}: {answered} of {sent} statements answered\n{state:#?}\nis none of\n{possible:#?}\n{run}"
        );
        match fault.blow {
            _ if !struck => assert_eq!((run.code, Some(&state)), (0, self.states.last()), "{run}"),
            Blow::Kill => assert_eq!(run.code, -1, "{run}"),
            Blow::Cut | Blow::Crash => {
                assert!(run.code == 0 || run.code == 1 && !run.err.is_empty(), "{fault:?}: {run}");
                assert!(run.code == 1 || possible.last() == self.states.last(), "{fault:?}: {run}");
            }
        }
        first + at.unwrap()
    }

    /// The same command again does what is left of that state, and then nothing is.
    pub fn goes_on(&self, url: &str, fault: Fault, state: usize) {
        if self.again || state + 1 < self.states.len() {
            let run = Run::of(at(url, command(self.project, &self.args)));
            assert_eq!(run.code, 0, "{:?} after {fault:?}: {run}", self.args);
        }
        let diff = Run::of(at(url, self.project.command(&["diff"])));
        assert_eq!(diff.code, 0, "after {fault:?}: {diff}");
        same(&[State::of(url)], &self.states[self.states.len() - 1..]);
        assert_eq!(value(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
    }
}

/// Compares them, and shows the first that differ.
#[track_caller]
fn same(found: &[State], expected: &[State]) {
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.history, expected.history, "in state {at}");
        assert_eq!(found.held, expected.held, "in state {at}");
        assert_eq!(found.access, expected.access, "in state {at}");
    }
    assert_eq!(found.len(), expected.len(), "{:#?}", found.last());
}

fn command(project: &Project, args: &[String]) -> Command {
    project.command(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn everything() -> bool {
    std::env::var("RLS_FAULTS").as_deref() == Ok("all")
}

/// One of the faults, in turns; where something changes for others, one for each moment, and both that
/// nobody learns the end of.
fn faults(at: usize, changes: bool) -> Vec<Fault> {
    let fault = |moment, blow| Fault { at, moment, blow };
    let pairs = MOMENTS.iter().flat_map(|moment| [(*moment, Blow::Kill), (*moment, Blow::Cut)]);
    let faults: Vec<_> = pairs.map(|(moment, blow)| fault(moment, blow)).collect();
    if everything() {
        return faults;
    }
    if !changes {
        return vec![faults[at % faults.len()]];
    }
    let in_turns =
        |(n, fault): &(usize, &Fault)| n % 2 == at % 2 || fault.moment == Moment::Unanswered;
    faults.iter().enumerate().filter(in_turns).map(|(_, fault)| *fault).collect()
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
