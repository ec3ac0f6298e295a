//! Discovery: what there is in a database that [`introspect`](super::introspect) can be asked for, by
//! name. The other way round than everywhere else, where the declaration says the names.
//!
//! What an extension brought along is the extension's, and left out. The number of queries does not
//! depend on what they find.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{try_join, try_join4};
use tokio_postgres::{Row, Transaction};

use super::ask::{self, get, ident, list};
use super::{Error, PLAIN_TEXT, begin, beside, end, functions, left_out};
use crate::model::{
    BaseType, EnumType, Grantee, Ident, PRIVATE_SCHEMA, PgType, QualifiedName, RowSecurity, Schema,
    Sequence, SequenceOptions, Sql, Table, TypeForm, UserType, View,
};
use crate::provider::Provider;
use crate::render::STAND_IN_MARK;

/// What there is.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// Names, with nothing behind them: the scope of an introspection.
    pub scope: Schema,
    /// Whose functions the database has.
    pub provider: Provider,
    /// What the functions of `definer(..)` ask, by their names.
    pub lookups: BTreeMap<QualifiedName, String>,
    /// Those of the asked schemas that are not there.
    pub missing: BTreeSet<Ident>,
    /// What was found and cannot be asked for, one sentence each.
    pub notes: Vec<String>,
}

// An identity column's sequence belongs to it from within ('i'), what an extension made to that ('e').
const RELATIONS: &str = "
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
    NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS bare
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p', 'S', 'f', 'v', 'm')
    AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype = 'i'))
ORDER BY 1, 2";

const NAMESPACES: &str =
    "SELECT n.nspname::text AS name FROM pg_namespace n WHERE n.nspname = ANY ($1::name[])";

// Whom policies name, and who holds a privilege that is not an owner's.
const ROLES: &str = "
WITH found AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p', 'S', 'v', 'm')),
routines AS (SELECT p.* FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY ($1::name[]) AND p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
SELECT DISTINCT r.rolname::text AS name
FROM (SELECT unnest(p.polroles) AS id FROM pg_policy p JOIN found c ON c.oid = p.polrelid
    UNION ALL SELECT acl.grantee FROM found c, aclexplode(c.relacl) AS acl WHERE acl.grantee <> c.relowner
    UNION ALL SELECT acl.grantee FROM found c JOIN pg_attribute a ON a.attrelid = c.oid,
        aclexplode(a.attacl) AS acl WHERE acl.grantee <> c.relowner
    UNION ALL SELECT acl.grantee FROM routines p, aclexplode(p.proacl) AS acl WHERE acl.grantee <> p.proowner) AS named
    JOIN pg_roles r ON r.oid = named.id
ORDER BY 1";

// A type of its own is none that a table, a view or an array brings along.
const TYPES: &str = "
SELECT n.nspname::text AS schema, t.typname::text AS name
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE n.nspname = ANY ($1::name[]) AND (t.typtype IN ('e', 'd') OR t.typtype = 'c' AND c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e'
        AND (d.classid = 'pg_type'::regclass AND d.objid = t.oid OR d.classid = 'pg_class'::regclass AND d.objid = c.oid))
ORDER BY 1, 2";

const LOOKUPS: &str = "
SELECT n.nspname::text AS schema, p.proname::text AS name, p.prosrc AS body
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY ($1::name[]) AND p.prokind = 'f' AND p.prosqlbody IS NULL";

const PROVIDER: &str = "
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_session_jwt') AS extension,
    coalesce(obj_description(to_regnamespace('auth'), 'pg_namespace'), '') AS mark,
    ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN ('authenticated', 'anonymous', 'anon')) AS roles,
    ARRAY(SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'auth' AND p.pronargs = 0 ORDER BY 1) AS functions
WHERE $1::name[] IS NOT NULL";

