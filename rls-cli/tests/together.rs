//! Ten runs at once on one database, while somebody writes and everybody reads: one of them does it, no
//! write is lost or refused, and nobody sees what neither the old nor the new declaration shows.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use support::{Live, Run, allowing_everything, connect, ranked, runtime, several_connections};
use tokio::task::JoinHandle;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

const RUNS: usize = 10;

/// What is done may be seen by everyone.
fn open(source: &str) -> String {
    let (one, other) = ("read = auth_uid(user_id)", "modify = auth_uid(user_id)),");
    assert!(source.contains(one) && source.contains(other));
    source.replace(one, "read = auth_uid(user_id) || is_complete").replace(
        other,
        "modify = auth_uid(user_id)),\n    crud_policy(role = anonymous, read = is_complete),",
    )
}

/// Under another type, a new index and another table, the rows of the table are written anew.
fn rebuilt(source: &str) -> String {
    source
        .replace("pub rank: i32", "pub rank: i64")
        .replace("pub task", "#[rls(index)]\n    pub task")
        + "#[derive(Table)]\npub struct Tag { #[rls(primary_key, references = todos(id))] pub todo: i64 }\n"
}

/// A table that comes and goes.
const BETWEEN: &str = "#[derive(Table)]\npub struct Between { #[rls(primary_key)] pub id: i64 }\n";

/// The todos of others that are done. They stay what they are.
const DONE: usize = 40;

const ROWS: &str = "INSERT INTO todos (user_id, task, is_complete)
    SELECT 'other', 'theirs ' || n, n % 2 = 0 FROM generate_series(1, 80) AS n";

struct Step {
    old: String,
    new: String,
    /// How many todos of others may be seen under the one and the other.
    others: [usize; 2],
}

fn steps() -> [Step; 4] {
    // Everybody has their own todos.
    let closed = ranked();
    let opened = open(&closed);
    let step = |old: &str, new: String, others| Step { old: old.to_owned(), new, others };
    [
        step(&closed, opened.clone(), [0, DONE]),
        step(&opened, closed.clone(), [DONE, 0]),
        step(&closed, rebuilt(&opened), [0, DONE]),
        step(&opened, rebuilt(&closed), [DONE, 0]),
    ]
}

#[test]
fn of_ten_applies_one_applies() {
    if several_connections().is_none() {
        return;
    }
    for step in steps() {
        let live = Live::new(support::NEON, &step.old);
        live.apply(&[]).exits(0);
        live.declare(&step.new);
        let args: Vec<_> = ["apply"].into_iter().chain(allowing_everything()).collect();
        at_once(&live, &step, &args);
        live.assert_in_sync();
    }
}

#[test]
fn of_ten_migrates_one_migrates() {
    if several_connections().is_none() {
        return;
    }
    for step in steps() {
        let live = Live::new(support::NEON, &step.old);
        live.run(&["generate", "old"]).exits(0);
        live.run(&["migrate", "--install-stand-in"]).exits(0);
        // One in between.
        live.declare(&format!("{}{BETWEEN}", step.old));
        live.run(&["generate", "between"]).exits(0);
        live.declare(&step.new);
        let args: Vec<_> = ["generate", "new"].into_iter().chain(allowing_everything()).collect();
        live.run(&args).exits(0);
        let args: Vec<_> = ["migrate"].into_iter().chain(allowing_everything()).collect();
        at_once(&live, &step, &args);
        let history =
            live.value("SELECT string_agg(name, ' ' ORDER BY version) FROM rls.migrations");
        assert_eq!(history, "old between new");
        live.assert_in_sync();
    }
}

