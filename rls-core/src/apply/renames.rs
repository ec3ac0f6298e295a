//! Renames that are declared, in a live database: which of them are to be made, and making them in order to
//! look what is left to do then. Postgres carries every name along, also inside expressions, so that the rest of
//! a plan is asked of it and not guessed.

use std::collections::BTreeSet;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::{Error, Patience};
use crate::catalog::{self, Failure, Standing, StandingKind};
use crate::diff::Change;
use crate::diff::rename::{Names, among};
use crate::model::{Ident, QualifiedName, Renames, Schema};
use crate::plan::Plan;
use crate::render;

// What is asked for is little: the things that have a hint, by both names.
const NAMES: &str = "
SELECT 'role' AS kind, '' AS schema, r.rolname::text AS name, '' AS part FROM pg_catalog.pg_roles r
WHERE r.rolname = ANY ($1::name[])
UNION ALL SELECT CASE WHEN c.relkind IN ('r', 'p') AND NOT c.relispartition THEN 'table'
        WHEN c.relkind = 'S' THEN 'sequence' ELSE 'relation' END,
    n.nspname::text, c.relname::text, ''
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($2::name[], $3::name[]))
UNION ALL SELECT 'column', n.nspname::text, c.relname::text, a.attname::text
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($2::name[], $3::name[])) AND c.relkind IN ('r', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'policy', n.nspname::text, c.relname::text, p.polname::text
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($2::name[], $3::name[]))
UNION ALL SELECT 'value', n.nspname::text, t.typname::text, e.enumlabel::text
FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE (n.nspname, t.typname) IN (SELECT * FROM unnest($4::name[], $5::name[]))";

/// The renames that are to be made, in their order.
pub(super) async fn pending(
    transaction: &Transaction<'_>,
    desired: &Schema,
) -> Result<Vec<Change>, Error> {
    if desired.renames.is_empty() {
        return Ok(Vec::new());
    }
    let asked = asked(&desired.renames);
    let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        asked.iter().map(|list| (list as &(dyn ToSql + Sync), Type::TEXT_ARRAY)).collect();
    let rows = transaction.query_typed(NAMES, &parameters).await;
    let rows = rows.map_err(|error| Failure::of(NAMES, error))?;
    Ok(among(&desired.renames, understand(&rows)?))
}

/// A savepoint behind which they are made, to be rolled back: nothing but their names is touched meanwhile,
/// and their tables are locked no longer than somebody looks.
pub(super) async fn made<'a>(
    transaction: &'a mut Transaction<'_>,
    renames: &[Change],
) -> Result<Transaction<'a>, Error> {
    let savepoint = transaction.transaction().await;
    let savepoint = savepoint.map_err(|error| Failure::of("SAVEPOINT", error))?;
    // Somebody who uses one of the tables is waited for as a plan waits.
    let patience = Patience::default().settings("LOCAL");
    let statements = renames.iter().flat_map(render::statements);
    for statement in std::iter::once(patience).chain(statements) {
        let done = savepoint.batch_execute(&statement).await;
        done.map_err(|error| Failure::of(&statement, error))?;
    }
    Ok(savepoint)
}

/// What stands beside the declared things, without what is only to get another name: that is declared.
pub(super) fn told(standing: BTreeSet<Standing>, plan: &Plan) -> BTreeSet<Standing> {
    let is_renamed = |it: &Standing| {
        plan.steps.iter().any(|step| {
            if let Change::RenameTable { name, .. } | Change::RenameSequence { name, .. } =
                &step.change
            {
                [StandingKind::Table, StandingKind::Sequence].contains(&it.kind)
                    && it.name == name.to_string()
            } else if let Change::RenameRole { name, .. } = &step.change {
                it.kind == StandingKind::Role && it.name == name.as_str()
            } else {
                false
            }
        })
    };
    standing.into_iter().filter(|it| it.declared || !is_renamed(it)).collect()
}

/// Roles; the schemas of tables, and their names; the schemas of enums, and their names.
fn asked(renames: &Renames) -> [Vec<String>; 5] {
    let Renames { roles, tables, sequences, columns, policies, values } = renames;
    let roles = roles.iter().flat_map(|(now, was)| [now.to_string(), was.to_string()]);
    let relations = || tables.iter().chain(sequences);
    let before = relations().map(|(now, was)| (now.schema.to_string(), was.to_string()));
    let of_parts = columns.keys().chain(policies.keys()).map(|(table, _)| table);
    let text = |name: &QualifiedName| (name.schema.to_string(), name.name.to_string());
    let now = relations().map(|(now, _)| now).chain(of_parts).map(text);
    let (table_schemas, table_names) = before.chain(now).unzip();
    let (type_schemas, type_names) = values.keys().map(|(ty, _)| text(ty)).unzip();
    [roles.collect(), table_schemas, table_names, type_schemas, type_names]
}

fn understand(rows: &[Row]) -> Result<Names, Error> {
    let mut names = Names::default();
    for row in rows {
        let text = |column: &str| row.try_get::<_, String>(column).map_err(catalog::Error::Catalog);
        let ident =
            |column: &str| -> Result<Ident, catalog::Error> { Ok(Ident::new(text(column)?)?) };
        let qualified = || -> Result<QualifiedName, catalog::Error> {
            Ok(QualifiedName::new(ident("schema")?, ident("name")?))
        };
        match text("kind")?.as_str() {
            "role" => drop(names.roles.insert(ident("name")?)),
            "column" => drop(names.columns.insert((qualified()?, ident("part")?))),
            "policy" => drop(names.policies.insert((qualified()?, ident("part")?))),
            "value" => drop(names.values.insert((qualified()?, text("part")?))),
            kind => {
                match kind {
                    "table" => drop(names.tables.insert(qualified()?)),
                    "sequence" => drop(names.sequences.insert(qualified()?)),
                    _ => {}
                }
                names.relations.insert(qualified()?);
            }
        }
    }
    Ok(names)
}
