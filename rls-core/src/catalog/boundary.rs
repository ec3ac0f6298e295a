//! What stands beside the declared things, and to whom everything there belongs: the line that no plan
//! crosses, to be shown with each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::try_join;
use tokio_postgres::{Row, Transaction};

use super::ask::{self, Asked, get, ident};
use super::{Error, PLAIN_TEXT, begin, end, functions};
use crate::model::{Function, Ident, QualifiedName, Schema};

/// Something that a database holds, and whether it is declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// Whether plans are about it. What is not declared is left alone.
    pub declared: bool,
    /// What it is.
    pub kind: StandingKind,
    /// To whom it belongs; none where it is a role.
    pub owner: Option<Ident>,
    /// Its name, with its schema where it has one.
    pub name: String,
}

/// What something is that a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StandingKind {
    /// A schema.
    Schema,
    /// An extension.
    Extension,
    /// A role that holds privileges on what is declared.
    Role,
    /// A table.
    Table,
    /// A foreign table.
    ForeignTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence that is no column's.
    Sequence,
    /// A function, a procedure or an aggregate.
    Function,
    /// A type of any kind.
    Type,
}

impl fmt::Display for StandingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StandingKind::Schema => "schema",
            StandingKind::Extension => "extension",
            StandingKind::Role => "role",
            StandingKind::Table => "table",
            StandingKind::ForeignTable => "foreign table",
            StandingKind::View => "view",
            StandingKind::MaterializedView => "materialized view",
            StandingKind::Sequence => "sequence",
            StandingKind::Function => "function",
            StandingKind::Type => "type",
        })
    }
}

// Partitions, sequences of columns and what an extension brought go with what they belong to. Schemas of
// the server, of this tool's history and of its functions are nobody's to declare.
const STANDING: &str = "
WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($1::name[]) AND nspname <> ALL ($5::name[]))
SELECT found.* FROM (
    SELECT 'schema' AS kind, NULL AS schema, n.nspname::text AS name, NULL::text[] AS arguments, r.rolname::text AS owner,
        n.oid, 'pg_namespace'::regclass AS class
    FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
    WHERE n.nspname !~ '^pg_' AND n.nspname <> ALL ('{information_schema,rls}'::name[] || $5::name[])
    UNION ALL SELECT 'extension', NULL, e.extname::text, NULL, r.rolname::text, e.oid, 'pg_extension'::regclass
    FROM pg_extension e JOIN pg_roles r ON r.oid = e.extowner WHERE e.extname <> 'plpgsql'
    UNION ALL SELECT DISTINCT 'role', NULL, r.rolname::text, NULL::text[], NULL, r.oid, 'pg_roles'::regclass
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(c.relacl) AS acl JOIN pg_roles r ON r.oid = acl.grantee
    WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($2::name[], $3::name[])) AND acl.grantee <> c.relowner
        AND r.rolname <> ALL ($4::name[])
    UNION ALL SELECT c.relkind::text, s.nspname::text, c.relname::text, NULL, r.rolname::text, c.oid, 'pg_class'::regclass
    FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND NOT c.relispartition AND NOT (c.relkind = 'S' AND EXISTS
        (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
            AND d.refobjsubid > 0))
    UNION ALL SELECT 'function', s.nspname::text, p.proname::text,
        ARRAY(SELECT format_type(a.type, -1) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, at) ORDER BY a.at),
        r.rolname::text, p.oid, 'pg_proc'::regclass
    FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner
    UNION ALL SELECT 'type', s.nspname::text, t.typname::text, NULL, r.rolname::text, t.oid, 'pg_type'::regclass
    FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace JOIN pg_roles r ON r.oid = t.typowner
        LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype <> 'm' AND coalesce(c.relkind = 'c', true) AND NOT (t.typlen = -1 AND t.typelem <> 0)
    ) AS found
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = found.class AND d.objid = found.oid AND d.deptype = 'e')";

/// What the schemas of `scope` hold, declared or not, with the schemas and extensions of the database and the
/// roles that hold something there; and to whom each belongs. Only who shows it asks for it.
///
/// # Errors
/// The database does not answer, or has a name that cannot be one.
pub async fn standing(
    transaction: &mut Transaction<'_>,
    scope: &Schema,
) -> Result<BTreeSet<Standing>, Error> {
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, PLAIN_TEXT).await?;
    let asked = Asked::new(scope);
    let names = [
        &asked.namespaces,
        &asked.relation_schemas,
        &asked.relation_names,
        &asked.roles,
        &asked.private_schemas,
    ];
    let (rows, functions) =
        try_join(ask::rows(&savepoint, STANDING, &names), functions::read(&savepoint, &asked))
            .await?;
    end(savepoint).await?;
    // What is to be said of them is said where they are compared.
    let functions = functions::understand(&functions, scope, &mut Vec::new())?;
    understand(&rows, scope, &asked.namespaces, &functions.declared)
}

/// What is there, by the declared things first. Functions go by their numbers, for their names are not all.
fn understand(
    rows: &[Row],
    scope: &Schema,
    schemas: &[String],
    functions: &BTreeMap<u32, Function>,
) -> Result<BTreeSet<Standing>, Error> {
    let mut standing = BTreeSet::new();
    for row in rows {
        let kind = kind(get(row, "kind")?);
        let own = ident(row, "name")?;
        let owner = match get::<Option<&str>>(row, "owner")? {
            Some(_) => Some(ident(row, "owner")?),
            None => None,
        };
        let qualified = match get::<Option<&str>>(row, "schema")? {
            Some(_) => Some(QualifiedName::new(ident(row, "schema")?, own.clone())),
            None => None,
        };
        let is_in = |known: &dyn Fn(&QualifiedName) -> bool| qualified.as_ref().is_some_and(known);
        let declared = match kind {
            StandingKind::Schema => schemas.iter().any(|name| name == own.as_str()),
            StandingKind::Extension => scope.extensions.contains(&own),
            StandingKind::Role | StandingKind::ForeignTable => false,
            StandingKind::Table => is_in(&|name| scope.tables.contains_key(name)),
            StandingKind::View | StandingKind::MaterializedView => {
                is_in(&|name| scope.views.contains_key(name))
            }
            StandingKind::Sequence => is_in(&|name| scope.sequences.contains_key(name)),
            StandingKind::Function => functions.contains_key(&get(row, "oid")?),
            StandingKind::Type => is_in(&|name| scope.types.contains_key(name)),
        };
        let mut name = qualified.map_or_else(|| own.to_string(), |name| name.to_string());
        if let Some(arguments) = get::<Option<Vec<&str>>>(row, "arguments")? {
            name += &format!("({})", arguments.join(", "));
        }
        standing.insert(Standing { declared, kind, owner, name });
    }
    Ok(standing)
}

fn kind(word: &str) -> StandingKind {
    match word {
        "schema" => StandingKind::Schema,
        "extension" => StandingKind::Extension,
        "role" => StandingKind::Role,
        "f" => StandingKind::ForeignTable,
        "v" => StandingKind::View,
        "m" => StandingKind::MaterializedView,
        "S" => StandingKind::Sequence,
        "function" => StandingKind::Function,
        "type" => StandingKind::Type,
        _ => StandingKind::Table,
    }
}
