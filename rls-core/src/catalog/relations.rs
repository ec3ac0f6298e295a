//! Tables and their columns.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, list, with_declared};
use super::sequences;
use crate::model::{
    BaseType, Column, Generated, Identity, PgType, QualifiedName, RowSecurity, Schema,
    SequenceOptions, Sql, Table, usual_name,
};

const RELATIONS: &str = "
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
    c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
    CASE WHEN c.relispartition THEN 'is a partition' WHEN c.relkind <> 'p'
        AND EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid))
        THEN 'inherits, or others inherit from it' END AS family,
    ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ($4::name[])
        AND NOT r.rolsuper AND pg_has_role(r.oid, c.relowner, 'USAGE') ORDER BY 1) AS owners,
    ARRAY(SELECT r.rulename::text FROM pg_rewrite r WHERE r.ev_class = c.oid ORDER BY 1) AS rules,
    CASE WHEN (n.nspname, c.relname) NOT IN (SELECT * FROM unnest($2::name[], $3::name[])) THEN false
        WHEN c.relkind = 'p' THEN (SELECT sum(pg_table_size(relid)) <= 8388608 FROM pg_partition_tree(c.oid))
        ELSE pg_table_size(c.oid) <= 8388608 END AS small
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::name[]) AND (c.relkind IN ('r', 'p')
    OR (n.nspname, c.relname) IN (SELECT * FROM unnest($2::name[], $3::name[])))";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names = [&asked.namespaces, &asked.table_schemas, &asked.table_names, &asked.roles];
    ask::rows(transaction, RELATIONS, &names).await
}

/// Every table of the declared schemas, by its number in the catalog.
pub(super) struct Tables {
    pub(super) declared: BTreeMap<u32, Table<Sql>>,
    pub(super) undeclared: BTreeSet<QualifiedName>,
    /// Declared ones of no more than eight megabytes, long values and all: they are gone through in a moment.
    pub(super) small: BTreeSet<QualifiedName>,
}

impl Tables {
    /// A declared table. It may have been dropped between two queries.
    pub(super) fn get(&mut self, row: &Row) -> Result<Option<&mut Table<Sql>>, Error> {
        Ok(self.declared.get_mut(&get(row, "oid")?))
    }

    /// What is declared, by name.
    pub(super) fn into_map(self) -> BTreeMap<QualifiedName, Table<Sql>> {
        self.declared.into_values().map(|table| (table.name.clone(), table)).collect()
    }
}

pub(super) fn understand(
    rows: &[Row],
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<Tables, Error> {
    let mut tables =
        Tables { declared: BTreeMap::new(), undeclared: BTreeSet::new(), small: BTreeSet::new() };
    for row in rows {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        if !scope.tables.contains_key(&name) {
            tables.undeclared.insert(name);
            continue;
        }
        let kind = get(row, "kind")?;
        if let Some(kind) = other_relation(kind) {
            return Err(Error::NotATable { name, kind });
        }
        note(row, &name, notes)?;
        let declared = scope.tables.get(&name).map(|table| table.row_security);
        if declared == Some(RowSecurity::Disabled) && get(row, "enabled")? {
            notes.push(format!(
                "{name} has row security, though it is declared without: it is never disabled"
            ));
        }
        // None where it has been dropped meanwhile.
        if get::<Option<bool>>(row, "small")?.unwrap_or_default() {
            tables.small.insert(name.clone());
        }
        let table = Table::new(name, row_security(row)?);
        tables.declared.insert(get(row, "oid")?, table);
    }
    Ok(tables)
}

/// What a relation is, if it is no table. Source: Postgres manual, `pg_class.relkind`.
pub(super) fn other_relation(kind: &str) -> Option<&'static str> {
    match kind {
        "r" | "p" => None,
        "v" => Some("a view"),
        "m" => Some("a materialized view"),
        "f" => Some("a foreign table"),
        "S" => Some("a sequence"),
        "i" | "I" => Some("an index"),
        "c" => Some("a composite type"),
        _ => Some("something else"),
    }
}

pub(super) fn row_security(row: &Row) -> Result<RowSecurity, Error> {
    Ok(match (get(row, "enabled")?, get(row, "forced")?) {
        (false, true | false) => RowSecurity::Disabled,
        (true, false) => RowSecurity::Enabled,
        (true, true) => RowSecurity::Forced,
    })
}

