//! A property, tried on a corpus as it is and on what is made of it, with somebody who looks at the clock.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::mutate::Corpus;

/// What is found out about an input: whether it is accepted, or what is wrong with what is made of it.
pub type Verdict = Result<bool, String>;

const PATIENCE: Duration = Duration::from_secs(10);

/// As much as the command line has for reading source.
const STACK: usize = 1 << 30;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Tries it `cases` times, or a multiple of that: `RLS_FUZZ_FACTOR`. `RLS_FUZZ_SEED` says which.
pub fn fuzz(name: &str, corpus: Corpus, cases: u32, holds: fn(&str) -> Verdict) {
    let now: Arc<Mutex<(Instant, String)>> = Arc::new(Mutex::new((Instant::now(), String::new())));
    let done = Arc::new(AtomicBool::new(false));
    let worker = {
        let (now, done, own_name) = (now.clone(), done.clone(), name.to_owned());
        let work = move || {
            let watched = |input: &str| {
                *now.lock().unwrap() = (Instant::now(), input.to_owned());
                holds(input)
            };
            let found = std::panic::catch_unwind(|| search(&own_name, corpus, cases, &watched));
            done.store(true, Ordering::SeqCst);
            found
        };
        thread::Builder::new().stack_size(STACK).name(name.to_owned()).spawn(work).unwrap()
    };
    while !done.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(20));
        let (since, input) = now.lock().unwrap().clone();
        assert!(
            since.elapsed() < PATIENCE,
            "{name} takes more than {PATIENCE:?}:\n{input}\n{input:?}"
        );
    }
    match worker.join().unwrap() {
        Ok(None) => {}
        Ok(Some(found)) => panic!("{name}: {found}"),
        Err(_) => panic!("{name}: a panic, on an input of the corpus:\n{}", now.lock().unwrap().1),
    }
}

fn search(
    name: &str,
    corpus: Corpus,
    cases: u32,
    holds: &(impl Fn(&str) -> Verdict + std::panic::RefUnwindSafe),
) -> Option<String> {
    for text in &corpus.texts {
        if let Err(why) = holds(text) {
            return Some(format!("{why}\nfor what is in the corpus:\n{text}"));
        }
    }
    let factor = u32::try_from(setting("RLS_FUZZ_FACTOR").unwrap_or(1)).unwrap();
    let seed = setting("RLS_FUZZ_SEED").unwrap_or(1);
    let config = Config {
        cases: cases * factor,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    let accepted = Cell::new(0);
    let result = runner.run(&corpus.inputs(), |input| {
        let verdict = holds(&input).map_err(TestCaseError::fail)?;
        accepted.set(accepted.get() + u32::from(verdict));
        Ok(())
    });
    match result {
        Ok(()) => {
            let (cases, accepted) = (cases * factor, accepted.get());
            eprintln!("{name}: {accepted} of {cases} inputs were accepted");
            let few = accepted < cases / 50 || accepted > cases - cases / 50;
            few.then(|| format!("{accepted} of {cases} accepted: that looks at one side only"))
        }
        Err(TestError::Fail(why, input)) => Some(format!(
            "RLS_FUZZ_SEED={seed} RLS_FUZZ_FACTOR={factor}: {why}\n{input}\n{input:?}"
        )),
        Err(TestError::Abort(why)) => Some(why.to_string()),
    }
}
