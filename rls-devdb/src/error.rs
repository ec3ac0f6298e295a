//! What can go wrong, each said in a sentence, with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a development Postgres did not start, connect or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be used.
    #[error("could not {doing} {}: {source}", path.display())]
    File {
        /// What was being done, such as "create the directory".
        doing: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// An environment variable has a value that means nothing here.
    #[error("{name} is set to {value:?}, which is none of: {expected}. Correct it or unset it.")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },

    /// The directory in `RLS_POSTGRES_BIN` does not hold a usable Postgres.
    #[error(
        "RLS_POSTGRES_BIN is set to {}, which holds no usable Postgres: {reason}. \
         Set it to a directory with initdb and postgres of version 14 or later, or unset it.",
        dir.display()
    )]
    Binaries {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// There is no Postgres of the kind that was asked for.
    #[error("{0}")]
    NoPostgres(&'static str),

    /// Another process uses the directory and did not finish in time.
    #[error(
        "another process has been using the development Postgres in {} for {seconds} s. \
         Stop that process, or use another directory.",
        dir.display()
    )]
    Busy {
        /// The directory.
        dir: PathBuf,
        /// How long this process waited.
        seconds: u64,
    },

    /// The embedded Postgres serves one connection at a time, and it has one.
    #[error(
        "the embedded Postgres serves one connection at a time, and the one before was not closed \
         within {seconds} s. Drop the other client first, or install Postgres and use that."
    )]
    InUse {
        /// How long this connection waited.
        seconds: u64,
    },

    /// The embedded Postgres has sessions of the superuser alone.
    #[error(
        "the embedded Postgres cannot let anyone in but the superuser postgres, and {user} was asked \
         for. Connect as postgres and use SET LOCAL ROLE in a transaction, or install Postgres and use that."
    )]
    Unsupported {
        /// The user.
        user: String,
    },

    /// A directory in a shared place belongs to someone else.
    #[error("{} is not safe to use: {reason}. Remove it, or set TMPDIR to another directory.", path.display())]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// No user was found that the server could run as.
    #[error(
        "Postgres refuses to run as root, and this machine has neither a user postgres nor nobody \
         that it could run as. Run this as another user, or set RLS_POSTGRES=embedded."
    )]
    NoServerUser,

    /// A program could not be run.
    #[error("could not run {}: {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The data directory could not be made.
    #[error("initdb could not make a database in {}:\n{output}", data.display())]
    Initdb {
        /// The data directory.
        data: PathBuf,
        /// What initdb said.
        output: String,
    },

    /// The server ended, or did not answer, while it was starting.
    #[error(
        "the development Postgres {what}. The end of its log, {}:\n{tail}\n\
         If its data is damaged, delete {} and start again.",
        log.display(), data.display()
    )]
    Start {
        /// "ended while starting", say.
        what: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
        /// The data directory.
        data: PathBuf,
    },

    /// The server refused a connection.
    #[error(
        "could not connect to the development Postgres as {user} to database {database}: {}",
        cause(source)
    )]
    Connect {
        /// The user.
        user: String,
        /// The database.
        database: String,
        /// What the server or the driver said.
        source: tokio_postgres::Error,
    },

    /// The server did not stop in an orderly way.
    #[error(
        "the development Postgres did not stop cleanly: {0}. The next start recovers its data."
    )]
    Stop(String),

    /// The embedded Postgres could not be opened.
    #[error(
        "the embedded Postgres could not be opened: {reason}. \
         If its data is damaged, delete {} and start again.",
        dir.display()
    )]
    Embedded {
        /// Where its data is.
        dir: PathBuf,
        /// What it said.
        reason: String,
    },

    /// The embedded Postgres has ended.
    #[error("the embedded Postgres has ended after a failure inside it. Start it again.")]
    Ended,
}

/// The driver's message, with the server's own words where there are any.
fn cause(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => error.to_string(),
    }
}

/// Says with which file an operation failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::File { doing, path: path.to_owned(), source })
    }
}
