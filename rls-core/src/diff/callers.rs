//! What calls a function that is dropped: parts of tables, and functions whose bodies Postgres has read,
//! which stand on whatever they name. They make way before it goes, also where their table goes too.

use super::dependents::Rebuilt;
use super::readers::Moved;
use super::table::On;
use super::{Change, OnTable, Pair, function};
use crate::model::{
    Body, Column, Exclusion, Function, Index, IndexKey, IndexValue, Schema, Sql, Table,
};

/// Adds the changes that let them make way and come back.
pub(super) fn rebuild(schemas: Pair<&Schema>, rebuilt: &Rebuilt, changes: &mut Vec<Change>) {
    functions(schemas, rebuilt, changes);
    for previous in schemas.previous.tables.values() {
        // One that is made anew has everything at once.
        let goes = changes.contains(&Change::DropTable(previous.name.clone()));
        let next = schemas.next.tables.get(&previous.name).filter(|_| !goes);
        for column in &previous.columns {
            default(previous, column, next, rebuilt, changes);
        }
        parts(previous, next, rebuilt, changes);
    }
}

/// Functions with SQL-standard bodies, and with arguments that call by themselves.
fn functions(schemas: Pair<&Schema>, rebuilt: &Rebuilt, changes: &mut Vec<Change>) {
    let moved = Moved::by(changes);
    for (routine, next) in &schemas.next.functions {
        let Some(previous) = schemas.previous.functions.get(routine) else { continue };
        let dropped = Change::DropFunction(routine.clone());
        if changes.contains(&dropped) || !leans(previous, rebuilt, &moved) {
            continue;
        }
        changes.retain(|change| {
            !matches!(change, Change::ReplaceFunction(pair) if pair.next.routine() == *routine)
        });
        changes.extend([dropped, function::create(next, schemas.next)]);
    }
}

fn leans(function: &Function, rebuilt: &Rebuilt, moved: &Moved) -> bool {
    let defaults = function.arguments.iter().filter_map(|argument| argument.default.as_ref());
    let body = match &function.body {
        Body::Text(_) => None,
        Body::Standard { standard } => Some(standard),
    };
    let types = function.arguments.iter().map(|argument| &argument.ty);
    defaults.chain(body).any(|sql| rebuilt.named_in(sql) || moved.is_named_in(sql.as_str()))
        || types.chain(function.returns.types()).any(|ty| rebuilt.is_anew(ty))
}

/// The default of a column is taken away first, and comes back last.
fn default(
    table: &Table<Sql>,
    previous: &Column<Sql>,
    next: Option<&Table<Sql>>,
    rebuilt: &Rebuilt,
    changes: &mut Vec<Change>,
) {
    if !previous.default.as_ref().is_some_and(|default| rebuilt.called_in(default)) {
        return;
    }
    let on = On(&table.name);
    let alter = |previous: &Column<Sql>, next: &Column<Sql>| {
        let pair = Pair { previous: previous.clone(), next: next.clone() };
        Change::AlterColumn(on.item(&Box::new(pair)))
    };
    let between = Column { default: None, ..previous.clone() };
    let empty = alter(previous, &between);
    if changes.contains(&empty) {
        return;
    }
    let same = |change: &Change| matches!(change, Change::AlterColumn(on) if on.table == table.name && on.item.next.name == previous.name);
    changes.retain(|change| !same(change));
    changes.push(empty);
    let gone =
        Change::DropColumn(OnTable { table: table.name.clone(), item: previous.name.clone() });
    let next = next.and_then(|next| next.column(&previous.name));
    if let (Some(next), false) = (next, changes.contains(&gone)) {
        changes.push(alter(&between, next));
    }
}

/// Checks, exclusion constraints, indexes, and the triggers of a table that goes.
fn parts(
    previous: &Table<Sql>,
    next: Option<&Table<Sql>>,
    rebuilt: &Rebuilt,
    changes: &mut Vec<Change>,
) {
    let on = On(&previous.name);
    let mut rebuild = |dropped: Change, made: Change| {
        if !changes.contains(&dropped) {
            changes.push(dropped);
            changes.extend(next.is_some().then_some(made));
        }
    };
    for (name, check) in &previous.checks {
        if rebuilt.called_in(&check.expr) {
            let check = on.named(name, check);
            rebuild(Change::DropCheck(check.clone()), Change::AddCheck(check));
        }
    }
    for (name, exclusion) in &previous.exclusions {
        let Exclusion { elements, predicate, .. } = exclusion;
        let mut keys = elements.iter().map(|element| &element.key);
        if keys.any(|key| calls(key, rebuilt)) || predicate.iter().any(|it| rebuilt.called_in(it)) {
            let exclusion = on.named(name, exclusion);
            rebuild(Change::DropExclusion(exclusion.clone()), Change::AddExclusion(exclusion));
        }
    }
    for (name, index) in &previous.indexes {
        let Index { keys, predicate, .. } = index;
        let mut keys = keys.iter();
        if keys.any(|key| calls(key, rebuilt)) || predicate.iter().any(|it| rebuilt.called_in(it)) {
            let index = on.named(name, index);
            rebuild(Change::DropIndex(index.clone()), Change::CreateIndex(index));
        }
    }
    let gone = previous.triggers.iter().filter(|_| next.is_none());
    for (name, trigger) in gone.filter(|(_, trigger)| rebuilt.called_by(trigger)) {
        let trigger = on.named(name, trigger);
        rebuild(Change::DropTrigger(trigger.clone()), Change::CreateTrigger(trigger));
    }
}

fn calls(key: &IndexKey<Sql>, rebuilt: &Rebuilt) -> bool {
    match &key.value {
        IndexValue::Column(_) => false,
        IndexValue::Expr(sql) => rebuilt.called_in(sql),
    }
}
