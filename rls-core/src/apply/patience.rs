//! How long a run waits for others before it gives way to them.

use std::time::Duration;

use crate::catalog::Failure;

/// How long a run waits for locks that others hold, and how often it tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long one statement waits for a lock. Whoever queues behind it waits as long.
    pub lock_timeout: Duration,
    /// How long one statement may take; none without a limit.
    pub statement_timeout: Option<Duration>,
    /// How often something is tried that a lock kept from running.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { lock_timeout: Duration::from_secs(5), statement_timeout: None, attempts: 5 }
    }
}

impl Patience {
    /// The statements that tell the server, until the transaction ends (`LOCAL`) or the session (`SESSION`).
    pub(super) fn settings(&self, scope: &str) -> String {
        let Patience { lock_timeout, statement_timeout, attempts: _ } = self;
        let mut settings = format!("SET {scope} lock_timeout = {}", lock_timeout.as_millis());
        if let Some(timeout) = statement_timeout {
            settings += &format!("; SET {scope} statement_timeout = {}", timeout.as_millis());
        }
        settings
    }
}

/// Whether a statement failed because somebody else held a lock for too long.
pub(super) fn was_locked_out(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("55P03")
}
