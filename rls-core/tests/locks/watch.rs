//! A second session: whether its statements go through while the first one has a transaction open.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::case::Waits;
use super::support::Database;

/// A statement of another session that is under way.
pub(crate) struct Started {
    statement: String,
    pid: i32,
    task: JoinHandle<Result<(), tokio_postgres::Error>>,
}

const READS: &str = "SELECT count(*) FROM docs";
const WRITES: [&str; 3] = [
    "INSERT INTO docs (id, team_id, title, note, size, shown) VALUES (2000, 1, 'new', 'new', 1, true)",
    "UPDATE docs SET shown = NOT shown WHERE id = 1",
    "DELETE FROM docs WHERE id = 2",
];

/// Starts who reads and who writes, each in a session of its own, and sees who has to wait for that process.
/// What waits is under way still.
pub(crate) async fn watch(
    database: &Database,
    watcher: &Client,
    holder: i32,
) -> Result<(Waits, Vec<Started>), String> {
    let reads = start(database, READS).await;
    let readers = reads.is_held_up(watcher, holder).await;
    let mut writers = Vec::new();
    let mut waiting = vec![reads];
    for statement in WRITES {
        let started = start(database, statement).await;
        writers.push(started.is_held_up(watcher, holder).await);
        waiting.push(started);
    }
    let waits = match (readers, writers.as_slice()) {
        (false, [false, false, false]) => Waits::Nobody,
        (false, [true, true, true]) => Waits::Writers,
        (true, [true, true, true]) => Waits::Everybody,
        (readers, writers) => {
            return Err(format!("who reads waits: {readers}; who writes: {writers:?}"));
        }
    };
    Ok((waits, waiting))
}

pub(crate) async fn start(database: &Database, statement: &str) -> Started {
    let session = database.again("postgres").await.unwrap();
    let pid = pid(&session).await;
    let sql = statement.to_owned();
    let task = tokio::spawn(async move { session.batch_execute(&sql).await });
    Started { statement: statement.to_owned(), pid, task }
}

pub(crate) async fn pid(session: &Client) -> i32 {
    session.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Whether a process waits for the other one.
pub(crate) async fn waits_for(watcher: &Client, pid: i32, holder: i32) -> bool {
    let query = "SELECT $2 = ANY (pg_blocking_pids($1))";
    watcher.query_one(query, &[&pid, &holder]).await.unwrap().get(0)
}

impl Started {
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// Looks until it either waits for that process or has come to its end.
    pub(crate) async fn is_held_up(&self, watcher: &Client, holder: i32) -> bool {
        for _ in 0..4000 {
            if self.task.is_finished() {
                return false;
            }
            if waits_for(watcher, self.pid, holder).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("`{}` neither ends nor waits", self.statement)
    }

    /// That it works in the end.
    pub(crate) async fn works(self) -> Result<(), String> {
        let ended = self.task.await.unwrap();
        ended.map_err(|error| format!("`{}` fails: {error:?}", self.statement))
    }
}
