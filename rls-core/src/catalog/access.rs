//! Privileges: on tables and columns, on schemas, sequences and functions, and on tables to come.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join4;
use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, grantee, ident, with_declared};
use super::functions::Functions;
use super::relations::Tables;
use super::views::Views;
use crate::model::{
    Function, Grant, GrantObject, Grantee, Ident, Privilege, QualifiedName, Schema,
};
use crate::render::privilege_name;

// Undeclared tables count too: a privilege on all tables of a schema is held where each carries it.
const TABLES: &str = "
SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name, r.rolname::text AS grantee,
    acl.privilege_type AS privilege, acl.grantee = c.relowner AS owner, acl.is_grantable AS grantable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p', 'v', 'm')
    AND (acl.grantee = 0 OR r.rolname = ANY ($2::name[]))";

const COLUMNS: &str = with_declared!(
    "SELECT n.nspname::text AS schema, c.relname::text AS name, a.attname::text AS column,
    r.rolname::text AS grantee, acl.privilege_type AS privilege, acl.grantee = c.relowner AS owner,
    acl.is_grantable AS grantable
FROM declared c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped,
    aclexplode(a.attacl) AS acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE acl.grantee = 0 OR r.rolname = ANY ($3::name[])"
);

const OBJECTS: &str = "
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, false AS function, r.rolname::text AS grantee,
    acl.privilege_type AS privilege, acl.grantee = c.relowner AS owner, acl.is_grantable AS grantable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) AS acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE c.relkind = 'S' AND (n.nspname, c.relname) IN (SELECT * FROM unnest($1::name[], $2::name[]))
    AND (acl.grantee = 0 OR r.rolname = ANY ($5::name[]))
UNION ALL
SELECT p.oid, n.nspname::text, p.proname::text, true, r.rolname::text,
    acl.privilege_type, acl.grantee = p.proowner, acl.is_grantable
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
    aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE (n.nspname, p.proname) IN (SELECT * FROM unnest($3::name[], $4::name[]))
    AND (acl.grantee = 0 OR r.rolname = ANY ($5::name[]))";

const OTHERS: &str = "
SELECT n.nspname::text AS schema, r.rolname::text AS grantee, acl.privilege_type AS privilege,
    acl.is_grantable AS grantable
FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = ANY ($1::name[])";

/// What the queries answered.
pub(super) struct Rows {
    tables: Vec<Row>,
    columns: Vec<Row>,
    objects: Vec<Row>,
    others: Vec<Row>,
}

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Rows, Error> {
    let declared = [&asked.relation_schemas, &asked.relation_names, &asked.roles];
    let objects = [
        &asked.sequence_schemas,
        &asked.sequence_names,
        &asked.function_schemas,
        &asked.function_names,
        &asked.roles,
    ];
    let (tables, columns, objects, others) = try_join4(
        ask::rows(transaction, TABLES, &[&asked.namespaces, &asked.roles]),
        ask::rows(transaction, COLUMNS, &declared),
        ask::rows(transaction, OBJECTS, &objects),
        ask::rows(transaction, OTHERS, &[&asked.granted_schemas]),
    )
    .await?;
    Ok(Rows { tables, columns, objects, others })
}

pub(super) struct Access {
    pub(super) grants: BTreeSet<Grant>,
    pub(super) grant_options: BTreeSet<Grant>,
}

