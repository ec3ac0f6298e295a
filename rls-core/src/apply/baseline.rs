//! Taking over a database that holds already what the migrations lead to.

use std::time::Duration;

use tokio_postgres::{Client, IsolationLevel};

use super::history::line_up;
use super::migration::Migration;
use super::records;
use super::{Comparison, Error, begin, compare, lock};
use crate::catalog::Failure;
use crate::model::Schema;

/// Enters all migrations as applied without running them, where the database holds exactly the schema
/// that they lead to: nothing is entered unless the comparison is empty. Another run is waited for, up
/// to half a minute.
///
/// # Errors
/// The database has a history, the files are at odds with each other, or it does not answer.
pub async fn baseline(
    client: &mut Client,
    migrations: &[Migration],
    schema: &Schema,
) -> Result<Comparison, Error> {
    lock::held(client, async |client| {
        let records = records::read(client).await?;
        if let Some(last) = records.last() {
            return Err(Error::HasHistory(last.file()));
        }
        let (_, problems) = line_up(migrations, records);
        if !problems.is_empty() {
            return Err(Error::Migrations(problems));
        }
        let comparison = compare(client, schema).await?;
        if comparison.is_empty() {
            records::prepare(client).await?;
            let transaction = begin(client, IsolationLevel::ReadCommitted).await?;
            for migration in migrations {
                records::enter(&transaction, migration, Some(Duration::ZERO), true).await?;
            }
            transaction.commit().await.map_err(|error| Failure::of("COMMIT", error))?;
        }
        Ok(comparison)
    })
    .await
}

impl Comparison {
    /// Whether the database holds what is desired, and the server the roles.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.live.missing_roles.is_empty()
    }
}
