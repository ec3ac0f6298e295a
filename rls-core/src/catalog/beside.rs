//! Discovery beside tables: who may do what with schemas and the sequences of identity columns, what
//! objects to come will carry, and to whom everything belongs. What of it can be declared goes into the
//! scope, the rest into notes.

use std::collections::BTreeSet;

use futures_util::future::try_join4;
use tokio_postgres::{Row, Transaction};

use super::Error;
use super::access;
use super::ask::{self, get, grantee, ident, list};
use super::defaults;
use crate::model::{
    DefaultHolder, DefaultObjects, DefaultPrivilege, DefaultTarget, Grant, GrantObject, Grantee,
    Ident, Owned, QualifiedName, Schema,
};
use crate::render::privilege_name;

// What initdb has given is no news: every database has it. What it has given and is gone is told.
const PRIVILEGES: &str = "
WITH spaces AS (SELECT n.oid, n.nspname, n.nspowner, n.nspacl, i.initprivs
    FROM pg_namespace n LEFT JOIN pg_init_privs i ON i.classoid = 'pg_namespace'::regclass AND i.objoid = n.oid
    WHERE n.nspname = ANY ($1::name[]))
SELECT 'schema' AS kind, s.nspname::text AS schema, '' AS name, NULL AS column, r.rolname::text AS grantee,
    acl.privilege_type AS privilege, acl.is_grantable AS grantable
FROM spaces s, aclexplode(s.nspacl) AS acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE acl.grantee <> s.nspowner AND NOT EXISTS (SELECT FROM aclexplode(s.initprivs) AS given
    WHERE given.grantee = acl.grantee AND given.privilege_type = acl.privilege_type)
UNION ALL
SELECT 'taken', s.nspname::text, '', NULL, r.rolname::text, given.privilege_type, false
FROM spaces s, aclexplode(s.initprivs) AS given LEFT JOIN pg_roles r ON r.oid = given.grantee
WHERE given.grantee = 0 AND NOT EXISTS (SELECT FROM aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) AS acl
    WHERE acl.grantee = given.grantee AND acl.privilege_type = given.privilege_type)
UNION ALL
SELECT 'sequence', n.nspname::text, c.relname::text, NULL, r.rolname::text,
    acl.privilege_type, acl.is_grantable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'
        AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class t ON t.oid = d.refobjid,
    aclexplode(c.relacl) AS acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = ANY ($1::name[]) AND c.relkind = 'S' AND acl.grantee <> c.relowner
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = t.oid AND e.deptype = 'e')";

// What is said for all schemas stands in the place of what Postgres has built in, of which the rest was taken.
const DEFAULTS: &str = "
WITH said AS (SELECT d.*, n.nspname, c.rolname, acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's'
            WHEN 'n' THEN 'n' WHEN 'f' THEN 'f' WHEN 'T' THEN 'T' ELSE 'r' END::\"char\", c.oid) AS builtin
    FROM pg_default_acl d JOIN pg_roles c ON c.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    WHERE d.defaclnamespace = 0 OR n.nspname = ANY ($1::name[]))
SELECT s.rolname::text AS creator, s.rolname = current_user AS own, s.nspname::text AS schema,
    s.defaclobjtype::text AS kind, r.rolname::text AS grantee, acl.grantee = s.defaclrole AS creators,
    acl.privilege_type AS privilege, acl.is_grantable AS grantable, false AS taken
FROM said s, aclexplode(s.defaclacl) AS acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE acl.grantee <> s.defaclrole AND (s.nspname IS NOT NULL OR NOT EXISTS (SELECT FROM aclexplode(s.builtin) AS b
    WHERE b.grantee = acl.grantee AND b.privilege_type = acl.privilege_type))
UNION ALL
SELECT s.rolname::text, s.rolname = current_user, NULL, s.defaclobjtype::text, r.rolname::text, b.grantee = s.defaclrole,
    b.privilege_type, false, true
FROM said s, aclexplode(s.builtin) AS b LEFT JOIN pg_roles r ON r.oid = b.grantee
WHERE s.nspname IS NULL AND s.defaclobjtype <> 'L' AND NOT EXISTS (SELECT FROM aclexplode(s.defaclacl) AS acl
    WHERE acl.grantee = b.grantee AND acl.privilege_type = b.privilege_type)
ORDER BY 1, 3, 4, 5, 7";

// To whom schemas belong, and the tables in them. That of `public` is the database's.
const OWNERS: &str = "
SELECT n.nspname::text AS schema, r.rolname::text AS owner, r.rolname = current_user AS own
FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = ANY ($1::name[]) AND n.nspname <> 'public'
UNION ALL
SELECT DISTINCT NULL, r.rolname::text, r.rolname = current_user
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p')";

// Where an extension says itself in which schema it is, nobody needs to.
const EXTENSIONS: &str = "
SELECT e.extname::text AS name, CASE WHEN n.nspname <> 'public' AND a.schema IS NULL THEN n.nspname::text END AS schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    LEFT JOIN pg_available_extension_versions a ON a.name = e.extname AND a.version = e.extversion
WHERE e.extname <> 'plpgsql' AND $1::name[] IS NOT NULL
ORDER BY 1";

/// What the queries answered.
pub(super) struct Rows {
    privileges: Vec<Row>,
    defaults: Vec<Row>,
    owners: Vec<Row>,
    extensions: Vec<Row>,
}

