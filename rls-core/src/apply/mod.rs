//! Changing a database: all of a plan or nothing, and not believed until it has been read back.

mod baseline;
mod behind;
mod both_ways;
mod concurrently;
mod error;
mod history;
mod lock;
mod migrate;
mod migration;
mod patience;
#[cfg(feature = "serde")]
mod plan_file;
mod problem;
mod records;
mod renames;
mod run;
mod script;
mod stand_in;
mod undo;

use std::collections::BTreeSet;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, GenericClient, IsolationLevel, Transaction};

use crate::catalog::{Failure, Live, Standing, canonical, introspect, standing};
use crate::diff::{Canonical, Change, Pair};
use crate::model::Schema;
use crate::plan::{Batch, HazardKind, Origin, Plan, Step, after};

pub use baseline::baseline;
pub use both_ways::compare_both_ways;
pub use error::Error;
pub use history::{Status, pending, status};
pub use migrate::{Applied, migrate};
pub use migration::{Migration, NO_TRANSACTION};
pub use patience::Patience;
#[cfg(feature = "serde")]
pub use plan_file::PlanFile;
pub use problem::Problem;
pub use records::Record;
pub use stand_in::{StandIn, install_stand_in};
pub use undo::undo;

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
    Ok(begin(client, IsolationLevel::RepeatableRead).await?)
}

/// Ends a transaction that only looked.
pub(crate) async fn leave(transaction: Transaction<'_>) -> Result<(), Error> {
    Ok(transaction.rollback().await.map_err(|error| Failure::of("ROLLBACK", error))?)
}

/// How a database is changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The hazards that were agreed to.
    pub allowed: &'a [HazardKind],
    /// Whether tables are read and written meanwhile: what would keep others from them for long is then
    /// done behind the transaction ([`Plan::online`]).
    pub online: bool,
    /// How long locks are waited for.
    pub patience: Patience,
    /// The plan that was reviewed: nothing else is carried out, nor on another state.
    #[cfg(feature = "serde")]
    pub reviewed: Option<&'a PlanFile>,
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
    let options = Options { allowed, ..Options::default() };
    apply_with(client, desired, &options, on_step).await
}

/// The same, otherwise than usual. Where a lock is not to be had in time, all of the transaction is
/// rolled back and tried again.
///
/// # Errors
/// As for [`apply`]. Behind the transaction of an online plan, what is done stays done:
/// [`Error::Unfinished`] says so, and another run goes on from there.
pub async fn apply_with(
    client: &mut Client,
    desired: &Schema,
    options: &Options<'_>,
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<Comparison, Error> {
    if !options.online {
        return attempts(client, desired, options, on_step).await;
    }
    lock::held(client, async |client| {
        let applied = attempts(client, desired, options, on_step).await?;
        behind::run(client, &applied.plan, desired, &options.patience, on_step).await?;
        Ok(applied)
    })
    .await
}

async fn attempts(
    client: &mut Client,
    desired: &Schema,
    options: &Options<'_>,
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<Comparison, Error> {
    let once = async |client: &mut Client| in_transaction(client, desired, options, on_step).await;
    options.patience.retrying(client, once).await
}

async fn in_transaction(
    client: &mut Client,
    desired: &Schema,
    options: &Options<'_>,
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<Comparison, Error> {
    // Each query sees what is committed: the lock may have been waited for.
    let mut transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    lock::until_commit(&transaction).await?;
    let settings = options.patience.settings("LOCAL");
    let set = transaction.batch_execute(&settings).await;
    set.map_err(|error| Failure::of(&settings, error))?;
    let (mut comparison, _) = look(&mut transaction, desired).await?;
    if !comparison.live.missing_roles.is_empty() {
        return Err(Error::MissingRoles(comparison.live.missing_roles));
    }
    if options.online {
        comparison.plan = comparison.plan.online(desired);
    }
    #[cfg(feature = "serde")]
    if let Some(reviewed) = options.reviewed {
        reviewed.check(&comparison)?;
    }
    let refused: Vec<_> = comparison.plan.refused(options.allowed).cloned().collect();
    if !refused.is_empty() {
        return Err(Error::RefusedHazards(refused));
    }
    if !comparison.plan.is_empty() {
        execute(&transaction, &comparison.plan, on_step).await?;
        settle(&transaction, &comparison.plan).await?;
        let mut left = look(&mut transaction, desired).await?.0.plan;
        left.steps.retain(|step| !behind::is_expected(step, &comparison.plan));
        if !left.is_empty() {
            return Err(Error::Diverged(left));
        }
    }
    transaction.commit().await.map_err(|error| Failure::of("COMMIT", error))?;
    Ok(comparison)
}

async fn begin(
    client: &mut Client,
    isolation: IsolationLevel,
) -> Result<Transaction<'_>, Box<Failure>> {
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
    let origin = Origin::Live { undeclared: &live.undeclared, small: &live.small };
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

/// What the server says to a question of yes or no.
async fn ask(
    client: &impl GenericClient,
    question: &str,
    values: &[(&(dyn ToSql + Sync), Type)],
) -> Result<bool, Error> {
    let row = client.query_typed_one(question, values).await;
    let answer = row.and_then(|row| row.try_get(0));
    Ok(answer.map_err(|error| Failure::of(question, error))?)
}

/// Bytes in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All steps of the transaction sent at once: a plan is as fast over a long way as it is nearby.
async fn execute(
    transaction: &Transaction<'_>,
    plan: &Plan,
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<(), Error> {
    let mut script = script::Script::default();
    let mut step_of = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        if step.batch == Batch::Behind {
            continue;
        }
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