/// What the grantees hold on declared tables and views, their columns and declared functions is all read:
/// whatever is not declared is revoked. Schemas, sequences, other functions and tables to come serve
/// others too, so of those only what is asked for is looked at.
pub(super) fn understand(
    rows: &Rows,
    scope: &Schema,
    tables: &Tables,
    views: &Views,
    functions: &Functions,
    notes: &mut Vec<String>,
) -> Result<Access, Error> {
    let declared: BTreeSet<_> = tables.declared.values().map(|table| &table.name).collect();
    let views = views.names();
    let mut held = Held::default();
    let mut carriers: BTreeMap<(Ident, Grantee, Privilege), usize> = BTreeMap::new();
    for row in &rows.tables {
        let table = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        if views.contains(&table) {
            if let Some(grant) = grant(row, GrantObject::Table(table), notes)? {
                held.add(row, grant, scope)?;
            }
            continue;
        }
        // Partitions are counted with their table, and views of others are not counted.
        if !declared.contains(&table) && !tables.undeclared.contains(&table) {
            continue;
        }
        let Some(grant) = grant(row, GrantObject::Table(table.clone()), notes)? else { continue };
        let of_all = (table.schema.clone(), grant.grantee.clone(), grant.privilege);
        *carriers.entry(of_all).or_default() += 1;
        if declared.contains(&table) {
            held.add(row, grant, scope)?;
        }
    }
    for row in &rows.columns {
        let table = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let object = GrantObject::Column { table, column: ident(row, "column")? };
        if let Some(grant) = grant(row, object, notes)? {
            held.add(row, grant, scope)?;
        }
    }
    let mut others = Others::default();
    for row in &rows.objects {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let function = get(row, "function")?;
        let found = functions.declared.get(&get(row, "oid")?).filter(|_| function);
        let routine = found.map(Function::routine);
        let ours = routine.is_some() || (!function && scope.sequences.contains_key(&name));
        let object = match routine {
            Some(routine) if !routine.is_private() => GrantObject::Routine(routine),
            Some(_) | None if function => GrantObject::Function(name),
            Some(_) | None => GrantObject::Sequence(name),
        };
        match grant(row, object, notes)? {
            Some(grant) if ours => held.add(row, grant, scope)?,
            Some(grant) => others.add(row, grant)?,
            None => {}
        }
    }

    for row in &rows.others {
        let object = GrantObject::Schema(ident(row, "schema")?);
        let grantee = grantee(row, "grantee")?;
        if let Some(privilege) = privilege(get(row, "privilege")?) {
            others.add(row, Grant { object, grantee, privilege })?;
        }
    }

    let Held { mut grants, options: mut grant_options } = held;
    for grant in &scope.grants {
        let by_name = scope.grants_by_name.contains(grant);
        let reaches = if by_name { others.held.contains(grant) } else { others.reaches(grant) };
        let held = match &grant.object {
            GrantObject::Schema(_) => reaches,
            GrantObject::Sequence(name) => !scope.sequences.contains_key(name) && reaches,
            GrantObject::Function(name) => {
                let declared = scope.functions.keys().any(|routine| &routine.name == name);
                !declared && reaches
            }
            GrantObject::AllTables(schema) => {
                let of_all = (schema.clone(), grant.grantee.clone(), grant.privilege);
                let all = declared.iter().copied().chain(&tables.undeclared);
                let all = all.filter(|table| &table.schema == schema).count();
                all > 0 && carriers.get(&of_all) == Some(&all)
            }
            GrantObject::Table(_) | GrantObject::Column { .. } | GrantObject::Routine(_) => false,
        };
        if held {
            grants.insert(grant.clone());
            let option = scope.grant_options.contains(grant) && others.options.contains(grant);
            grant_options.extend(option.then(|| grant.clone()));
        }
    }
    Ok(Access { grants, grant_options })
}

/// What a row says, unless its privilege is one of a later Postgres.
pub(super) fn grant(
    row: &Row,
    object: GrantObject,
    notes: &mut Vec<String>,
) -> Result<Option<Grant>, Error> {
    let grantee = grantee(row, "grantee")?;
    let name = get(row, "privilege")?;
    let Some(privilege) = privilege(name) else {
        notes.push(format!(
            "{grantee} holds {name} on {object}, a privilege that is not known here and left alone"
        ));
        return Ok(None);
    };
    Ok(Some(Grant { object, grantee, privilege }))
}

/// Privileges that are either declared or revoked.
#[derive(Default)]
pub(super) struct Held {
    pub(super) grants: BTreeSet<Grant>,
    pub(super) options: BTreeSet<Grant>,
}

impl Held {
    /// An owner holds everything on what it owns, and may pass it on; taking that away would be no
    /// use.
    pub(super) fn add(&mut self, row: &Row, grant: Grant, scope: &Schema) -> Result<(), Error> {
        let owner: bool = get(row, "owner")?;
        if get(row, "grantable")? && (!owner || scope.grant_options.contains(&grant)) {
            self.options.insert(grant.clone());
        }
        if !owner || scope.grants.contains(&grant) {
            self.grants.insert(grant);
        }
        Ok(())
    }
}

/// Privileges on schemas, and on sequences and functions of others.
#[derive(Default)]
struct Others {
    held: BTreeSet<Grant>,
    options: BTreeSet<Grant>,
}

impl Others {
    fn add(&mut self, row: &Row, grant: Grant) -> Result<(), Error> {
        if get(row, "grantable")? {
            self.options.insert(grant.clone());
        }
        self.held.insert(grant);
        Ok(())
    }

    /// Holding a privilege through PUBLIC is as good as holding it by name, unless that was said.
    fn reaches(&self, grant: &Grant) -> bool {
        let everyone = Grant { grantee: Grantee::Public, ..grant.clone() };
        self.held.contains(grant) || self.held.contains(&everyone)
    }
}

pub(super) fn privilege(name: &str) -> Option<Privilege> {
    Privilege::ALL.into_iter().find(|privilege| privilege_name(*privilege) == name)
}
