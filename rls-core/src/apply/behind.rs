//! The steps of an online plan that stand behind its transaction: each statement commits by itself, and each
//! step can be run again.

use tokio_postgres::Client;

use super::patience::Patience;
use super::script::Script;
use super::{Error, compare};
use crate::catalog::Failure;
use crate::diff::{Change, OnTable, Pair};
use crate::model::Schema;
use crate::plan::{Batch, Plan, Step, not_null_stand_in};

/// Runs them in order, and compares the database with what is desired at the end.
pub(super) async fn run(
    client: &mut Client,
    plan: &Plan,
    desired: &Schema,
    patience: &Patience,
    on_step: &mut dyn FnMut(usize, usize, &Step),
) -> Result<(), Error> {
    let total = plan.steps.len();
    let steps = || plan.steps.iter().enumerate().filter(|(_, step)| step.batch == Batch::Behind);
    for (at, step) in steps() {
        let done = patience.retrying(client, async |client| once(client, step, patience).await);
        let done = done.await;
        done.map_err(|cause| Error::Unfinished { left: total - at, cause: Box::new(cause) })?;
        on_step(at + 1, total, step);
    }
    if steps().next().is_none() {
        return Ok(());
    }
    let left = compare(client, desired).await?.plan;
    if left.is_empty() { Ok(()) } else { Err(Error::StillDiffers(left)) }
}

async fn once(client: &Client, step: &Step, patience: &Patience) -> Result<(), Error> {
    let mut script = Script::default();
    for statement in &step.statements {
        script.push(statement)?;
    }
    let ran = script.run_singly(client, patience, false).await;
    let reset = "RESET lock_timeout; RESET statement_timeout";
    let done = client.batch_execute(reset).await;
    ran.map_err(|failed| Error::Database(failed.in_statement(&script)))?;
    Ok(done.map_err(|error| Failure::of(reset, error))?)
}

/// What may still be to do once the transaction of a plan has run: what stands behind it.
pub(super) fn is_expected(left: &Step, plan: &Plan) -> bool {
    let behind = plan.steps.iter().filter(|step| step.batch == Batch::Behind);
    let mut changes = behind.map(|step| &step.change);
    if let Change::DropCheck(check) = &left.change {
        // What stands in for NOT NULL.
        changes.any(|change| {
            matches!(change, Change::AlterColumn(on) if on.table == check.table
                && not_null_stand_in(&on.item.next.name) == check.item.name)
        })
    } else if let Change::AlterColumn(on) = &left.change {
        let Pair { previous, next } = &*on.item;
        let mut refusing = previous.clone();
        refusing.nullable = next.nullable;
        changes.any(|change| {
            matches!(change, Change::AlterColumn(done) if done.table == on.table
                && done.item.next == *next && refusing == *next)
        })
    } else if let Change::AddForeignKey(key) = &left.change {
        let named = Change::ValidateConstraint(OnTable {
            table: key.table.clone(),
            item: key.item.name.clone(),
        });
        changes.any(|change| *change == named || *change == left.change)
    } else {
        changes.any(|change| *change == left.change)
    }
}
