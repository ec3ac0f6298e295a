//! Constraints and indexes.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, idents, list, with_declared};
use super::relations::Tables;
use crate::model::{
    ForeignKey, Ident, Index, PrimaryKey, QualifiedName, ReferentialAction, Schema, Sql, Table,
    Unique,
};

// Through JSON go the columns of the catalog that not every version of Postgres has.
const CONSTRAINTS: &str = with_declared!(
    "SELECT k.conrelid AS oid, k.conname::text AS name, k.contype::text AS kind,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number ORDER BY place) AS columns,
    s.nspname::text AS target_schema, t.relname::text AS target,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = key.number ORDER BY place) AS referenced,
    k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
    array_remove(ARRAY[
        CASE WHEN k.condeferrable THEN 'DEFERRABLE' END,
        CASE WHEN NOT k.convalidated THEN 'NOT VALID' END,
        CASE WHEN k.confmatchtype = 'f' THEN 'MATCH FULL' END,
        CASE WHEN to_jsonb(i) @> '{\"indnullsnotdistinct\": true}' THEN 'NULLS NOT DISTINCT' END], NULL) AS stricter,
    array_remove(ARRAY[
        CASE WHEN to_jsonb(k) ->> 'confdelsetcols' IS NOT NULL THEN 'ON DELETE SET for some columns' END,
        CASE WHEN to_jsonb(k) @> '{\"conperiod\": true}' THEN 'WITHOUT OVERLAPS' END,
        CASE WHEN to_jsonb(k) @> '{\"conenforced\": false}' THEN 'NOT ENFORCED' END,
        CASE WHEN i.indnatts <> i.indnkeyatts THEN 'INCLUDE' END], NULL) AS other
FROM declared c JOIN pg_constraint k ON k.conrelid = c.oid
    LEFT JOIN pg_class t ON t.oid = k.confrelid LEFT JOIN pg_namespace s ON s.oid = t.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')
ORDER BY k.conrelid, k.conname"
);

pub(super) async fn constraints(
    transaction: &Transaction<'_>,
    asked: &Asked,
) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, CONSTRAINTS, &[&asked.table_schemas, &asked.table_names]).await
}

pub(super) fn add_constraints(
    rows: &[Row],
    scope: &Schema,
    tables: &mut Tables,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    let mut checks: BTreeMap<QualifiedName, Vec<Ident>> = BTreeMap::new();
    for row in rows {
        let Some(table) = tables.get(row)? else { continue };
        let name = ident(row, "name")?;
        match constraint(row, &name)? {
            None => checks.entry(table.name.clone()).or_default().push(name),
            Some(constraint) => {
                if keep(row, table, &name, &constraint, scope, notes)? {
                    constraint.add(name, table);
                }
            }
        }
    }
    notes.extend(checks.into_iter().map(|(table, names)| {
        format!("{table} has check or exclusion constraints, which are left alone: {}", list(names))
    }));
    Ok(())
}

/// A constraint that the model has a word for.
enum Constraint {
    Primary(Vec<Ident>),
    Unique(Unique),
    Foreign(ForeignKey),
}

impl Constraint {
    /// Whether a table is declared to have it, under whatever name.
    fn declared(&self, table: &Table<Sql>) -> bool {
        match self {
            Constraint::Primary(columns) => {
                table.primary_key.as_ref().is_some_and(|key| &key.columns == columns)
            }
            Constraint::Unique(unique) => table.uniques.values().any(|declared| declared == unique),
            Constraint::Foreign(key) => table.foreign_keys.values().any(|declared| declared == key),
        }
    }

    fn add(self, name: Ident, table: &mut Table<Sql>) {
        match self {
            Constraint::Primary(columns) => table.primary_key = Some(PrimaryKey { name, columns }),
            Constraint::Unique(unique) => {
                table.uniques.insert(name, unique);
            }
            Constraint::Foreign(key) => {
                table.foreign_keys.insert(name, key);
            }
        }
    }
}

