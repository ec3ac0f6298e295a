//! What is not in any table: schemas, extensions, roles, the stand-in.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, idents, list};
use super::views::invokable;
use crate::model::{Grantee, Ident, Privilege, Schema};
use crate::provider::Provider;
use crate::render::STAND_IN_MARK;

const SERVER: &str = "SELECT
    ARRAY(SELECT nspname::text FROM pg_namespace WHERE nspname = ANY ($1::name[])) AS namespaces,
    ARRAY(SELECT extname::text FROM pg_extension WHERE extname = ANY ($2::name[]) ORDER BY oid) AS extensions,
    ARRAY(SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = ANY ($2::name[]) ORDER BY e.oid) AS extension_schemas,
    ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($3::name[] || $5::name[])) AS roles,
    ARRAY(SELECT rolname::text FROM pg_roles
        WHERE rolname = ANY ($3::name[]) AND rolname <> ALL ($4::name[]) AND (rolsuper OR rolbypassrls AND rolname <> ALL ($6::name[])) ORDER BY rolname) AS exempt,
    coalesce(obj_description(to_regnamespace('auth'), 'pg_namespace'), '') AS mark,
    current_setting('server_version_num')::integer AS version";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names = [
        &asked.made_schemas,
        &asked.extensions,
        &asked.roles,
        &asked.managed_roles,
        &asked.owners,
        &asked.exempt_roles,
    ];
    ask::rows(transaction, SERVER, &names).await
}

pub(super) struct Server {
    pub(super) extensions: BTreeSet<Ident>,
    pub(super) extension_schemas: BTreeMap<Ident, Ident>,
    pub(super) namespaces: BTreeSet<Ident>,
    pub(super) missing_roles: BTreeSet<Ident>,
    pub(super) stand_in: bool,
    pub(super) notes: Vec<String>,
}

pub(super) fn understand(rows: &[Row], scope: &Schema) -> Result<Server, Error> {
    let mut server = Server {
        extensions: BTreeSet::new(),
        extension_schemas: BTreeMap::new(),
        namespaces: BTreeSet::new(),
        missing_roles: BTreeSet::new(),
        stand_in: false,
        notes: Vec::new(),
    };
    for row in rows {
        maintainable(get(row, "version")?, scope)?;
        invokable(get(row, "version")?, scope)?;
        let extensions = idents(row, "extensions")?;
        let schemas = idents(row, "extension_schemas")?;
        let declared = |(name, _): &(Ident, Ident)| scope.extension_schemas.contains_key(name);
        server.extension_schemas =
            extensions.iter().cloned().zip(schemas).filter(declared).collect();
        server.extensions = extensions.into_iter().collect();
        server.namespaces = idents(row, "namespaces")?.into_iter().collect();
        server.stand_in = get::<&str>(row, "mark")?.starts_with(STAND_IN_MARK);
        let roles = idents(row, "roles")?;
        let governed = scope.grantees.iter().filter_map(|grantee| match grantee {
            Grantee::Public => None,
            Grantee::Role(name) => Some(name),
        });
        let named = governed.chain(scope.owners.values());
        let missing = named.filter(|it| !roles.contains(it) && !scope.roles.contains_key(*it));
        server.missing_roles = missing.cloned().collect();
        let exempt = idents(row, "exempt")?;
        if !exempt.is_empty() {
            server.notes.push(format!(
                "no policy applies to {}: a superuser, or a role with BYPASSRLS",
                list(exempt)
            ));
        }
    }
    if server.stand_in {
        let supplied = Provider::ALL.iter().filter_map(|provider| provider.extension());
        let stood_for = supplied.filter_map(|name| Ident::new(name).ok());
        server.extensions.extend(stood_for.filter(|name| scope.extensions.contains(name)));
    }
    Ok(server)
}

/// Postgres has MAINTAIN since 17; the statement alone would be refused as a mistake in its spelling.
fn maintainable(version: i32, scope: &Schema) -> Result<(), Error> {
    let mut grants = scope.grants.iter();
    match grants.find(|grant| version < 170_000 && grant.privilege == Privilege::Maintain) {
        Some(grant) => Err(Error::NoMaintain {
            object: grant.object.to_string(),
            grantee: grant.grantee.to_string(),
            version: version / 10_000,
        }),
        None => Ok(()),
    }
}
