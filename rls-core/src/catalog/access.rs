//! Privileges: on tables, on schemas, and on tables to come.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, grantee, ident};
use super::relations::Tables;
use crate::model::{
    DefaultPrivilege, Grant, GrantObject, Grantee, Ident, Privilege, QualifiedName, Schema,
};
use crate::render::privilege_name;

// Undeclared tables count too: a privilege on all tables of a schema is held where each carries it.
const TABLES: &str = "
SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name, r.rolname::text AS grantee,
    acl.privilege_type AS privilege, acl.grantee = c.relowner AS owner, acl.is_grantable AS grantable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p')
    AND (acl.grantee = 0 OR r.rolname = ANY ($2::name[]))";

pub(super) async fn tables(
    transaction: &Transaction<'_>,
    asked: &Asked,
) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, TABLES, &[&asked.namespaces, &asked.roles]).await
}

const OTHERS: &str = "
SELECT n.nspname::text AS schema, r.rolname::text AS grantee, acl.privilege_type AS privilege, false AS later
FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS acl
    LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = ANY ($1::name[])
UNION ALL
SELECT n.nspname::text, r.rolname::text, acl.privilege_type, true
FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace
    JOIN pg_roles creator ON creator.oid = d.defaclrole,
    aclexplode(d.defaclacl) AS acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = ANY ($1::name[]) AND d.defaclobjtype = 'r' AND creator.rolname = current_user";

pub(super) async fn others(
    transaction: &Transaction<'_>,
    asked: &Asked,
) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, OTHERS, &[&asked.granted_schemas]).await
}

pub(super) struct Access {
    pub(super) grants: BTreeSet<Grant>,
    pub(super) default_privileges: BTreeSet<DefaultPrivilege>,
}

/// What the grantees hold on declared tables is all read: whatever is not declared is revoked.
/// Schemas and tables to come serve others too, so of those only what is asked for is looked at.
pub(super) fn understand(
    on_tables: &[Row],
    on_others: &[Row],
    scope: &Schema,
    tables: &Tables,
    notes: &mut Vec<String>,
) -> Result<Access, Error> {
    let declared: BTreeSet<_> = tables.declared.values().map(|table| &table.name).collect();
    let mut grants = BTreeSet::new();
    let mut carriers: BTreeMap<(Ident, Grantee, Privilege), usize> = BTreeMap::new();
    for row in on_tables {
        let table = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let grantee = grantee(row, "grantee")?;
        let Some(privilege) = privilege(get(row, "privilege")?) else {
            notes.push(format!(
                "{grantee} holds {} on {table}, a privilege that is not known here and left alone",
                get::<&str>(row, "privilege")?
            ));
            continue;
        };
        let of_all = (table.schema.clone(), grantee.clone(), privilege);
        *carriers.entry(of_all).or_default() += 1;
        let grant = Grant { object: GrantObject::Table(table.clone()), grantee, privilege };
        // An owner holds everything on its table; taking that away would be no use.
        let owned = get::<bool>(row, "owner")? && !scope.grants.contains(&grant);
        if declared.contains(&table)
            && get::<bool>(row, "grantable")?
            && !get::<bool>(row, "owner")?
        {
            notes.push(format!(
                "{} may pass on {} on {table} to others (WITH GRANT OPTION)",
                grant.grantee,
                privilege_name(grant.privilege)
            ));
        }
        if declared.contains(&table) && !owned {
            grants.insert(grant);
        }
    }

    let others = Others::new(on_others)?;
    for grant in &scope.grants {
        let held = match &grant.object {
            GrantObject::Schema(schema) => others.reaches(schema, &grant.grantee),
            GrantObject::AllTables(schema) => {
                let of_all = (schema.clone(), grant.grantee.clone(), grant.privilege);
                let all = declared.iter().copied().chain(&tables.undeclared);
                let all = all.filter(|table| &table.schema == schema).count();
                all > 0 && carriers.get(&of_all) == Some(&all)
            }
            GrantObject::Table(_) => false,
        };
        if held {
            grants.insert(grant.clone());
        }
    }
    let default_privileges =
        scope.default_privileges.intersection(&others.later).cloned().collect();
    for later in others.later.difference(&scope.default_privileges) {
        // They may be a platform's own, so they are told and left alone.
        if scope.grantees.contains(&later.grantee) {
            notes.push(format!(
                "default privileges give {} {} on every table that is created later in the schema {}, with row security or without",
                later.grantee,
                privilege_name(later.privilege),
                later.schema
            ));
        }
    }
    Ok(Access { grants, default_privileges })
}

/// Privileges on schemas, and on tables to come.
struct Others {
    usage: BTreeSet<(Ident, Grantee)>,
    later: BTreeSet<DefaultPrivilege>,
}

impl Others {
    fn new(rows: &[Row]) -> Result<Self, Error> {
        let mut others = Others { usage: BTreeSet::new(), later: BTreeSet::new() };
        for row in rows {
            let (schema, grantee) = (ident(row, "schema")?, grantee(row, "grantee")?);
            let Some(privilege) = privilege(get(row, "privilege")?) else { continue };
            if get(row, "later")? {
                others.later.insert(DefaultPrivilege { schema, grantee, privilege });
            } else if privilege == Privilege::Usage {
                others.usage.insert((schema, grantee));
            }
        }
        Ok(others)
    }

    /// Reaching a schema through PUBLIC is as good as reaching it by name.
    fn reaches(&self, schema: &Ident, grantee: &Grantee) -> bool {
        [grantee, &Grantee::Public]
            .into_iter()
            .any(|grantee| self.usage.contains(&(schema.clone(), grantee.clone())))
    }
}

fn privilege(name: &str) -> Option<Privilege> {
    Privilege::ALL.into_iter().find(|privilege| privilege_name(*privilege) == name)
}
