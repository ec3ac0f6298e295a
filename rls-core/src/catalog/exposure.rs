//! What lets governed roles past every policy, beside what is declared: asked for by `drift` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::try_join3;
use tokio_postgres::{Row, Transaction};

use super::ask::{self, Asked, get, ident, with_declared};
use super::{Error, begin, end};
use crate::model::{Ident, Privilege, QualifiedName, Schema};
use crate::render::privilege_name;

/// Ways past the policies of a declared schema. None of them is a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Governed roles that no policy binds, but those whose declaration says so.
    pub exempt: BTreeMap<Ident, Exempt>,
    /// Declared tables with policies, and the governed roles that own them.
    pub owned: BTreeMap<QualifiedName, BTreeSet<Ident>>,
    /// What is not declared and open to governed roles.
    pub tables: Vec<ExposedTable>,
}

/// Why no policy binds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// It is a superuser.
    Superuser,
    /// It has BYPASSRLS.
    BypassRls,
}

impl fmt::Display for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exempt::Superuser => "is a superuser",
            Exempt::BypassRls => "has BYPASSRLS",
        })
    }
}

/// A relation of a declared schema whose rows no policy guards from those who reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedTable {
    /// Its name.
    pub name: QualifiedName,
    /// What it is, with its article.
    pub kind: &'static str,
    /// What each governed role may do with its rows, by itself or by way of others.
    pub held: BTreeMap<Ident, BTreeSet<Privilege>>,
}

const EXEMPT: &str = "
SELECT rolname::text AS name, rolsuper AS superuser FROM pg_roles
WHERE rolname = ANY ($1::name[]) AND rolname <> ALL ($2::name[]) AND (rolsuper OR rolbypassrls AND rolname <> ALL ($3::name[]))";

const OWNED: &str = with_declared!(
    "SELECT n.nspname::text AS schema, c.relname::text AS name, r.rolname::text AS role
FROM declared c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_roles r ON r.rolname = ANY ($3::name[]) AND NOT r.rolsuper AND NOT r.rolbypassrls
        AND pg_has_role(r.oid, c.relowner, 'USAGE')
WHERE c.relrowsecurity AND NOT c.relforcerowsecurity"
);

// A view shows what its owner sees, unless it asks as its caller; nothing else but a table has policies.
const TABLES: &str = "
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, r.rolname::text AS role,
    ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p
        WHERE has_table_privilege(r.oid, c.oid, p)
            OR p IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(r.oid, c.oid, p)) AS privileges
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_roles r ON r.rolname = ANY ($4::name[]) AND NOT r.rolsuper
WHERE n.nspname = ANY ($1::name[])
    AND (n.nspname, c.relname) NOT IN (SELECT * FROM unnest($2::name[], $3::name[]))
    AND CASE c.relkind WHEN 'r' THEN NOT c.relrowsecurity WHEN 'p' THEN NOT c.relrowsecurity
        WHEN 'v' THEN NOT coalesce((SELECT option_value::boolean FROM pg_options_to_table(c.reloptions)
            WHERE option_name = 'security_invoker'), false)
        ELSE c.relkind IN ('m', 'f') END
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.deptype = 'e')
    AND has_schema_privilege(r.oid, n.oid, 'USAGE')
    AND (has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
        OR has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE'))
ORDER BY 1, 2, 4";

/// Looks for ways past the policies of `scope`.
///
/// # Errors
/// The database does not answer, or the catalog holds something that this version cannot read.
pub async fn exposure(
    transaction: &mut Transaction<'_>,
    scope: &Schema,
) -> Result<Exposure, Error> {
    let savepoint = begin(transaction).await?;
    let asked = Asked::new(scope);
    let (schemas, names, roles) = (&asked.table_schemas, &asked.table_names, &asked.roles);
    let (exempt, owned, tables) = try_join3(
        ask::rows(&savepoint, EXEMPT, &[roles, &asked.managed_roles, &asked.exempt_roles]),
        ask::rows(&savepoint, OWNED, &[schemas, names, roles]),
        ask::rows(
            &savepoint,
            TABLES,
            &[&asked.namespaces, &asked.relation_schemas, &asked.relation_names, roles],
        ),
    )
    .await?;
    end(savepoint).await?;

    let mut exposure = Exposure::default();
    for row in &exempt {
        let why = if get(row, "superuser")? { Exempt::Superuser } else { Exempt::BypassRls };
        exposure.exempt.insert(ident(row, "name")?, why);
    }
    for row in &owned {
        let owners = exposure.owned.entry(qualified(row)?).or_default();
        owners.insert(ident(row, "role")?);
    }
    for row in &tables {
        add_table(row, &mut exposure.tables)?;
    }
    Ok(exposure)
}

fn add_table(row: &Row, tables: &mut Vec<ExposedTable>) -> Result<(), Error> {
    let name = qualified(row)?;
    let kind = match get(row, "kind")? {
        "v" => "a view that reads as its owner",
        "m" => "a materialized view",
        "f" => "a foreign table",
        _ => "a table without row security",
    };
    let names: Vec<&str> = get(row, "privileges")?;
    let privileges = names.into_iter().filter_map(privilege).collect();
    let held = (ident(row, "role")?, privileges);
    match tables.last_mut().filter(|last| last.name == name) {
        Some(last) => last.held.extend([held]),
        None => tables.push(ExposedTable { name, kind, held: [held].into() }),
    }
    Ok(())
}

fn qualified(row: &Row) -> Result<QualifiedName, Error> {
    Ok(QualifiedName::new(ident(row, "schema")?, ident(row, "name")?))
}

fn privilege(name: &str) -> Option<Privilege> {
    Privilege::ALL.into_iter().find(|privilege| privilege_name(*privilege) == name)
}
