//! Governed roles: those that are managed, and whom each is a member of.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, idents, list};
use crate::model::{Grantee, Ident, Power, Role, Schema};

// `to_jsonb`, for a membership has an option of its own only since Postgres 16.
const ROLES: &str = "
SELECT r.rolname::text AS name, r.rolcanlogin AS login, r.rolinherit AS inherit,
    r.rolbypassrls AS bypass_rls, r.rolsuper AS superuser, r.rolcreatedb AS createdb,
    r.rolcreaterole AS createrole, r.rolreplication AS replication,
    ARRAY(SELECT DISTINCT p.rolname::text FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.roleid
        WHERE m.member = r.oid) AS member_of,
    ARRAY(SELECT DISTINCT p.rolname::text FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.roleid
        WHERE m.member = r.oid AND (to_jsonb(m) ->> 'inherit_option')::boolean <> r.rolinherit) AS otherwise,
    ARRAY(SELECT DISTINCT p.rolname::text FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.roleid
        WHERE m.member = r.oid AND m.admin_option) AS admin_of
FROM pg_roles r WHERE r.rolname = ANY ($1::name[]) ORDER BY r.rolname";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, ROLES, &[&asked.roles]).await
}

/// What is there of roles.
#[derive(Default)]
pub(super) struct Roles {
    pub(super) managed: BTreeMap<Ident, Role>,
    /// Of those that exist and whose memberships are declared.
    pub(super) memberships: BTreeMap<Ident, BTreeSet<Ident>>,
}

/// The governed roles that are there. Memberships in roles that are not governed are others' doing; one
/// that nobody declares, of a role that exists, is told.
pub(super) fn understand(
    rows: &[Row],
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<Roles, Error> {
    let mut roles = Roles::default();
    for row in rows {
        let name = ident(row, "name")?;
        let governed = |role: &Ident| {
            scope.grantees.contains(&Grantee::Role(role.clone()))
                || scope.roles.get(&name).is_some_and(|managed| managed.member_of.contains(role))
        };
        let (member_of, foreign): (BTreeSet<_>, BTreeSet<_>) =
            idents(row, "member_of")?.into_iter().partition(governed);
        if !scope.roles.contains_key(&name) {
            if scope.memberships.contains_key(&name) {
                roles.memberships.insert(name, member_of);
            } else if !member_of.is_empty() {
                notes.push(format!(
                    "{name} may do what {} may, as a member of it, which no declaration says",
                    list(member_of)
                ));
            }
            continue;
        }
        note(row, &name, &foreign, notes)?;
        let inherit = get(row, "inherit")?;
        let declared = scope.roles.get(&name).map_or(inherit, |role| role.inherit);
        let otherwise = idents(row, "otherwise")?.iter().any(|role| member_of.contains(role));
        let mut powers = BTreeSet::new();
        for power in Power::ALL {
            let column = match power {
                Power::Superuser => "superuser",
                Power::CreateDb => "createdb",
                Power::CreateRole => "createrole",
                Power::Replication => "replication",
            };
            powers.extend(get::<bool>(row, column)?.then_some(power));
        }
        let role = Role {
            login: get(row, "login")?,
            // A membership that goes another way than its member is a difference of the member.
            inherit: if otherwise { !declared } else { inherit },
            bypass_rls: get(row, "bypass_rls")?,
            member_of,
            powers,
        };
        roles.managed.insert(name, role);
    }
    Ok(roles)
}

fn note(
    row: &Row,
    name: &Ident,
    foreign: &BTreeSet<Ident>,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    if !foreign.is_empty() {
        notes.push(format!(
            "{name} is a member of {}, which is not governed here and left alone",
            list(foreign)
        ));
    }
    let admin_of = idents(row, "admin_of")?;
    if !admin_of.is_empty() {
        notes.push(format!(
            "{name} may pass on its membership of {} to others (WITH ADMIN OPTION)",
            list(admin_of)
        ));
    }
    Ok(())
}
