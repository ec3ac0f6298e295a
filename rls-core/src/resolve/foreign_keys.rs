//! Foreign keys against the tables that they point at.

use super::{Part, ResolveError, Tables, nearest};
use crate::model::{Ident, PgType, Table};

/// Tables that nobody declares, columns that are no key, and types that do not compare.
pub(super) fn check(table: &Table, tables: &Tables, errors: &mut Vec<ResolveError>) {
    for key in table.foreign_keys.values() {
        let problem = match tables.get(&key.table) {
            // Another schema may hold tables that others manage, such as `auth.users`.
            None if key.table.schema != table.name.schema => None,
            None => Some((
                format!("references the table `{}`, which is not declared", key.table),
                nearest(
                    key.table.name.as_str(),
                    tables
                        .keys()
                        .filter(|name| name.schema == key.table.schema)
                        .map(|name| name.name.as_str()),
                )
                .map(|name| format!("did you mean `{name}`?"))
                .or_else(|| Some("derive `Table` for it, or name another schema".to_owned())),
            )),
            Some(target) => key_problem(table, &key.columns, &target.table, &key.references),
        };
        if let (Some((message, help)), Some(column)) = (problem, key.columns.first()) {
            errors.push(ResolveError {
                table: table.name.clone(),
                part: Part::ForeignKey(column.clone()),
                message: format!("column `{column}` {message}"),
                help,
            });
        }
    }
}

/// Postgres demands a key on the other side, and types that compare.
fn key_problem(
    table: &Table,
    columns: &[Ident],
    target: &Table,
    references: &[Ident],
) -> Option<(String, Option<String>)> {
    for (column, reference) in columns.iter().zip(references) {
        let Some(referenced) = target.column(reference) else {
            let names = target.columns.iter().map(|column| column.name.as_str());
            return Some((
                format!("references `{}.{reference}`, which does not exist", target.name),
                nearest(reference.as_str(), names).map(|name| format!("did you mean `{name}`?")),
            ));
        };
        let own: Option<&PgType> = table.column(column).map(|column| &column.ty);
        if own.is_some_and(|own| own.family() != referenced.ty.family()) {
            return Some((
                format!(
                    "is {} and references `{}.{reference}`, which is {}",
                    own.map(ToString::to_string).unwrap_or_default(),
                    target.name,
                    referenced.ty
                ),
                Some("give both the same type".to_owned()),
            ));
        }
    }
    // In any order: Postgres finds the key by its columns.
    let is_key = |columns: &[Ident]| {
        columns.len() == references.len() && columns.iter().all(|name| references.contains(name))
    };
    let known = target.keys().any(|(columns, _)| is_key(&columns));
    (!known).then(|| {
        let names: Vec<_> = references.iter().map(Ident::as_str).collect();
        (
            format!("references `{}.{}`, which is no key", target.name, names.join(", ")),
            Some("mark the referenced column `primary_key` or `unique`".to_owned()),
        )
    })
}