pub(super) async fn read(
    transaction: &Transaction<'_>,
    schemas: &Vec<String>,
) -> Result<Rows, Error> {
    let (privileges, defaults, owners, extensions) = try_join4(
        ask::rows(transaction, PRIVILEGES, &[schemas]),
        ask::rows(transaction, DEFAULTS, &[schemas]),
        ask::rows(transaction, OWNERS, &[schemas]),
        ask::rows(transaction, EXTENSIONS, &[schemas]),
    )
    .await?;
    Ok(Rows { privileges, defaults, owners, extensions })
}

/// Adds to the scope what can be declared. Whoever holds something there is governed from now on.
pub(super) fn add(rows: &Rows, scope: &mut Schema, notes: &mut Vec<String>) -> Result<(), Error> {
    for row in &rows.extensions {
        let name = ident(row, "name")?;
        if get::<Option<&str>>(row, "schema")?.is_some() {
            scope.extension_schemas.insert(name.clone(), ident(row, "schema")?);
        }
        scope.extensions.insert(name);
    }
    let owners = owners(&rows.owners, scope)?;
    privileges(&rows.privileges, scope, notes)?;
    default_privileges(&rows.defaults, &owners, scope, notes)
}

/// Asks for the schemas of others, and returns who else owns tables.
fn owners(rows: &[Row], scope: &mut Schema) -> Result<BTreeSet<Ident>, Error> {
    let mut others = BTreeSet::new();
    for row in rows {
        let (own, owner) = (get::<bool>(row, "own")?, ident(row, "owner")?);
        match get::<Option<&str>>(row, "schema")? {
            _ if own => {}
            Some(_) => {
                scope.owners.insert(Owned::Schema(ident(row, "schema")?), owner);
            }
            None => {
                others.insert(owner);
            }
        }
    }
    Ok(others)
}

fn privileges(rows: &[Row], scope: &mut Schema, notes: &mut Vec<String>) -> Result<(), Error> {
    for row in rows {
        let schema = ident(row, "schema")?;
        let object = match get(row, "kind")? {
            "sequence" => GrantObject::Sequence(QualifiedName::new(schema, ident(row, "name")?)),
            "taken" => {
                let (grantee, privilege) =
                    (grantee(row, "grantee")?, get::<&str>(row, "privilege")?);
                notes.push(format!(
                    "{grantee} has lost {privilege} on the schema {schema}: no declaration takes that away"
                ));
                continue;
            }
            _ => GrantObject::Schema(schema),
        };
        let Some(grant) = access::grant(row, object, notes)? else { continue };
        if !declarable(&grant.grantee) {
            let Grant { object, grantee, privilege } = grant;
            let privilege = privilege_name(privilege);
            notes.push(format!(
                "{grantee}, a role of the server's own, holds {privilege} on {object}, and is left alone"
            ));
            continue;
        }
        if get(row, "grantable")? {
            scope.grant_options.insert(grant.clone());
        }
        scope.grantees.insert(grant.grantee.clone());
        scope.grants.insert(grant);
    }
    Ok(())
}

/// Those of the role that asks, and of those that tables belong to. What others have arranged may be a
/// platform's own.
fn default_privileges(
    rows: &[Row],
    owners: &BTreeSet<Ident>,
    scope: &mut Schema,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    let mut others: BTreeSet<String> = BTreeSet::new();
    for row in rows {
        let creator = ident(row, "creator")?;
        let own = get(row, "own")?;
        let schema = match get::<Option<&str>>(row, "schema")? {
            Some(_) => Some(ident(row, "schema")?),
            None => None,
        };
        let (kind, taken) = (get::<&str>(row, "kind")?, get::<bool>(row, "taken")?);
        let grantee = grantee(row, "grantee")?;
        let objects = defaults::objects(kind);
        let privilege = access::privilege(get(row, "privilege")?);
        let (Some(objects), Some(privilege)) = (objects, privilege) else {
            others.insert(format!("of {creator} on what declarations do not know ({kind})"));
            continue;
        };
        if get(row, "creators")? {
            others.insert(format!("that {creator} has taken from itself on {}", objects.word()));
            continue;
        }
        let is_declared = (own || owners.contains(&creator)) && declarable(&grantee);
        if !is_declared {
            // Those on tables are told by every command.
            if objects != DefaultObjects::Tables || taken {
                others.insert(format!("of {creator} on {}", objects.word()));
            }
            continue;
        }
        let target = DefaultTarget { creator: (!own).then_some(creator), schema, objects };
        scope.grantees.insert(grantee.clone());
        let holder = DefaultHolder { target: target.clone(), grantee: grantee.clone() };
        scope.settled_defaults.insert(holder);
        if !taken {
            let grantable = get(row, "grantable")?;
            let held = DefaultPrivilege { target, grantee, privilege, grantable };
            scope.default_privileges.insert(held);
        }
    }
    if !others.is_empty() {
        notes.push(format!("default privileges are left alone: those {}", list(others)));
    }
    Ok(())
}

/// The server's own roles are not.
fn declarable(grantee: &Grantee) -> bool {
    match grantee {
        Grantee::Public => true,
        Grantee::Role(name) => Grantee::role(name.clone()).is_ok(),
    }
}
