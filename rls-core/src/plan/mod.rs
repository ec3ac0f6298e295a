//! Changes become steps: in an order that never opens a window, each with its hazards and its SQL.

#![warn(clippy::wildcard_enum_match_arm)]

mod hazard;
mod lock;
mod objects;
mod online;
mod order;
mod parts;
mod user_type;

use std::collections::BTreeSet;

use crate::diff::{Canonical, Change, Pair, diff_remaking, rename, renamed};
use crate::model::{QualifiedName, RowSecurity, Schema, Sql, Table};
use crate::render;

pub use hazard::{Hazard, HazardKind};
pub use lock::{Held, Lock, LockMode};
pub(crate) use online::not_null_stand_in;
pub use parts::{Part, parts};

/// An ordered list of steps from one state to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of execution.
    pub steps: Vec<Step>,
}

/// A change, what it may do to data and access, and the statements that make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The change.
    pub change: Change,
    /// What to think about first.
    pub hazards: Vec<Hazard>,
    /// What it locks of what was there before.
    pub locks: Vec<Lock>,
    /// SQL statements without their semicolons.
    pub statements: Vec<String>,
    /// Whether it is a part of the transaction.
    pub batch: Batch,
}

/// Where a step runs. The order of the variants is the order of execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Batch {
    /// In the one transaction of the plan.
    #[default]
    Within,
    /// Behind that transaction, each statement by itself; it can be run again.
    Behind,
}

/// Where the previous state comes from, which decides what can be known about it.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A snapshot: everything in it was declared once.
    Snapshot,
    /// A live database, where others may have added to declared tables.
    Live {
        /// Tables of the declared schemas that are not declared.
        undeclared: &'a BTreeSet<QualifiedName>,
        /// Declared tables that are gone through in a moment.
        small: &'a BTreeSet<QualifiedName>,
    },
}

/// Plans the way from one state to the other.
pub fn plan(schemas: Pair<&Schema>, canonical: &Canonical, origin: Origin<'_>) -> Plan {
    let renames = rename::pending(schemas);
    let previous = renamed(&renames, schemas);
    after(renames, Pair { previous: &previous, next: schemas.next }, canonical, origin)
}

/// Plans the way back from the next state to the one before, in which everything has the name again that it
/// had.
pub fn back(schemas: Pair<&Schema>, canonical: &Canonical) -> Plan {
    let renames = rename::undoing(&rename::pending(schemas));
    let before = Schema { renames, ..schemas.previous.clone() };
    plan(Pair { previous: schemas.next, next: &before }, canonical, Origin::Snapshot)
}

/// The same where the previous state has the new names already: these renames lead there.
pub(crate) fn after(
    renames: Vec<Change>,
    schemas: Pair<&Schema>,
    canonical: &Canonical,
    origin: Origin<'_>,
) -> Plan {
    let mut changes = changes(schemas, canonical);
    changes.splice(0..0, renames);
    order::sort(&mut changes, schemas);
    let mut locks = lock::find(&changes, schemas);
    let mut hazards = hazard::find(&changes, &locks, schemas, canonical, origin);
    let steps = changes
        .into_iter()
        .enumerate()
        .map(|(at, change)| Step {
            statements: statements(&change, schemas),
            locks: std::mem::take(&mut locks[at]),
            hazards: hazards.remove(&at).unwrap_or_default(),
            batch: Batch::Within,
            change,
        })
        .collect();
    Plan { steps }
}

/// The statements of a change. Where one of them counts rows, it counts those too that the owner does
/// not see: policies that bind the owner do so already, and are not undone by a plan.
fn statements(change: &Change, schemas: Pair<&Schema>) -> Vec<String> {
    let statements = render::statements(change);
    let forced = |table: &&QualifiedName| {
        let found = [schemas.previous, schemas.next].map(|schema| schema.tables.get(*table));
        let forced = |table: &Table<Sql>| table.row_security == RowSecurity::Forced;
        found.into_iter().flatten().any(forced)
    };
    match render::counts_rows_of(change).filter(forced) {
        Some(table) => render::past_policies(table, statements),
        None => statements,
    }
}

/// The changes, where an enum whose new values are used at once is made anew.
fn changes(schemas: Pair<&Schema>, canonical: &Canonical) -> Vec<Change> {
    let mut remade = BTreeSet::new();
    loop {
        let changes = diff_remaking(schemas, &remade, canonical);
        let early = user_type::used_early(&changes);
        if early.is_empty() {
            return changes;
        }
        remade.extend(early);
    }
}

/// Plans a schema into an empty database.
pub fn from_nothing(schema: &Schema) -> Plan {
    let schemas = Pair { previous: &Schema::new_database(), next: schema };
    plan(schemas, &Canonical::default(), Origin::Snapshot)
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same for tables that others read and write meanwhile: what takes as long as a table is large
    /// is done behind the transaction, under locks that stop neither.
    #[must_use]
    pub fn online(self, next: &Schema) -> Plan {
        online::online(self, next)
    }

    /// The steps of a batch.
    pub fn batch(&self, batch: Batch) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.batch == batch)
    }

    /// The statements, one after the other, each ended by a semicolon. Steps of one table and one
    /// kind stand together.
    pub fn to_sql(&self) -> String {
        render::script(self.steps.iter().map(|step| step.statements.as_slice()))
    }

    /// The hazards that were not allowed, in the order of the steps.
    pub fn refused<'a>(&'a self, allowed: &'a [HazardKind]) -> impl Iterator<Item = &'a Hazard> {
        self.steps
            .iter()
            .flat_map(|step| &step.hazards)
            .filter(|hazard| !allowed.contains(&hazard.kind))
    }
}
