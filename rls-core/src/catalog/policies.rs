//! Policies.

use std::collections::BTreeSet;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, idents, with_declared};
use super::relations::Tables;
use crate::model::{Command, Grantee, Policy, PolicyKind, Sql};

// `pg_roles`, for `pg_authid` is readable by superusers alone.
const POLICIES: &str = with_declared!(
    "SELECT p.polrelid AS oid, p.polname::text AS name, p.polcmd::text AS command,
    p.polpermissive AS permissive, 0 = ANY (p.polroles) AS everyone,
    ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (p.polroles)) AS roles,
    pg_get_expr(p.polqual, p.polrelid) AS rows, pg_get_expr(p.polwithcheck, p.polrelid) AS new_rows
FROM declared c JOIN pg_policy p ON p.polrelid = c.oid
ORDER BY p.polrelid, p.polname"
);

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, POLICIES, &[&asked.table_schemas, &asked.table_names]).await
}

pub(super) fn add(rows: &[Row], tables: &mut Tables) -> Result<(), Error> {
    for row in rows {
        let Some(table) = tables.get(row)? else { continue };
        let name = ident(row, "name")?;
        let mut roles: BTreeSet<_> = idents(row, "roles")?.into_iter().map(Grantee::Role).collect();
        if get(row, "everyone")? {
            roles.insert(Grantee::Public);
        }
        let expr = |column| get::<Option<&str>>(row, column).map(|text| text.map(Sql::new));
        let policy = Policy {
            kind: if get(row, "permissive")? {
                PolicyKind::Permissive
            } else {
                PolicyKind::Restrictive
            },
            command: match get(row, "command")? {
                "*" => Command::All,
                "r" => Command::Select,
                "a" => Command::Insert,
                "w" => Command::Update,
                "d" => Command::Delete,
                code => {
                    let what = format!("the policy \"{name}\" on {}", table.name);
                    return Err(Error::Unknown { what, code: code.to_owned() });
                }
            },
            roles,
            using: expr("rows")?,
            with_check: expr("new_rows")?,
        };
        table.policies.insert(name, policy);
    }
    Ok(())
}