fn note(row: &Row, name: &QualifiedName, notes: &mut Vec<String>) -> Result<(), Error> {
    let (enabled, forced): (bool, bool) = (get(row, "enabled")?, get(row, "forced")?);
    if forced && !enabled {
        notes.push(format!(
            "{name} has FORCE ROW LEVEL SECURITY, which does nothing until row security is enabled"
        ));
    }
    if let Some(family) = get::<Option<&str>>(row, "family")? {
        notes.push(format!(
            "{name} {family}: each table of such a family has row security and privileges of its own"
        ));
    }
    let owners: Vec<&str> = get(row, "owners")?;
    if !owners.is_empty() && !forced {
        notes.push(format!(
            "no policy of {name} applies to {}, who is its owner or a member of it",
            list(owners)
        ));
    }
    let rules: Vec<&str> = get(row, "rules")?;
    if !rules.is_empty() {
        notes.push(format!("{name} has rules, which are left alone: {}", list(rules)));
    }
    Ok(())
}

const COLUMNS: &str = with_declared!(
    "SELECT a.attrelid AS oid, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
    s.nspname::text AS type_schema, e.typname::text AS type_name, a.attnotnull AS not_null,
    a.attidentity::text AS identity, a.attgenerated::text AS generated,
    q.seqstart AS start, q.seqincrement AS increment, q.seqmin AS min, q.seqmax AS max,
    q.seqcache AS cache, q.seqcycle AS cycle, qc.relname::text AS sequence,
    cs.nspname::text AS collation_schema, co.collname::text AS collation, pg_get_expr(d.adbin, d.adrelid) AS default
FROM declared c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0
        THEN t.typelem ELSE t.oid END
    JOIN pg_namespace s ON s.oid = e.typnamespace
    LEFT JOIN pg_collation co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
    LEFT JOIN pg_namespace cs ON cs.oid = co.collnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_depend o ON a.attidentity <> '' AND o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid
        AND o.refobjsubid = a.attnum AND o.classid = 'pg_class'::regclass AND o.deptype = 'i'
    LEFT JOIN pg_sequence q ON q.seqrelid = o.objid
    LEFT JOIN pg_class qc ON qc.oid = q.seqrelid
ORDER BY a.attrelid, a.attnum"
);

pub(super) async fn columns(
    transaction: &Transaction<'_>,
    asked: &Asked,
) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, COLUMNS, &[&asked.table_schemas, &asked.table_names]).await
}

pub(super) fn add_columns(
    rows: &[Row],
    tables: &mut Tables,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    for row in rows {
        let Some(table) = tables.get(row)? else { continue };
        let name = ident(row, "name")?;
        let full = format!("{}.{name}", table.name);
        let collation = match get::<Option<&str>>(row, "collation")? {
            Some(_) => {
                Some(QualifiedName::new(ident(row, "collation_schema")?, ident(row, "collation")?))
            }
            None => None,
        };
        // What generates a column stands where defaults do.
        let expr = get::<Option<&str>>(row, "default")?.map(Sql::new);
        let ty = type_of(row, &full, notes)?;
        let unknown = |code: &str| Error::Unknown { what: full.clone(), code: code.to_owned() };
        let (default, generated) = match get(row, "generated")? {
            "" => (expr, None),
            "s" => (None, expr.map(|expr| Generated { expr, stored: true })),
            "v" => (None, expr.map(|expr| Generated { expr, stored: false })),
            code => return Err(unknown(code)),
        };
        let identity = match get(row, "identity")? {
            "" => None,
            "d" => Some(Identity::ByDefault),
            "a" => Some(Identity::Always),
            code => return Err(unknown(code)),
        };
        let usual = usual_name(table.name.name.as_str(), Some(name.as_str()), "seq");
        let sequence = match get::<Option<&str>>(row, "sequence")? {
            Some(called) if called != usual => Some(ident(row, "sequence")?),
            Some(_) | None => None,
        };
        table.columns.push(Column {
            collation,
            nullable: !get::<bool>(row, "not_null")?,
            default,
            numbering: if identity.is_some() {
                sequences::options(row)?.as_kept(&ty.base)
            } else {
                SequenceOptions::default()
            },
            sequence,
            identity,
            generated,
            ..Column::new(name, ty)
        });
    }
    Ok(())
}

/// A type that the model has no word for goes by the name it has in the catalog.
pub(super) fn type_of(row: &Row, column: &str, notes: &mut Vec<String>) -> Result<PgType, Error> {
    let text: &str = get(row, "type")?;
    if let Ok(ty) = PgType::parse(text) {
        return Ok(ty);
    }
    if text.contains('(') || text.starts_with("interval") {
        notes.push(format!("{column} is {text}: what stands behind the type's name is left alone"));
    }
    named_type(row)
}

/// A type by the name that it has in the catalog.
pub(super) fn named_type(row: &Row) -> Result<PgType, Error> {
    let name = QualifiedName::new(ident(row, "type_schema")?, ident(row, "type_name")?);
    let array = get::<&str>(row, "type")?.ends_with("[]");
    Ok(PgType { base: BaseType::Named(name), modifiers: Vec::new(), array })
}
