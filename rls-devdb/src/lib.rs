//! A Postgres for development and tests.
//!
//! [`DevPostgres::start`] gives a running server for a directory: the Postgres binaries of this
//! machine where there are any, else a Postgres compiled to WebAssembly that runs inside this
//! process. Neither needs Docker, a network, or root, and both work as root too. The data stays in
//! the directory from one start to the next; one process at a time uses it, the others wait.
//!
//! The database is one that can be made anew: durability is traded for speed (`fsync` is off), so
//! a power cut may cost the data. A killed process does not.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod lock;
#[cfg(unix)]
mod native;
mod preference;
mod shared;

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

pub use error::Error;
pub use preference::Preference;
pub use shared::shared;

use error::Doing;
use preference::Choice;

/// Which Postgres answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// A server process from the binaries of this machine.
    Native {
        /// Its version, such as `15.18`.
        version: String,
        /// The directory of its binaries.
        bin: PathBuf,
    },
    /// A Postgres inside this process, which serves one connection at a time.
    Embedded {
        /// Its version, such as `18.4`.
        version: String,
    },
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Engine::Native { version, bin } => {
                write!(f, "PostgreSQL {version} ({})", bin.display())
            }
            Engine::Embedded { version } => write!(f, "PostgreSQL {version}, inside this process"),
        }
    }
}

/// A running development Postgres. Dropping it stops it; [`DevPostgres::stop`] also says how that went.
#[derive(Debug)]
pub struct DevPostgres {
    engine: Engine,
    // Before the lock: fields are dropped in this order, and the server must be gone when the lock goes.
    running: Running,
    _lock: File,
}

#[derive(Debug)]
enum Running {
    #[cfg(unix)]
    Native(native::Server),
    #[cfg(feature = "embedded")]
    Embedded(embedded::Embedded),
}

impl DevPostgres {
    /// Starts the development Postgres whose data is kept in `dir` (created at first use).
    ///
    /// While another process uses the same directory this waits, up to a minute, and then returns
    /// [`Error::Busy`]. A server that a killed process left behind is stopped first.
    pub async fn start(dir: &Path, preference: Preference) -> Result<DevPostgres, Error> {
        let choice = preference::choose(preference)?;
        fs::create_dir_all(dir).doing("create the directory", dir)?;
        let dir = fs::canonicalize(dir).doing("find the directory", dir)?;
        let lock = lock::acquire(&dir).await?;
        let (engine, running) = match choice {
            #[cfg(unix)]
            Choice::Native(binaries) => {
                let engine =
                    Engine::Native { version: binaries.version.clone(), bin: binaries.dir.clone() };
                let server = native::Server::start(binaries, &dir).await?;
                (engine, Running::Native(server))
            }
            #[cfg(feature = "embedded")]
            Choice::Embedded => {
                let engine = Engine::Embedded { version: embedded::VERSION.to_owned() };
                let postgres = embedded::Embedded::start(&dir).await?;
                (engine, Running::Embedded(postgres))
            }
        };
        Ok(DevPostgres { engine, running, _lock: lock })
    }

    /// Which Postgres this is.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Connects as the superuser `postgres` to the database `postgres`.
    ///
    /// The task that drives the connection is spawned on the current tokio runtime. The embedded
    /// engine serves one connection at a time: there this waits a few seconds for the client before
    /// it to be dropped, and then returns [`Error::InUse`].
    pub async fn connect(&self) -> Result<tokio_postgres::Client, Error> {
        self.connect_as("postgres", "postgres").await
    }

    /// Connects as another user or to another database. Users need no password.
    ///
    /// The embedded engine knows other databases but no other users: [`Error::Unsupported`].
    pub async fn connect_as(
        &self,
        user: &str,
        database: &str,
    ) -> Result<tokio_postgres::Client, Error> {
        match &self.running {
            #[cfg(unix)]
            Running::Native(server) => server.connect(user, database).await,
            #[cfg(feature = "embedded")]
            Running::Embedded(postgres) => postgres.connect(user, database).await,
        }
    }

    /// A connection URL that other processes of this user can use, where there is one: the embedded
    /// engine has none.
    pub fn url(&self, user: &str, database: &str) -> Option<String> {
        match &self.running {
            #[cfg(unix)]
            Running::Native(server) => Some(server.url(user, database)),
            #[cfg(feature = "embedded")]
            Running::Embedded(_) => {
                let _ = (user, database);
                None
            }
        }
    }

    /// Stops the server and waits until its data is written. Open connections are ended.
    pub async fn stop(self) -> Result<(), Error> {
        match self.running {
            #[cfg(unix)]
            Running::Native(server) => server.stop().await,
            #[cfg(feature = "embedded")]
            Running::Embedded(postgres) => postgres.stop().await,
        }
    }
}

/// Whether this machine has Postgres binaries that [`DevPostgres`] can use.
pub fn native_available() -> bool {
    #[cfg(unix)]
    return matches!(native::find(), Ok(Some(_)));
    #[cfg(not(unix))]
    return false;
}
