//! Keys, foreign keys and CHECK constraints. Exclusion constraints are read with the indexes that they
//! are made of.

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, idents, list, with_declared};
use super::relations::Tables;
use crate::model::{
    Check, Deferral, ForeignKey, Ident, PrimaryKey, QualifiedName, ReferentialAction, Sql, Table,
    Unique,
};

// Through JSON go the columns of the catalog that not every version of Postgres has. What a table
// inherits from another one is the other's.
const CONSTRAINTS: &str = with_declared!(
    "SELECT k.conrelid AS oid, k.conname::text AS name, k.contype::text AS kind,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number ORDER BY place) AS columns,
    s.nspname::text AS target_schema, t.relname::text AS target,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = key.number ORDER BY place) AS referenced,
    ARRAY(SELECT a.attname::text
        FROM jsonb_array_elements_text(coalesce(nullif(to_jsonb(k) -> 'confdelsetcols', 'null'), '[]'))
            WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number::int ORDER BY place) AS set_columns,
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.number
        WHERE place > i.indnkeyatts ORDER BY place) AS included,
    k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
    k.condeferrable AS deferrable, k.condeferred AS deferred, NOT k.convalidated AS not_valid,
    k.confmatchtype = 'f' AS match_full, k.connoinherit AS no_inherit,
    coalesce(to_jsonb(i) @> '{\"indnullsnotdistinct\": true}', false) AS nulls_not_distinct,
    pg_get_expr(k.conbin, k.conrelid) AS expr,
    array_remove(ARRAY[
        CASE WHEN to_jsonb(k) @> '{\"conperiod\": true}' THEN 'WITHOUT OVERLAPS' END,
        CASE WHEN to_jsonb(k) @> '{\"conenforced\": false}' THEN 'NOT ENFORCED' END,
        CASE WHEN NOT k.conislocal THEN 'inherited' END], NULL) AS other
FROM declared c JOIN pg_constraint k ON k.conrelid = c.oid
    LEFT JOIN pg_class t ON t.oid = k.confrelid LEFT JOIN pg_namespace s ON s.oid = t.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE k.contype IN ('p', 'u', 'f', 'c') AND k.conparentid = 0
ORDER BY k.conrelid, k.conname"
);

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, CONSTRAINTS, &[&asked.table_schemas, &asked.table_names]).await
}

/// One that is more than the model can say is left out, with a note.
pub(super) fn add(rows: &[Row], tables: &mut Tables, notes: &mut Vec<String>) -> Result<(), Error> {
    for row in rows {
        let Some(table) = tables.get(row)? else { continue };
        let name = ident(row, "name")?;
        let other: Vec<&str> = get(row, "other")?;
        if !other.is_empty() {
            notes.push(format!(
                "the constraint \"{name}\" on {} is left alone: it is {}",
                table.name,
                list(&other)
            ));
            continue;
        }
        let deferral = deferral(row)?;
        let columns = idents(row, "columns")?;
        match get(row, "kind")? {
            "p" => {
                let include = idents(row, "included")?;
                table.primary_key = Some(PrimaryKey { name, columns, include, deferral });
            }
            "u" => {
                let unique = Unique {
                    columns,
                    include: idents(row, "included")?,
                    nulls_not_distinct: get(row, "nulls_not_distinct")?,
                    deferral,
                };
                table.uniques.insert(name, unique);
            }
            "f" => {
                let key = foreign_key(row, &name, columns, deferral)?;
                table.foreign_keys.insert(name, key);
            }
            _ => check(row, name, table)?,
        }
    }
    Ok(())
}

fn check(row: &Row, name: Ident, table: &mut Table<Sql>) -> Result<(), Error> {
    if let Some(expr) = get::<Option<&str>>(row, "expr")? {
        let check = Check {
            expr: Sql::new(expr),
            no_inherit: get(row, "no_inherit")?,
            not_valid: get(row, "not_valid")?,
        };
        table.checks.insert(name, check);
    }
    Ok(())
}

fn foreign_key(
    row: &Row,
    name: &Ident,
    columns: Vec<Ident>,
    deferral: Deferral,
) -> Result<ForeignKey, Error> {
    Ok(ForeignKey {
        columns,
        table: QualifiedName::new(ident(row, "target_schema")?, ident(row, "target")?),
        references: idents(row, "referenced")?,
        on_delete: action(get(row, "on_delete")?, name)?,
        on_update: action(get(row, "on_update")?, name)?,
        set_columns: idents(row, "set_columns")?,
        match_full: get(row, "match_full")?,
        deferral,
        not_valid: get(row, "not_valid")?,
    })
}

pub(super) fn deferral(row: &Row) -> Result<Deferral, Error> {
    Ok(match (get(row, "deferrable")?, get(row, "deferred")?) {
        (false, true | false) => Deferral::Never,
        (true, false) => Deferral::InitiallyImmediate,
        (true, true) => Deferral::InitiallyDeferred,
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
