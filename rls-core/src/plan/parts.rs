//! A plan in parts that are each done once, one after the other, as migrations are: its transaction, and
//! every step behind it by itself. What lies between two of them is a state like any other, so that each part
//! has a way back.

use super::{Batch, HazardKind, Plan, Step, back, not_null_stand_in};
use crate::diff::{Canonical, Change, Named, OnTable, Pair};
use crate::model::{Check, Ident, QualifiedName, Schema, Sql, Table};

/// What is done at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is done.
    pub plan: Plan,
    /// What undoes it.
    pub back: Plan,
    /// Whether it can be a transaction. Otherwise it is one statement.
    pub in_transaction: bool,
}

/// Takes apart a plan for these schemas, of which one is a snapshot.
pub fn parts(plan: Plan, schemas: Pair<&Schema>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut next = schemas.next.clone();
    for steps in in_pieces(plan).into_iter().rev() {
        let mut previous = next.clone();
        for step in steps.iter().rev() {
            take_back(step, &mut previous);
        }
        // Of what is in the transaction, the state before is the one that the plan was made for.
        let is_first = steps.iter().all(|step| step.batch == Batch::Within);
        let before = if is_first { schemas.previous } else { &previous };
        let back = back(Pair { previous: before, next: &next }, &Canonical::default());
        parts.push(part(steps, back));
        next = previous;
    }
    parts.reverse();
    parts
}

/// The transaction, and each step behind it. Comments go together.
fn in_pieces(plan: Plan) -> Vec<Vec<Step>> {
    let mut pieces: Vec<Vec<Step>> = Vec::new();
    for step in plan.steps {
        let joins = |last: &Step| match step.batch {
            Batch::Within => true,
            Batch::Behind => {
                [last, &step].iter().all(|step| matches!(step.change, Change::Comment { .. }))
            }
        };
        match pieces.last_mut() {
            Some(piece) if piece.last().is_some_and(joins) => piece.push(step),
            Some(_) | None => pieces.push(vec![step]),
        }
    }
    pieces
}

fn part(mut steps: Vec<Step>, back: Plan) -> Part {
    let builds = |step: &Step| matches!(step.change, Change::CreateIndex(_));
    let in_transaction = !steps.iter().any(|step| step.batch == Batch::Behind && builds(step));
    if in_transaction {
        for step in &mut steps {
            step.hazards.retain(|hazard| hazard.kind != HazardKind::OutsideTransaction);
        }
    }
    Part { plan: Plan { steps }, back, in_transaction }
}

/// The state before a step behind the transaction.
fn take_back(step: &Step, schema: &mut Schema) {
    if step.batch == Batch::Within {
        return;
    }
    if let Change::CreateIndex(OnTable { table, item }) = &step.change {
        change(schema, table, |table| table.indexes.remove(&item.name));
        schema.views.get_mut(table).map(|view| view.indexes.remove(&item.name));
    } else if let Change::AddUnique(OnTable { table, item }) = &step.change {
        change(schema, table, |table| {
            table.uniques.remove(&item.name);
            table.indexes.insert(item.name.clone(), item.item.index())
        });
    } else if let Change::AddPrimaryKey(OnTable { table, item }) = &step.change {
        change(schema, table, |table| {
            table.primary_key = None;
            table.indexes.insert(item.name.clone(), item.index())
        });
    } else if let Change::AddForeignKey(OnTable { table, item: Named { name, .. } }) = &step.change
    {
        change(schema, table, |table| table.foreign_keys.remove(name));
    } else if let Change::ValidateConstraint(OnTable { table, item }) = &step.change {
        change(schema, table, |table| unprove(table, item));
    } else if let Change::AlterColumn(OnTable { table, item }) = &step.change {
        change(schema, table, |table| allow_null(table, &item.next.name));
    } else if let Change::Comment { on, text: _ } = &step.change {
        schema.comments.remove(on);
    }
}

fn change<T>(
    schema: &mut Schema,
    table: &QualifiedName,
    change: impl FnOnce(&mut Table<Sql>) -> T,
) {
    schema.tables.get_mut(table).map(change);
}

fn unprove(table: &mut Table<Sql>, constraint: &Ident) {
    if let Some(check) = table.checks.get_mut(constraint) {
        check.not_valid = true;
    }
    if let Some(key) = table.foreign_keys.get_mut(constraint) {
        key.not_valid = true;
    }
}

/// A column that a check holds to NOT NULL.
fn allow_null(table: &mut Table<Sql>, column: &Ident) {
    for found in table.columns.iter_mut().filter(|found| found.name == *column) {
        found.nullable = true;
    }
    let expr = Sql::new(format!("{} IS NOT NULL", crate::render::ident(column)));
    let check = Check { expr, no_inherit: false, not_valid: true };
    table.checks.insert(not_null_stand_in(column), check);
}
