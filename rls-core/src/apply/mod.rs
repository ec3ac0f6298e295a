//! Changing a database: all of a plan or nothing, and not believed until it has been read back.

mod error;
mod history;
mod lock;
mod migration;
mod renames;
mod script;
mod stand_in;

use std::collections::BTreeSet;

use tokio_postgres::{Client, IsolationLevel, Transaction};

use crate::catalog::{Failure, Live, Standing, canonical, introspect, standing};
use crate::diff::{Canonical, Change, Pair};
use crate::model::Schema;
use crate::plan::{HazardKind, Origin, Plan, Step, after};

pub use error::Error;
pub use history::{Applied, Problem, Record, Status, migrate, pending, status};
pub use migration::Migration;
pub use stand_in::{StandIn, install_stand_in};

/// A database beside what it should be.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What it holds.
    pub live: Live,
    /// What is to be done about it.
    pub plan: Plan,
}

/// Compares a database with what is desired, and leaves nothing behind: the transaction is rolled
/// back. Missing roles are no error here; they are in [`Live::missing_roles`].
///
/// # Errors
/// The database does not answer or cannot be read.
pub async fn compare(client: &mut Client, desired: &Schema) -> Result<Comparison, Error> {
    let mut transaction = snapshot(client).await?;
    let (comparison, _) = look(&mut transaction, desired).await?;
    leave(transaction).await?;
    Ok(comparison)
}

/// The same, and what stands around the declared things, of one moment.
///
/// # Errors
/// The database does not answer or cannot be read.
pub async fn survey(
    client: &mut Client,
    desired: &Schema,
) -> Result<(Comparison, BTreeSet<Standing>), Error> {
    let mut transaction = snapshot(client).await?;
    let (comparison, _) = look(&mut transaction, desired).await?;
    let standing = standing(&mut transaction, desired).await?;
    leave(transaction).await?;
    let standing = renames::told(standing, &comparison.plan);
    Ok((comparison, standing))
}

/// One snapshot for all queries, so that nobody's change is seen by half.
pub(crate) async fn snapshot(client: &mut Client) -> Result<Transaction<'_>, Error> {
    begin(client, IsolationLevel::RepeatableRead).await
}

/// Ends a transaction that only looked.
pub(crate) async fn leave(transaction: Transaction<'_>) -> Result<(), Error> {
    Ok(transaction.rollback().await.map_err(|error| Failure::of("ROLLBACK", error))?)
}

/// Makes a database what is desired, in one transaction, and reads it back before the commit.
/// Another run is waited for, up to half a minute. `on_step` hears of each step that is done: how
/// many, of how many, and which. Returns what was found and what was done about it.
///
/// # Errors
/// Nothing is left behind where roles are missing, a hazard is not allowed, a statement fails, or
/// the database still differs after the last step.
pub async fn apply(
    client: &mut Client,
    desired: &Schema,
    allowed: &[HazardKind],
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<Comparison, Error> {
    // Each query sees what is committed: the lock may have been waited for.
    let mut transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    lock::until_commit(&transaction).await?;
    let (comparison, _) = look(&mut transaction, desired).await?;
    if !comparison.live.missing_roles.is_empty() {
        return Err(Error::MissingRoles(comparison.live.missing_roles));
    }
    let refused: Vec<_> = comparison.plan.refused(allowed).cloned().collect();
    if !refused.is_empty() {
        return Err(Error::RefusedHazards(refused));
    }
    if !comparison.plan.is_empty() {
        execute(&transaction, &comparison.plan, on_step).await?;
        settle(&transaction, &comparison.plan).await?;
        let left = look(&mut transaction, desired).await?.0.plan;
        if !left.is_empty() {
            return Err(Error::Diverged(left));
        }
    }
    transaction.commit().await.map_err(|error| Failure::of("COMMIT", error))?;
    Ok(comparison)
}

async fn begin(client: &mut Client, isolation: IsolationLevel) -> Result<Transaction<'_>, Error> {
    let transaction = client.build_transaction().isolation_level(isolation).read_only(false);
    let transaction = transaction.start().await.map_err(|error| Failure::of("BEGIN", error))?;
    // What the renderer and the lexer take for granted.
    let strings = "SET LOCAL standard_conforming_strings = on";
    let set = transaction.batch_execute(strings).await;
    set.map_err(|error| Failure::of(strings, error))?;
    Ok(transaction)
}

/// Reads a database and plans what it lacks; with that, which texts its server holds for equal. Things that
/// are to be called otherwise are so while it is read.
pub(crate) async fn look(
    transaction: &mut Transaction<'_>,
    desired: &Schema,
) -> Result<(Comparison, Canonical), Error> {
    let renames = renames::pending(transaction, desired).await?;
    if renames.is_empty() {
        return look_behind(renames, transaction, desired).await;
    }
    let mut savepoint = renames::made(transaction, &renames).await?;
    let found = look_behind(renames, &mut savepoint, desired).await?;
    leave(savepoint).await?;
    Ok(found)
}

async fn look_behind(
    renames: Vec<Change>,
    transaction: &mut Transaction<'_>,
    desired: &Schema,
) -> Result<(Comparison, Canonical), Error> {
    let live = introspect(transaction, desired).await?;
    let schemas = Pair { previous: &live.schema, next: desired };
    let canonical = canonical(transaction, schemas).await?;
    let origin = Origin::Live { undeclared: &live.undeclared };
    let plan = after(renames, schemas, &canonical, origin);
    Ok((Comparison { live, plan }, canonical))
}

/// A savepoint is refused as long as Postgres has not told its own caches of an ALTER DOMAIN, and that
/// is left to the next command that writes to the catalog: here one that leaves nothing behind.
async fn settle(transaction: &Transaction<'_>, plan: &Plan) -> Result<(), Error> {
    if !plan.steps.iter().any(|step| matches!(step.change, Change::AlterType { .. })) {
        return Ok(());
    }
    for statement in [
        "CREATE FUNCTION pg_temp.rls_settled() RETURNS void LANGUAGE sql AS ''",
        "DROP FUNCTION pg_temp.rls_settled()",
    ] {
        let done = transaction.batch_execute(statement).await;
        done.map_err(|error| Failure::of(statement, error))?;
    }
    Ok(())
}

/// All steps sent at once: a plan is as fast over a long way as it is nearby.
async fn execute(
    transaction: &Transaction<'_>,
    plan: &Plan,
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<(), Error> {
    let mut script = script::Script::default();
    let mut step_of = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        for statement in &step.statements {
            script.push(statement)?;
            step_of.push(at);
        }
    }
    let mut on_done = |done: usize| {
        let at = step_of.get(done - 1).copied().unwrap_or_default();
        // The last statement of a step is followed by another step's, or by none.
        if step_of.get(done) != Some(&at) {
            on_step(at + 1, plan.steps.len(), &plan.steps[at]);
        }
    };
    script.run(transaction, &mut on_done).await.map_err(|failed| failed.in_statement(&script))?;
    Ok(())
}
