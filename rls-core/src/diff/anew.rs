//! What goes with a column that is dropped and added again: indexes and keys on it are made again.

use super::table::On;
use super::{Change, Pair};
use crate::lex;
use crate::model::{
    Ident, Index, IndexKey, IndexValue, PrimaryKey, QualifiedName, Schema, Sql, Table, Unique,
};

/// Adds the dropping and making again of what stays as it is, on columns that are made anew.
pub(super) fn rebuild(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let columns: Vec<_> = changes.iter().filter_map(|change| dropped(change, changes)).collect();
    let mut again = Vec::new();
    for (table, column) in &columns {
        let both = schemas.previous.tables.get(table).zip(schemas.next.tables.get(table));
        let Some((previous, next)) = both else { continue };
        on_column(Pair { previous, next }, column, changes, &mut again);
    }
    changes.extend(again);
}

/// The column that a change drops for another to take its place.
fn dropped(change: &Change, changes: &[Change]) -> Option<(QualifiedName, Ident)> {
    let Change::DropColumn(gone) = change else { return None };
    let added = |change: &Change| matches!(change, Change::AddColumn(on) if on.table == gone.table && on.item.name == gone.item);
    changes.iter().any(added).then(|| (gone.table.clone(), gone.item.clone()))
}

fn on_column(
    tables: Pair<&Table<Sql>>,
    column: &Ident,
    changes: &[Change],
    again: &mut Vec<Change>,
) {
    let on = On(&tables.next.name);
    let Pair { previous, next } = tables;
    let mut rebuild = |dropped: Change, made: Change| {
        if !changes.contains(&dropped) && !again.contains(&dropped) {
            again.extend([dropped, made]);
        }
    };
    for (name, index) in previous.indexes.iter().filter(|(_, index)| reads(index, column)) {
        let declared = next.indexes.get(name).unwrap_or(index);
        let dropped = Change::DropIndex(on.named(name, index));
        rebuild(dropped, Change::CreateIndex(on.named(name, declared)));
    }
    let holds = |unique: &Unique| unique.columns.contains(column);
    for (name, unique) in previous.uniques.iter().filter(|(_, unique)| holds(unique)) {
        let dropped = Change::DropUnique(on.named(name, unique));
        rebuild(dropped, Change::AddUnique(on.named(name, unique)));
    }
    let holds = |key: &&PrimaryKey| key.columns.contains(column);
    if let Some(key) = previous.primary_key.as_ref().filter(holds) {
        rebuild(Change::DropPrimaryKey(on.item(key)), Change::AddPrimaryKey(on.item(key)));
    }
}

fn reads(index: &Index<Sql>, column: &Ident) -> bool {
    let named = |sql: &Sql| {
        let tokens = lex::tokens(sql.as_str()).unwrap_or_default();
        tokens.iter().filter_map(|token| token.kind.name()).any(|name| name == column.as_str())
    };
    let key = |key: &IndexKey<Sql>| match &key.value {
        IndexValue::Column(name) => name == column,
        IndexValue::Expr(sql) => named(sql),
    };
    index.keys.iter().any(key)
        || index.include.contains(column)
        || index.predicate.as_ref().is_some_and(named)
}
