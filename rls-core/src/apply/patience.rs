//! How long a run waits for locks, and what it does then. A statement that waits for a lock makes everybody
//! wait who comes after it, so it gives way after a while and tries again.
//!
//! Source: Postgres manual, `lock_timeout`, `statement_timeout`.

use std::time::Duration;

use tokio_postgres::{GenericClient, error::SqlState};

use super::Error;
use crate::catalog::{self, Failure};

/// How long a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For each lock; zero waits for ever.
    pub lock_timeout: Duration,
    /// For each statement that keeps others waiting; none is what the server does by itself.
    pub statement_timeout: Option<Duration>,
    /// How often it is tried in all where a lock was not to be had.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { lock_timeout: Duration::from_secs(5), statement_timeout: None, attempts: 5 }
    }
}

impl Patience {
    /// Sets the server's clocks, for the transaction or for the session.
    pub(super) async fn set(&self, client: &impl GenericClient, scope: Scope) -> Result<(), Error> {
        let word = match scope {
            Scope::Transaction => "LOCAL",
            Scope::Session => "SESSION",
        };
        let mut set = format!("SET {word} lock_timeout = {}", self.lock_timeout.as_millis());
        if let Some(timeout) = self.statement_timeout {
            set += &format!("; SET {word} statement_timeout = {}", timeout.as_millis());
        }
        Ok(client.batch_execute(&set).await.map_err(|error| Failure::of(&set, error))?)
    }

    /// Whether to try again after what went wrong, and if so, waits: longer each time. The server does
    /// the sleeping.
    pub(super) async fn again(
        &self,
        client: &impl GenericClient,
        attempt: u32,
        error: &Error,
    ) -> Result<bool, Error> {
        if attempt >= self.attempts || !gave_way(error) {
            return Ok(false);
        }
        let seconds = f64::from(1 << attempt.min(5)) / 2.0;
        let sleep = format!("SELECT pg_catalog.pg_sleep({seconds})");
        client.batch_execute(&sleep).await.map_err(|error| Failure::of(&sleep, error))?;
        Ok(true)
    }
}

/// For how long a setting holds.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Transaction,
    Session,
}

/// Whether it is only that somebody else held a lock.
fn gave_way(error: &Error) -> bool {
    let failure = match error {
        Error::Database(failure) | Error::Catalog(catalog::Error::Database(failure)) => failure,
        Error::Migration { failure, .. } => failure,
        _ => return false,
    };
    let code = failure.code.as_deref();
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED]
        .iter()
        .any(|state| code == Some(state.code()))
}
