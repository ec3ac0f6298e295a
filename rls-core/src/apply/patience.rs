//! How long a run waits for locks, and what it does then. A statement that waits for a lock makes everybody
//! wait who comes after it, so it gives way after a while and tries again.
//!
//! Source: Postgres manual, `lock_timeout`, `statement_timeout`.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

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
    /// The statements that set the server's clocks, until the transaction ends (`LOCAL`) or the session
    /// (`SESSION`).
    pub(super) fn settings(&self, scope: &str) -> String {
        let Patience { lock_timeout, statement_timeout, attempts: _ } = self;
        let mut settings = format!("SET {scope} lock_timeout = {}", lock_timeout.as_millis());
        if let Some(timeout) = statement_timeout {
            settings += &format!("; SET {scope} statement_timeout = {}", timeout.as_millis());
        }
        settings
    }

    /// Does some work, and does it again where a lock of somebody else was in the way: what failed so has left
    /// nothing, or can be begun again.
    pub(super) async fn retrying<T>(
        &self,
        client: &mut Client,
        mut work: impl AsyncFnMut(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            match work(client).await {
                Err(error) if attempt < self.attempts && was_locked_out(&error) => {
                    pause(client, attempt).await?;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }
}

/// Whether it is only that somebody else held a lock.
fn was_locked_out(error: &Error) -> bool {
    let (Error::Database(failure)
    | Error::Catalog(catalog::Error::Database(failure))
    | Error::Migration { failure, .. }) = error
    else {
        return false;
    };
    let code = failure.code.as_deref();
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED]
        .iter()
        .any(|state| code == Some(state.code()))
}

/// Each time twice as long; the server does the sleeping.
async fn pause(client: &Client, attempt: u32) -> Result<(), Error> {
    let sleep =
        format!("SELECT pg_catalog.pg_sleep({})", 0.25 * f64::from(1_u32 << attempt.min(8)));
    Ok(client.batch_execute(&sleep).await.map_err(|error| Failure::of(&sleep, error))?)
}