/// Ten of them, in the middle of everything else.
fn at_once(live: &Live, step: &Step, args: &[&str]) {
    live.sql(ROWS);
    let url = live.url().unwrap();
    let life = runtime().block_on(Life::begin(&url, step.others));
    let runs: Vec<_> = (0..RUNS)
        .map(|_| {
            let mut command = live.command(args);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let runs: Vec<_> =
        runs.into_iter().map(|run| Run::from(run.wait_with_output().unwrap())).collect();
    let (written, read) = runtime().block_on(life.end());
    for run in &runs {
        assert_eq!(run.code, 0, "{run}");
    }
    let said = |text: &str| runs.iter().filter(|run| run.out.contains(text)).count();
    assert_eq!((said("Applied"), said("Nothing to do")), (1, RUNS - 1), "{runs:#?}");
    let kept = live.value("SELECT count(DISTINCT task) FROM todos WHERE task LIKE 'mine %'");
    let (kept, last) = (
        kept.parse::<usize>().unwrap(),
        live.value("SELECT max(split_part(task, ' ', 2)::int) FROM todos WHERE task LIKE 'mine %'"),
    );
    assert_eq!((kept, last.parse()), (written, Ok(written)), "writes were lost");
    eprintln!("{}: {written} writes, {read} reads", args[0]);
    assert!(written > 20 && read > 20, "{written} writes, {read} reads");
}

/// Somebody who writes, and everyone who reads, until it ends.
struct Life {
    ended: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    read: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

/// Who reads, and whether what `mine` writes is theirs.
const READERS: [(&str, &str, bool); 3] =
    [("authenticated", "mine", true), ("authenticated", "third", false), ("anonymous", "", false)];

impl Life {
    async fn begin(url: &str, others: [usize; 2]) -> Life {
        let mut life = Life {
            ended: Arc::default(),
            written: Arc::default(),
            read: Arc::default(),
            tasks: Vec::new(),
        };
        let (ended, written, url) = (life.ended.clone(), life.written.clone(), url.to_owned());
        life.tasks.push(tokio::spawn(write(url.clone(), ended.clone(), written.clone())));
        for reader in READERS {
            let (ended, written) = (ended.clone(), written.clone());
            let reading = read(url.clone(), reader, others, ended, written, life.read.clone());
            life.tasks.push(tokio::spawn(reading));
        }
        while life.written.load(Ordering::SeqCst) < 5 || life.read.load(Ordering::SeqCst) < 10 {
            assert!(!life.tasks.iter().any(JoinHandle::is_finished), "it ends before it begins");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        life
    }

    /// How much was written and read.
    async fn end(self) -> (usize, usize) {
        // Under the new declaration too.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.ended.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        (self.written.load(Ordering::SeqCst), self.read.load(Ordering::SeqCst))
    }
}

/// What enters a transaction as somebody.
fn enter(role: &str, sub: &str) -> String {
    let claims = if sub.is_empty() { String::new() } else { format!(r#"{{"sub": "{sub}"}}"#) };
    format!(
        "BEGIN; SELECT set_config('request.jwt.claims', '{claims}', true); SET LOCAL ROLE {role};"
    )
}

/// One after the other. Both declarations let them in, so that none is refused.
async fn write(url: String, ended: Arc<AtomicBool>, written: Arc<AtomicUsize>) {
    let client = connect(&url).await;
    let enter = enter("authenticated", "mine");
    for number in 1.. {
        if ended.load(Ordering::SeqCst) {
            return;
        }
        let insert = format!("{enter} INSERT INTO todos (task) VALUES ('mine {number}'); COMMIT");
        client.batch_execute(&insert).await.unwrap();
        written.store(number, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// All of their own, and of others what one declaration or the other shows, whole.
async fn read(
    url: String,
    (role, sub, is_mine): (&str, &str, bool),
    others: [usize; 2],
    ended: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    read: Arc<AtomicUsize>,
) {
    let client = connect(&url).await;
    let select = format!("{} SELECT user_id, is_complete FROM todos; COMMIT", enter(role, sub));
    while !ended.load(Ordering::SeqCst) {
        let before = written.load(Ordering::SeqCst);
        let mut seen = Vec::new();
        match client.simple_query(&select).await {
            Ok(messages) => {
                for message in messages {
                    if let SimpleQueryMessage::Row(row) = message
                        && let Some(user) = row.try_get("user_id").ok().flatten()
                    {
                        seen.push((user.to_owned(), row.get("is_complete") == Some("t")));
                    }
                }
            }
            // Whom a declaration shows nothing has no privilege either.
            Err(error) => {
                let refused = error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE);
                assert!(refused && role == "anonymous", "{error:?}");
                client.batch_execute("ROLLBACK").await.unwrap();
            }
        }
        let (mine, theirs): (Vec<_>, Vec<_>) =
            seen.into_iter().partition(|(user, _)| user == "mine");
        assert!(theirs.iter().all(|(_, done)| *done), "{role} {sub} sees what is not done");
        assert!(others.contains(&theirs.len()), "{role} {sub} sees {} of others", theirs.len());
        match is_mine {
            true => assert!(mine.len() >= before, "sees {} of {before} written", mine.len()),
            false => assert_eq!(mine.len(), 0, "{role} {sub} sees what is another's and not done"),
        }
        read.fetch_add(1, Ordering::SeqCst);
    }
}