/// Lists what `schemas` hold.
///
/// # Errors
/// The database does not answer, or has a name that cannot be one.
pub async fn discover(
    transaction: &mut Transaction<'_>,
    schemas: &BTreeSet<Ident>,
) -> Result<Discovered, Error> {
    let asked: Vec<_> = schemas.iter().map(Ident::to_string).collect();
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, PLAIN_TEXT).await?;
    let private = vec![PRIVATE_SCHEMA.to_owned()];
    let (relations, (namespaces, beside, lookups, others), own, (roles, provider)) = try_join4(
        ask::rows(&savepoint, RELATIONS, &[&asked]),
        try_join4(
            ask::rows(&savepoint, NAMESPACES, &[&asked]),
            beside::read(&savepoint, &asked),
            ask::rows(&savepoint, LOOKUPS, &[&private]),
            left_out::read(&savepoint, &asked),
        ),
        try_join(ask::rows(&savepoint, TYPES, &[&asked]), functions::read_all(&savepoint, &asked)),
        try_join(
            ask::rows(&savepoint, ROLES, &[&asked]),
            ask::rows(&savepoint, PROVIDER, &[&asked]),
        ),
    )
    .await?;
    let (types, functions) = own;
    end(savepoint).await?;

    let names = |rows: &[Row]| -> Result<BTreeSet<Ident>, Error> {
        rows.iter().map(|row| ident(row, "name")).collect()
    };
    let namespaces = names(&namespaces)?;
    let provider = self::provider(&provider)?;
    let mut notes = Vec::new();
    let mut scope = Schema {
        namespaces: namespaces.clone(),
        grantees: grantees(&roles, provider, &mut notes)?,
        ..Schema::default()
    };
    add_relations(&relations, &mut scope, &mut notes)?;
    for row in &types {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        // Whatever it is: its name is all that is asked for.
        let form = TypeForm::Enum(EnumType { values: Vec::new() });
        scope.types.insert(name.clone(), UserType { name, form });
    }
    for function in functions::sayable(&functions, &mut notes)? {
        scope.functions.insert(function.routine(), function);
    }
    beside::add(&beside, &mut scope, &mut notes)?;
    left_out::tell(&others, &mut notes)?;
    let missing = schemas.difference(&namespaces).cloned().collect();
    let lookup = |row: &Row| -> Result<_, Error> {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        Ok((name, get::<&str>(row, "body")?.to_owned()))
    };
    let lookups = lookups.iter().map(lookup).collect::<Result<_, _>>()?;
    Ok(Discovered { scope, provider, lookups, missing, notes })
}

fn add_relations(rows: &[Row], scope: &mut Schema, notes: &mut Vec<String>) -> Result<(), Error> {
    for row in rows {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        match get(row, "kind")? {
            "S" => {
                let (ty, options) = (PgType::plain(BaseType::BigInt), SequenceOptions::default());
                let sequence = Sequence { name: name.clone(), ty, options, owner: None };
                scope.sequences.insert(name, sequence);
            }
            // Whatever it shows: its name is all that is asked for.
            "v" | "m" => {
                let view = View::new(name.clone(), Sql::new(""));
                scope.views.insert(name, View { security_invoker: false, ..view });
            }
            "f" => notes.push(format!("{name} is a foreign table, which is left alone")),
            _ if get(row, "bare")? => {
                notes.push(format!(
                    "{name} has no columns, so no struct declares it: it is left alone"
                ));
            }
            _ => {
                scope.tables.insert(name.clone(), Table::new(name, RowSecurity::Enabled));
            }
        }
    }
    Ok(())
}

/// Everyone, the provider's roles and those that policies or privileges name. The server's own cannot be
/// granted to by a declaration.
fn grantees(
    rows: &[Row],
    provider: Provider,
    notes: &mut Vec<String>,
) -> Result<BTreeSet<Grantee>, Error> {
    let of_provider = provider.roles().iter().copied().map(Ident::literal).map(Grantee::Role);
    let mut grantees: BTreeSet<_> = of_provider.chain([Grantee::Public]).collect();
    let mut refused = Vec::new();
    for row in rows {
        match Grantee::role(ident(row, "name")?) {
            Ok(grantee) => {
                grantees.insert(grantee);
            }
            Err(_) => refused.push(ident(row, "name")?),
        }
    }
    if !refused.is_empty() {
        notes.push(format!("no declaration can name the server's own roles: {}", list(refused)));
    }
    Ok(grantees)
}

/// Neon by its extension or what stands in for it, Supabase by its function: one of that name that
/// somebody made is no extension that a plan could miss.
fn provider(rows: &[Row]) -> Result<Provider, Error> {
    let Some(row) = rows.first() else { return Ok(Provider::Postgres) };
    let functions: Vec<&str> = get(row, "functions")?;
    let stand_in = get::<&str>(row, "mark")?.starts_with(STAND_IN_MARK);
    let has = |name: &str| functions.contains(&name);
    let roles: Vec<&str> = get(row, "roles")?;
    // Without its roles nothing of a provider's would do.
    let complete = |provider: &Provider| provider.roles().iter().all(|role| roles.contains(role));
    let neon = get(row, "extension")? || (stand_in && has("user_id"));
    let found = if neon { Some(Provider::Neon) } else { has("uid").then_some(Provider::Supabase) };
    Ok(found.filter(complete).unwrap_or(Provider::Postgres))
}
