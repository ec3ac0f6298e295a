//! Running the text of one migration, forwards or back, together with its entry in the history.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, IsolationLevel};

use super::migration::Migration;
use super::records::Entry;
use super::script::{Failed, Script};
use super::{Error, Patience, begin};
use crate::catalog::Failure;

/// Runs it, and again where a lock of somebody else was in the way: a transaction has left nothing then,
/// and what runs outside of one can be run again from its start.
pub(super) async fn run(
    client: &mut Client,
    migration: &Migration,
    script: &Script,
    entry: Entry<'_>,
    patience: &Patience,
) -> Result<Duration, Error> {
    let once = async |client: &mut Client| {
        let begun = Instant::now();
        let done = if migration.runs_in_transaction() {
            in_transaction(client, script, entry, patience, begun).await
        } else {
            outside(client, script, entry, patience, begun).await
        };
        match done {
            Ok(()) => Ok(begun.elapsed()),
            Err(failure) => Err(Error::Migration { file: migration.file(), failure }),
        }
    };
    patience.retrying(client, once).await
}

/// What an earlier migration has set would otherwise reach this one, in this run and in no other.
const AFRESH: &str = "RESET ALL; RESET ROLE";

async fn in_transaction(
    client: &mut Client,
    script: &Script,
    entry: Entry<'_>,
    patience: &Patience,
    begun: Instant,
) -> Result<(), Box<Failure>> {
    execute(client, AFRESH).await?;
    let transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    let settings = patience.settings("LOCAL");
    let set = transaction.batch_execute(&settings).await;
    set.map_err(|error| Failure::of(&settings, error))?;
    script.run(&transaction, &mut |_| {}).await.map_err(|failed| failed.in_text(script))?;
    entry.end(&transaction, begun.elapsed()).await?;
    transaction.commit().await.map_err(|error| Failure::of("COMMIT", error))?;
    Ok(())
}

/// The history says that it begins, and in the end that it ended: what is killed in between is begun again.
async fn outside(
    client: &mut Client,
    script: &Script,
    entry: Entry<'_>,
    patience: &Patience,
    begun: Instant,
) -> Result<(), Box<Failure>> {
    execute(client, AFRESH).await?;
    execute(client, "SET standard_conforming_strings = on").await?;
    let again = entry.is_begun(client).await?;
    let told = |failed: Failed| failed.in_text(script);
    // What somebody else has built is not taken for what this migration builds, now or the next time.
    if again || !script.would_build_twice(client).await.map_err(told)? {
        entry.begin(client).await?;
    }
    let ran = script.run_singly(client, patience, again).await;
    let afresh = execute(client, AFRESH).await;
    ran.map_err(told)?;
    afresh?;
    entry.end(client, begun.elapsed()).await?;
    Ok(())
}

async fn execute(client: &Client, statement: &str) -> Result<(), Box<Failure>> {
    let done = client.batch_execute(statement).await;
    done.map_err(|error| Box::new(Failure::of(statement, error)))
}
