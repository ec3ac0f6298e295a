//! The way from a database to what is desired, and the way back.

use tokio_postgres::{Client, Transaction};

use super::{Comparison, Error, leave, look, snapshot};
use crate::catalog::introspect;
use crate::diff::{Change, Pair, rename, renamed};
use crate::model::Schema;
use crate::plan::{self, Plan};

/// Compares as [`super::compare`] does, and plans the way back to what the database holds too.
///
/// # Errors
/// The database does not answer or cannot be read.
pub async fn compare_both_ways(
    client: &mut Client,
    desired: &Schema,
) -> Result<(Comparison, Plan), Error> {
    let mut transaction = snapshot(client).await?;
    let (comparison, canonical) = look(&mut transaction, desired).await?;
    let before = before(&mut transaction, &comparison, desired).await?;
    leave(transaction).await?;
    let back = plan::back(Pair { previous: &before, next: desired }, &canonical);
    Ok((comparison, back))
}

/// What the database holds. Renames that are pending have happened in what was compared, so that it is read
/// again: what is desired is asked for by the names that it has there.
async fn before(
    transaction: &mut Transaction<'_>,
    comparison: &Comparison,
    desired: &Schema,
) -> Result<Schema, Error> {
    if desired.renames.is_empty() {
        return Ok(comparison.live.schema.clone());
    }
    let made: Vec<Change> = comparison.plan.steps.iter().map(|step| step.change.clone()).collect();
    let back = Schema { renames: rename::undoing(&made), ..desired.clone() };
    let schemas = Pair { previous: desired, next: &back };
    let asked = renamed(&rename::pending(schemas), schemas);
    Ok(introspect(transaction, &asked).await?.schema)
}
