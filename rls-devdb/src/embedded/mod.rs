//! The embedded engine: Postgres compiled to WebAssembly, inside this process.
//!
//! One thread owns the database, since a WebAssembly instance stays on the thread that made it. It
//! serves one visit after the other, each a session of its own. Whatever user a visit names, its
//! session is the superuser's, so that none but that is let in.

mod frames;
mod line;
mod owner;
mod pipe;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_postgres::{Client, NoTls};

use crate::error::{Doing, Error};
use pipe::Pipe;

/// Of the Postgres in the pinned version of the dependency.
pub(crate) const VERSION: &str = "18.4";

/// The one user there are sessions for.
const SUPERUSER: &str = "postgres";

/// How long a connection waits for the one before it to be closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client sends; `None` is the end of it.
type Sent = Option<Vec<u8>>;

/// One connection, as the owner's thread sees it.
struct Visit {
    database: String,
    inbox: Receiver<Sent>,
    outbox: mpsc::UnboundedSender<Vec<u8>>,
    /// Held until the session is over: the next visit comes after.
    _seat: OwnedSemaphorePermit,
}

/// A running embedded Postgres. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// `None` once it is to stop.
    visits: Option<Sender<Visit>>,
    seat: Arc<Semaphore>,
    /// Where to tell the present session to end.
    present: Mutex<Option<Sender<Sent>>>,
    owner: Option<JoinHandle<Result<(), String>>>,
}

impl Embedded {
    /// Opens the database kept in `dir`, which the caller has locked.
    pub(crate) async fn start(dir: &Path) -> Result<Embedded, Error> {
        let dir: PathBuf = dir.join("embedded");
        let data = dir.clone();
        let (visits, queue) = channel();
        let (opened, answer) = oneshot::channel();
        let owner = thread::Builder::new()
            .name("embedded-postgres".to_owned())
            .spawn(move || owner::run(&data, &queue, opened))
            .doing("start a thread for", &dir)?;
        let embedded = Embedded {
            visits: Some(visits),
            seat: Arc::new(Semaphore::new(1)),
            present: Mutex::new(None),
            owner: Some(owner),
        };
        match answer.await {
            Ok(Ok(())) => Ok(embedded),
            Ok(Err(reason)) => Err(Error::Embedded { dir, reason }),
            Err(_) => Err(Error::Embedded { dir, reason: "its thread panicked".to_owned() }),
        }
    }

    pub(crate) async fn connect(&self, user: &str, database: &str) -> Result<Client, Error> {
        if user != SUPERUSER {
            return Err(Error::Unsupported { user: user.to_owned() });
        }
        let seat = Arc::clone(&self.seat).acquire_owned();
        let seat = match tokio::time::timeout(PATIENCE, seat).await {
            Ok(seat) => seat.map_err(|_| Error::Ended)?,
            Err(_) => {
                return Err(Error::InUse { seconds: PATIENCE.as_secs() });
            }
        };
        let (to_server, inbox) = channel();
        let (outbox, from_server) = mpsc::unbounded_channel();
        self.set_present(Some(to_server.clone()));
        let visit = Visit { database: database.to_owned(), inbox, outbox, _seat: seat };
        let visits = self.visits.as_ref().ok_or(Error::Ended)?;
        visits.send(visit).map_err(|_| Error::Ended)?;
        let connected = tokio_postgres::Config::new()
            .user(user)
            .dbname(database)
            .connect_raw(Pipe::new(to_server, from_server), NoTls)
            .await;
        let (client, connection) = connected.map_err(|source| Error::Connect {
            user: user.to_owned(),
            database: database.to_owned(),
            source,
        })?;
        tokio::spawn(connection);
        Ok(client)
    }

    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.end();
        let Some(owner) = self.owner.take() else {
            return Ok(());
        };
        let joined = tokio::task::spawn_blocking(move || owner.join()).await;
        match joined {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(reason))) => Err(Error::Stop(reason)),
            _ => Err(Error::Stop("its thread panicked".to_owned())),
        }
    }

    /// Ends the present session, and takes no more.
    fn end(&mut self) {
        self.visits = None;
        if let Some(present) = self.set_present(None) {
            let _ = present.send(None);
        }
    }

    fn set_present(&self, next: Option<Sender<Sent>>) -> Option<Sender<Sent>> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *present, next)
    }
}

impl Drop for Embedded {
    /// Waits for the thread, but not for ever: a statement that runs cannot be interrupted.
    fn drop(&mut self) {
        self.end();
        let start = Instant::now();
        while let Some(owner) = &self.owner
            && !owner.is_finished()
            && start.elapsed() < PATIENCE
        {
            thread::sleep(Duration::from_millis(2));
        }
    }
}
