//! Who has to wait while a step has the rows of a table to read or to write.

use super::{Hazard, HazardKind};
use crate::diff::{Change, TypeAlteration};
use crate::plan::Origin;
use crate::plan::lock::{Held, Lock, LockMode};

/// A lock that is held for as long as it takes to go through a table is a matter of its size, and so
/// something to agree to. One that is held for a moment is told with the step, no more; and where a database is
/// there to be asked, a table that is small is gone through in a moment too.
pub(super) fn blocks(change: &Change, locks: &[Lock], origin: Origin<'_>) -> Vec<Hazard> {
    let small = |lock: &&Lock| match origin {
        Origin::Snapshot => false,
        Origin::Live { undeclared: _, small } => small.contains(&lock.relation),
    };
    locks.iter().filter(|lock| !small(lock)).filter_map(|lock| hazard(lock, change)).collect()
}

fn hazard(lock: &Lock, change: &Change) -> Option<Hazard> {
    let Lock { relation, mode, held } = lock;
    let (kind, stops) = match (mode, held) {
        (_, Held::Briefly) | (LockMode::ShareUpdateExclusive, _) => return None,
        (LockMode::AccessExclusive, Held::WhileRewritten) => (
            HazardKind::RewritesTable,
            format!(
                "every row of {relation} is written anew, and nobody reads or writes it meanwhile"
            ),
        ),
        (LockMode::AccessExclusive, Held::WhileScanned) => (
            HazardKind::BlocksReads,
            format!("{relation} is read from end to end, and nobody reads or writes it meanwhile"),
        ),
        (
            LockMode::Share | LockMode::ShareRowExclusive,
            Held::WhileScanned | Held::WhileRewritten,
        ) => (
            HazardKind::BlocksWrites,
            format!("{relation} is read from end to end, and nobody writes it meanwhile"),
        ),
    };
    let online = if has_online_form(change) { "; `--online` has a way around it" } else { "" };
    let message = format!("{}: {stops} ({mode}){online}", what(change));
    Some(Hazard { kind, message })
}

/// Whether an online plan makes the change in another way.
fn has_online_form(change: &Change) -> bool {
    if let Change::AlterColumn(column) = change {
        let (previous, next) = (&column.item.previous, &column.item.next);
        return previous.nullable && !next.nullable && previous.ty == next.ty;
    }
    matches!(
        change,
        Change::CreateIndex(_)
            | Change::AddUnique(_)
            | Change::AddPrimaryKey(_)
            | Change::AddCheck(_)
            | Change::AddForeignKey(_)
    )
}

/// The work that takes its time, in words.
fn what(change: &Change) -> String {
    if let Change::CreateIndex(on) = change {
        format!("the index \"{}\" is built", on.item.name)
    } else if let Change::AddUnique(on) = change {
        format!("the index of the unique constraint \"{}\" is built", on.item.name)
    } else if let Change::AddPrimaryKey(on) = change {
        format!("the index of the primary key \"{}\" is built", on.item.name)
    } else if let Change::AddExclusion(on) = change {
        format!("the index of the exclusion constraint \"{}\" is built", on.item.name)
    } else if let Change::AddCheck(on) = change {
        format!("the check \"{}\" is put to every row", on.item.name)
    } else if let Change::AddForeignKey(on) = change {
        format!("the foreign key \"{}\" is put to every row", on.item.name)
    } else if let Change::AddColumn(on) = change {
        format!("the column {}.{} gets a value in each row", on.table, on.item.name)
    } else if let Change::AlterColumn(on) = change {
        let (previous, next) = (&on.item.previous, &on.item.next);
        if previous.ty != next.ty {
            format!("the column {}.{} becomes {}", on.table, next.name, next.ty)
        } else if previous.nullable && !next.nullable {
            format!("the column {}.{} is looked through for NULL", on.table, next.name)
        } else {
            format!("the column {}.{} changes", on.table, next.name)
        }
    } else if let Change::AlterType { name, alteration: _ } = change {
        format!("the condition of the type {name} is put to every row")
    } else {
        "rows are looked at for where they belong".to_owned()
    }
}

/// What no later plan takes back.
pub(super) fn irreversible(change: &Change) -> Option<Hazard> {
    let message = if let Change::AlterType { name, alteration } = change
        && let TypeAlteration::AddValue { value, place: _ } = &**alteration
    {
        format!(
            "the type {name} gets the value {value:?}: Postgres takes no value back, and making the type anew writes every table with a column of it"
        )
    } else {
        return None;
    };
    Some(Hazard { kind: HazardKind::Irreversible, message })
}
