//! The way from a database to what is desired, and the way back.

use tokio_postgres::Client;

use super::{Comparison, Error, leave, look, snapshot};
use crate::diff::Pair;
use crate::model::Schema;
use crate::plan::{Origin, Plan, plan};

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
    let back = Pair { previous: desired, next: &comparison.live.schema };
    let back = plan(back, &canonical, Origin::Snapshot);
    Ok((comparison, back))
}
