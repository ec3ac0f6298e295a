//! Sequences: those of declared names, and those that belong to columns of declared tables.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident};
use crate::model::{
    PgType, QualifiedName, Schema, Sequence, SequenceOptions, SequenceOwner, Table,
};
use crate::policy::grants::counted_with;

// What belongs to an identity column ('i') is the column's.
const SEQUENCES: &str = "
SELECT n.nspname::text AS schema, c.relname::text AS name, format_type(q.seqtypid, NULL) AS type,
    q.seqstart AS start, q.seqincrement AS increment, q.seqmin AS min, q.seqmax AS max,
    q.seqcache AS cache, q.seqcycle AS cycle,
    s.nspname::text AS owner_schema, t.relname::text AS owner_table, a.attname::text AS owner_column
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence q ON q.seqrelid = c.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace s ON s.oid = t.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.deptype IS DISTINCT FROM 'i'
    AND ((n.nspname, c.relname) IN (SELECT * FROM unnest($1::name[], $2::name[]))
        OR (s.nspname, t.relname) IN (SELECT * FROM unnest($3::name[], $4::name[])))
ORDER BY c.oid";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names =
        [&asked.sequence_schemas, &asked.sequence_names, &asked.table_schemas, &asked.table_names];
    ask::rows(transaction, SEQUENCES, &names).await
}

/// One that nobody declares belongs to its column, unless a declared default counts with it: then it
/// is somebody's choice, and left alone.
pub(super) fn understand(
    rows: &[Row],
    scope: &Schema,
) -> Result<BTreeMap<QualifiedName, Sequence>, Error> {
    let counting: Vec<_> = scope.tables.values().flat_map(counted).collect();
    let mut sequences = BTreeMap::new();
    for row in rows {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let declared = scope.sequences.contains_key(&name);
        let owner = owner(row)?;
        if !declared && (owner.is_none() || counting.contains(&name)) {
            continue;
        }
        let what = name.to_string();
        let unknown = |code: &str| Error::Unknown { what, code: code.to_owned() };
        let ty: &str = get(row, "type")?;
        let ty = PgType::parse(ty).map_err(|_| unknown(ty))?;
        let options = options(row)?.as_kept(&ty.base);
        sequences.insert(name.clone(), Sequence { name, ty, options, owner });
    }
    Ok(sequences)
}

fn counted(table: &Table<crate::model::Sql>) -> impl Iterator<Item = QualifiedName> {
    let defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
    defaults.filter_map(|sql| counted_with(sql, &table.name.schema))
}

fn owner(row: &Row) -> Result<Option<SequenceOwner>, Error> {
    if get::<Option<&str>>(row, "owner_column")?.is_none() {
        return Ok(None);
    }
    let table = QualifiedName::new(ident(row, "owner_schema")?, ident(row, "owner_table")?);
    Ok(Some(SequenceOwner { table, column: ident(row, "owner_column")? }))
}

/// How it counts, in full.
pub(super) fn options(row: &Row) -> Result<SequenceOptions, Error> {
    Ok(SequenceOptions {
        start: get(row, "start")?,
        increment: get(row, "increment")?,
        min: get(row, "min")?,
        max: get(row, "max")?,
        cache: get(row, "cache")?,
        cycle: get::<Option<bool>>(row, "cycle")?.unwrap_or_default(),
    })
}
