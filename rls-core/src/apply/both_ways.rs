//! The way from a database to what is desired, and the way back.

use tokio_postgres::Client;

use super::{Comparison, Error, compare, leave, look, snapshot};
use crate::diff::Pair;
use crate::model::{Renames, Schema};
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
    leave(transaction).await?;
    // Renames that are pending have happened in what was compared.
    let unnamed = Schema { renames: Renames::default(), ..desired.clone() };
    let before = if desired.renames.is_empty() {
        comparison.live.schema.clone()
    } else {
        compare(client, &unnamed).await?.live.schema
    };
    let back = plan::back(Pair { previous: &before, next: desired }, &canonical);
    Ok((comparison, back))
}