fn constraint(row: &Row, name: &Ident) -> Result<Option<Constraint>, Error> {
    let columns = idents(row, "columns")?;
    Ok(match get(row, "kind")? {
        "p" => Some(Constraint::Primary(columns)),
        "u" => Some(Constraint::Unique(Unique { columns })),
        "f" => Some(Constraint::Foreign(ForeignKey {
            columns,
            table: QualifiedName::new(ident(row, "target_schema")?, ident(row, "target")?),
            references: idents(row, "referenced")?,
            on_delete: action(get(row, "on_delete")?, name)?,
            on_update: action(get(row, "on_update")?, name)?,
        })),
        _ => None,
    })
}

/// Source: Postgres manual, `pg_constraint.confdeltype`.
fn action(code: &str, name: &Ident) -> Result<ReferentialAction, Error> {
    match code {
        "a" => Ok(ReferentialAction::NoAction),
        "r" => Ok(ReferentialAction::Restrict),
        "c" => Ok(ReferentialAction::Cascade),
        "n" => Ok(ReferentialAction::SetNull),
        "d" => Ok(ReferentialAction::SetDefault),
        code => Err(Error::Unknown {
            what: format!("the foreign key \"{name}\""),
            code: code.to_owned(),
        }),
    }
}

/// Whether a constraint goes into the model. One that is more than the model can say takes the
/// place of the declared one where there is one; otherwise it would be planned away.
fn keep(
    row: &Row,
    table: &Table<Sql>,
    name: &Ident,
    constraint: &Constraint,
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<bool, Error> {
    let (stricter, other): (Vec<&str>, Vec<&str>) = (get(row, "stricter")?, get(row, "other")?);
    if stricter.is_empty() && other.is_empty() {
        return Ok(true);
    }
    notes.push(format!(
        "the constraint \"{name}\" on {} is left alone: it is {}",
        table.name,
        list(stricter.iter().chain(&other))
    ));
    let declared = scope.tables.get(&table.name).is_some_and(|table| constraint.declared(table));
    Ok(declared && other.is_empty())
}

const INDEXES: &str = with_declared!(
    "SELECT i.indrelid AS oid, x.relname::text AS name,
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.number ORDER BY place) AS columns,
    array_remove(ARRAY[
        CASE WHEN NOT i.indisvalid THEN 'not valid' END,
        CASE WHEN i.indisunique THEN 'unique' END,
        CASE WHEN i.indpred IS NOT NULL THEN 'partial' END,
        CASE WHEN i.indexprs IS NOT NULL THEN 'on an expression' END,
        CASE WHEN m.amname <> 'btree' THEN m.amname::text END,
        CASE WHEN i.indnatts <> i.indnkeyatts THEN 'with INCLUDE' END,
        CASE WHEN 0 <> ANY (i.indoption) THEN 'with DESC or NULLS' END,
        CASE WHEN EXISTS (SELECT FROM unnest(i.indclass) AS class (id)
            WHERE NOT (SELECT o.opcdefault FROM pg_opclass o WHERE o.oid = class.id)) THEN 'with an operator class' END,
        CASE WHEN EXISTS (SELECT FROM unnest(i.indcollation, i.indkey) AS key (collation_id, number)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.number
            WHERE a.attcollation <> key.collation_id AND key.collation_id <> 0) THEN 'with a collation' END], NULL) AS special
FROM declared c JOIN pg_index i ON i.indrelid = c.oid
    JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
WHERE NOT EXISTS (SELECT FROM pg_constraint k
    WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.indrelid, x.relname"
);

pub(super) async fn indexes(
    transaction: &Transaction<'_>,
    asked: &Asked,
) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, INDEXES, &[&asked.table_schemas, &asked.table_names]).await
}

pub(super) fn add_indexes(
    rows: &[Row],
    tables: &mut Tables,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    for row in rows {
        let Some(table) = tables.get(row)? else { continue };
        let name = ident(row, "name")?;
        let special: BTreeSet<&str> = get::<Vec<&str>>(row, "special")?.into_iter().collect();
        if special.is_empty() {
            table.indexes.insert(name, Index { columns: idents(row, "columns")? });
        } else {
            notes.push(format!(
                "the index \"{name}\" on {} is left alone: it is {}",
                table.name,
                list(special)
            ));
        }
    }
    Ok(())
}
