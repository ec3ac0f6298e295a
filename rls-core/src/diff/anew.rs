//! What goes with a column that is dropped and added again, which is all that is on it; and what says of
//! a column that gets another type something that the server would go on reading as of the old one.

use super::column::is_retyped;
use super::table::On;
use super::{Change, Pair};
use crate::lex;
use crate::model::{
    Exclusion, Ident, Index, IndexKey, IndexValue, PrimaryKey, QualifiedName, Schema, Sql, Table,
    Unique,
};

/// Adds the dropping and making again of what stays as it is, on columns that are made anew or retyped.
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
        texts_on(tables, &|key| is_on(key, column), column, &mut rebuild);
    }
    for change in changes.iter() {
        let Change::AlterColumn(column) = change else { continue };
        let Some(tables) = both(&column.table).filter(|_| is_retyped(&column.item)) else {
            continue;
        };
        // Postgres itself makes an index of the column alone anew.
        texts_on(tables, &|_| false, &column.item.next.name, &mut rebuild);
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

/// Checks, indexes and exclusion constraints whose texts name the column, and those that are on it.
fn texts_on(
    tables: Pair<&Table<Sql>>,
    is_on: &dyn Fn(Held<'_>) -> bool,
    column: &Ident,
    rebuild: &mut impl FnMut(Change, Change),
) {
    let on = On(&tables.next.name);
    let Pair { previous, next } = tables;
    let named = |sql: &Sql| names(sql, column);
    for (name, check) in previous.checks.iter().filter(|(_, check)| named(&check.expr)) {
        let declared = next.checks.get(name).unwrap_or(check);
        let dropped = Change::DropCheck(on.named(name, check));
        rebuild(dropped, Change::AddCheck(on.named(name, declared)));
    }
    let reads = |index: &Index<Sql>| {
        is_on(Held { keys: &index.keys.iter().collect::<Vec<_>>(), include: &index.include })
            || index.keys.iter().any(|key| made_of(key, column))
            || index.predicate.as_ref().is_some_and(named)
    };
    for (name, index) in previous.indexes.iter().filter(|(_, index)| reads(index)) {
        let declared = next.indexes.get(name).unwrap_or(index);
        let dropped = Change::DropIndex(on.named(name, index));
        rebuild(dropped, Change::CreateIndex(on.named(name, declared)));
    }
    let reads = |exclusion: &Exclusion<Sql>| {
        let keys: Vec<_> = exclusion.elements.iter().map(|element| &element.key).collect();
        is_on(Held { keys: &keys, include: &exclusion.include })
            || keys.iter().any(|key| made_of(key, column))
            || exclusion.predicate.as_ref().is_some_and(named)
    };
    for (name, exclusion) in previous.exclusions.iter().filter(|(_, it)| reads(it)) {
        let declared = next.exclusions.get(name).unwrap_or(exclusion);
        let dropped = Change::DropExclusion(on.named(name, exclusion));
        rebuild(dropped, Change::AddExclusion(on.named(name, declared)));
    }
}

/// What an index holds.
struct Held<'a> {
    keys: &'a [&'a IndexKey<Sql>],
    include: &'a [Ident],
}

fn is_on(held: Held<'_>, column: &Ident) -> bool {
    let key =
        |key: &&IndexKey<Sql>| matches!(&key.value, IndexValue::Column(name) if name == column);
    held.keys.iter().any(key) || held.include.contains(column)
}

fn made_of(key: &IndexKey<Sql>, column: &Ident) -> bool {
    matches!(&key.value, IndexValue::Expr(sql) if names(sql, column))
}

fn names(sql: &Sql, column: &Ident) -> bool {
    let tokens = lex::tokens(sql.as_str()).unwrap_or_default();
    tokens.iter().filter_map(|token| token.kind.name()).any(|name| name == column.as_str())
}
