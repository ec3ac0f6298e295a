//! One run at a time in each database.

use std::time::{Duration, Instant};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, Transaction};

use super::{Error, ask};
use crate::catalog::Failure;

/// The key of the advisory lock: `rls` and `sch` in ASCII. It must never change.
const KEY: i64 = 0x0072_6c73_0073_6368;

const PATIENCE: Duration = Duration::from_secs(30);

/// Takes the lock until the transaction ends.
pub(super) async fn until_commit(transaction: &Transaction<'_>) -> Result<(), Error> {
    wait(transaction, "SELECT pg_catalog.pg_try_advisory_xact_lock($1)").await
}

/// Holds the lock while `work` is done, or until the end of the connection.
pub(super) async fn held<T>(
    client: &mut Client,
    work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>,
) -> Result<T, Error> {
    wait(client, "SELECT pg_catalog.pg_try_advisory_lock($1)").await?;
    let done = work(client).await;
    let released =
        ask(client, "SELECT pg_catalog.pg_advisory_unlock($1)", &[(&KEY, Type::INT8)]).await;
    let done = done?;
    released?;
    Ok(done)
}

/// Asks again and again rather than once and for long: a statement that waits holds a snapshot,
/// and the other run may be waiting for that to go. The server does the sleeping.
async fn wait(client: &impl GenericClient, attempt: &str) -> Result<(), Error> {
    let begin = Instant::now();
    while !ask(client, attempt, &[(&KEY, Type::INT8)]).await? {
        if begin.elapsed() > PATIENCE {
            return Err(Error::Busy);
        }
        let sleep = "SELECT pg_catalog.pg_sleep(0.1)";
        client.batch_execute(sleep).await.map_err(|error| Failure::of(sleep, error))?;
    }
    Ok(())
}
