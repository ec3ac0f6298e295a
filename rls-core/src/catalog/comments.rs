//! Comments on schemas, declared tables and views, what belongs to them, types and sequences.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, with_declared};
use crate::model::{Commented, Ident, QualifiedName, Schema};

const COMMENTS: &str = with_declared!(
    "SELECT n.nspname::text AS schema, c.relname::text AS name, found.kind, found.own, found.text
FROM declared c JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT CASE WHEN d.objsubid <> 0 THEN 'column' WHEN c.relkind = 'v' THEN 'view'
            WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'table' END AS kind,
            coalesce(a.attname::text, '') AS own, d.description AS text
        FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid <> 0
        WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
    UNION ALL SELECT 'constraint', k.conname::text, d.description
        FROM pg_constraint k JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
        WHERE k.conrelid = c.oid
    UNION ALL SELECT 'policy', p.polname::text, d.description
        FROM pg_policy p JOIN pg_description d ON d.classoid = 'pg_policy'::regclass AND d.objoid = p.oid
        WHERE p.polrelid = c.oid
    UNION ALL SELECT 'trigger', t.tgname::text, d.description
        FROM pg_trigger t JOIN pg_description d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid
        WHERE t.tgrelid = c.oid
    UNION ALL SELECT 'index', x.relname::text, d.description
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = x.oid AND d.objsubid = 0
        WHERE i.indrelid = c.oid) AS found
UNION ALL
SELECT n.nspname::text, p.relname::text, 'table', '', d.description
FROM pg_class p JOIN pg_namespace n ON n.oid = p.relnamespace
    JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = p.oid AND d.objsubid = 0
WHERE p.relispartition AND p.relkind IN ('r', 'p') AND pg_partition_root(p.oid) IN (SELECT oid FROM declared)
UNION ALL
SELECT n.nspname::text, c.relname::text, 'sequence', '', d.description
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
WHERE c.relkind = 'S' AND (n.nspname, c.relname) IN (SELECT * FROM unnest($3::name[], $4::name[]))
UNION ALL
SELECT n.nspname::text, t.typname::text, CASE WHEN a.attnum IS NULL THEN 'type' ELSE 'column' END,
    coalesce(a.attname::text, ''), d.description
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_description d ON d.classoid = 'pg_type'::regclass AND d.objoid = t.oid
        OR d.classoid = 'pg_class'::regclass AND d.objoid = t.typrelid AND d.objsubid > 0
    LEFT JOIN pg_attribute a ON d.objsubid > 0 AND a.attrelid = t.typrelid AND a.attnum = d.objsubid
WHERE t.typtype IN ('e', 'd', 'c') AND (n.nspname, t.typname) IN (SELECT * FROM unnest($5::name[], $6::name[]))
UNION ALL
SELECT n.nspname::text, n.nspname::text, 'schema', '', d.description
FROM pg_namespace n JOIN pg_description d ON d.classoid = 'pg_namespace'::regclass AND d.objoid = n.oid
WHERE n.nspname = ANY ($7::name[])"
);

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names = [
        &asked.relation_schemas,
        &asked.relation_names,
        &asked.sequence_schemas,
        &asked.sequence_names,
        &asked.type_schemas,
        &asked.type_names,
        &asked.namespaces,
    ];
    ask::rows(transaction, COMMENTS, &names).await
}

pub(super) type Comments = BTreeMap<Commented, String>;

/// The comments where one is declared, and all others.
pub(super) fn understand(rows: &[Row], scope: &Schema) -> Result<(Comments, Comments), Error> {
    let (mut declared, mut others) = (Comments::new(), Comments::new());
    for row in rows {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let own = || Ident::new(get::<&str>(row, "own")?).map_err(Error::from);
        let on = match get(row, "kind")? {
            "schema" => Commented::Schema(name.schema),
            "type" => Commented::Type(name),
            "table" => Commented::Table(name),
            "view" => Commented::View(name),
            "materialized view" => Commented::MaterializedView(name),
            "sequence" => Commented::Sequence(name),
            "column" => Commented::Column(name, own()?),
            "constraint" => Commented::Constraint(name, own()?),
            "policy" => Commented::Policy(name, own()?),
            "trigger" => Commented::Trigger(name, own()?),
            _ => Commented::Index(QualifiedName::new(name.schema, own()?)),
        };
        let comments = if scope.comments.contains_key(&on) { &mut declared } else { &mut others };
        comments.insert(on, get::<&str>(row, "text")?.to_owned());
    }
    Ok((declared, others))
}
