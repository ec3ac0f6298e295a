//! What goes with a column that is dropped and added again, which is all that is on it or reads it.

use super::constraint::again;
use super::table::On;
use super::{Change, Pair};
use crate::lex;
use crate::model::{
    Exclusion, Ident, Index, IndexKey, IndexValue, PrimaryKey, QualifiedName, Schema, Sql, Table,
    Unique,
};

/// Adds the dropping and making again of what stays as it is, on columns that are made anew.
pub(super) fn rebuild(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let columns: Vec<_> = changes.iter().filter_map(|change| dropped(change, changes)).collect();
    let mut again = Vec::new();
    let both = |table| {
        let both = schemas.previous.tables.get(table).zip(schemas.next.tables.get(table));
        both.map(|(previous, next)| Pair { previous, next })
    };
    let mut rebuild = |dropped: Change, made: Change| {
        if !changes.contains(&dropped) && !again.contains(&dropped) {
            again.extend([dropped, made]);
        }
    };
    for (table, column) in &columns {
        let Some(tables) = both(table) else { continue };
        keys_on(tables, column, &mut rebuild);
        texts_on(tables, column, &mut rebuild);
    }
    changes.extend(again);
}

/// The column that a change drops for another to take its place.
fn dropped(change: &Change, changes: &[Change]) -> Option<(QualifiedName, Ident)> {
    let Change::DropColumn(gone) = change else { return None };
    let added = |change: &Change| matches!(change, Change::AddColumn(on) if on.table == gone.table && on.item.name == gone.item);
    changes.iter().any(added).then(|| (gone.table.clone(), gone.item.clone()))
}

fn keys_on(tables: Pair<&Table<Sql>>, column: &Ident, rebuild: &mut impl FnMut(Change, Change)) {
    let on = On(&tables.next.name);
    let previous = tables.previous;
    let holds =
        |unique: &Unique| unique.columns.contains(column) || unique.include.contains(column);
    for (name, unique) in previous.uniques.iter().filter(|(_, unique)| holds(unique)) {
        let dropped = Change::DropUnique(on.named(name, unique));
        rebuild(dropped, Change::AddUnique(on.named(name, unique)));
    }
    let holds = |key: &&PrimaryKey| key.columns.contains(column) || key.include.contains(column);
    if let Some(key) = previous.primary_key.as_ref().filter(holds) {
        rebuild(Change::DropPrimaryKey(on.item(key)), Change::AddPrimaryKey(on.item(key)));
    }
}

/// Checks, indexes and exclusion constraints that are on the column or name it.
fn texts_on(tables: Pair<&Table<Sql>>, column: &Ident, rebuild: &mut impl FnMut(Change, Change)) {
    let on = On(&tables.next.name);
    let Pair { previous, next } = tables;
    for (name, check) in previous.checks.iter().filter(|(_, it)| names(&it.expr, column)) {
        let made = again(Pair { previous: check, next: next.checks.get(name).unwrap_or(check) });
        let dropped = Change::DropCheck(on.named(name, check));
        rebuild(dropped, Change::AddCheck(on.named(name, &made)));
    }
    let reads = |key: &IndexKey<Sql>| match &key.value {
        IndexValue::Column(name) => name == column,
        IndexValue::Expr(sql) => names(sql, column),
    };
    let besides = |include: &[Ident], predicate: &Option<Sql>| {
        include.contains(column) || predicate.as_ref().is_some_and(|sql| names(sql, column))
    };
    let on_it = |it: &Index<Sql>| it.keys.iter().any(reads) || besides(&it.include, &it.predicate);
    for (name, index) in previous.indexes.iter().filter(|(_, index)| on_it(index)) {
        let declared = next.indexes.get(name).unwrap_or(index);
        let dropped = Change::DropIndex(on.named(name, index));
        rebuild(dropped, Change::CreateIndex(on.named(name, declared)));
    }
    let on_it = |it: &Exclusion<Sql>| {
        it.elements.iter().any(|element| reads(&element.key)) || besides(&it.include, &it.predicate)
    };
    for (name, exclusion) in previous.exclusions.iter().filter(|(_, it)| on_it(it)) {
        let declared = next.exclusions.get(name).unwrap_or(exclusion);
        let dropped = Change::DropExclusion(on.named(name, exclusion));
        rebuild(dropped, Change::AddExclusion(on.named(name, declared)));
    }
}

fn names(sql: &Sql, column: &Ident) -> bool {
    lex::has_name(sql.as_str(), |name| name == column.as_str())
}
