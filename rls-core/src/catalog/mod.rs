//! Reading a live database: what it holds of the things that a schema declares, and what its
//! server makes of an expression. Reads `pg_catalog` only, as any role that may see it; Postgres 14
//! or later.

mod access;
mod alike;
mod arrays;
mod ask;
mod beside;
mod bodies;
mod boundary;
mod canonical;
mod comments;
mod constants;
mod constraints;
mod defaults;
mod discover;
mod exposure;
mod failure;
mod functions;
mod indexes;
mod left_out;
mod owners;
mod partitions;
mod policies;
mod queries;
mod relations;
mod roles;
mod sequences;
mod server;
mod triggers;
mod unheld;
mod user_types;
mod views;

use std::collections::BTreeSet;

use futures_util::future::{try_join3, try_join4, try_join5};
use tokio_postgres::Transaction;

use crate::model::{Ident, QualifiedName, Renames, Schema};
use ask::Asked;

pub use boundary::{Standing, StandingKind, standing};
pub use canonical::canonical;
pub use defaults::StrayDefault;
pub use discover::{Discovered, discover};
pub use exposure::{Exempt, ExposedTable, Exposure, exposure};
pub(crate) use failure::byte_of;
pub use failure::{Error, Failure};

/// What a database holds of a declared schema.
#[derive(Clone, Debug)]
pub struct Live {
    /// The declared things as the database has them.
    pub schema: Schema,
    /// Tables of the declared schemas that are not declared themselves.
    pub undeclared: BTreeSet<QualifiedName>,
    /// Declared tables of no more than eight megabytes: whoever waits for one of these to be gone through
    /// waits for a moment.
    pub small: BTreeSet<QualifiedName>,
    /// Default privileges on tables that are not declared.
    pub stray_defaults: Vec<StrayDefault>,
    /// Declared roles that the server does not have and that no plan makes.
    pub missing_roles: BTreeSet<Ident>,
    /// Whether a stand-in takes the provider's place.
    pub stand_in: bool,
    /// What declared tables hold that no declaration can say, one sentence each. Such things are
    /// left alone.
    pub notes: Vec<String>,
}

/// Reads what the database holds of `scope`: its tables with all that belongs to them, the
/// managed roles and its functions, the privileges of its grantees on tables and functions, and of the
/// rest exactly what it asks for. So a privilege on a sequence, or on a function of somebody else's,
/// that is no longer asked for is not seen here, only by comparing with a snapshot. The number
/// of queries does not depend on the number of tables, and they are sent without waiting for each
/// other.
///
/// A thing that the model can say only in part, such as a deferrable foreign key, stands for the
/// declared one that it covers and is otherwise left out, with a note.
///
/// # Errors
/// The database does not answer, a relation of a declared name is no table, or the catalog holds
/// something that this version cannot read.
pub async fn introspect(transaction: &mut Transaction<'_>, scope: &Schema) -> Result<Live, Error> {
    // Names come back qualified only where nothing is on the path. Rolling back restores it.
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, PLAIN_TEXT).await?;
    let asked = Asked::new(scope);
    let (
        (server, relations, columns, keys, indexes),
        (policies, functions, roles, access, unheld),
        (sequences, comments, triggers, partitions, types),
        (defaults, owners, views),
    ) = try_join4(
        try_join5(
            server::read(&savepoint, &asked),
            relations::read(&savepoint, &asked),
            relations::columns(&savepoint, &asked),
            constraints::read(&savepoint, &asked),
            indexes::read(&savepoint, &asked),
        ),
        try_join5(
            policies::read(&savepoint, &asked),
            functions::read(&savepoint, &asked),
            roles::read(&savepoint, &asked),
            access::read(&savepoint, &asked),
            unheld::read(&savepoint, &asked),
        ),
        try_join5(
            sequences::read(&savepoint, &asked),
            comments::read(&savepoint, &asked),
            triggers::read(&savepoint, &asked),
            partitions::read(&savepoint, &asked),
            user_types::read(&savepoint, &asked),
        ),
        try_join3(
            defaults::read(&savepoint, &asked),
            owners::read(&savepoint, &asked),
            views::read(&savepoint, &asked),
        ),
    )
    .await?;
    end(savepoint).await?;

    let server::Server {
        extensions,
        extension_schemas,
        namespaces,
        missing_roles,
        stand_in,
        mut notes,
    } = server::understand(&server, scope)?;
    let mut tables = relations::understand(&relations, scope, &mut notes)?;
    relations::add_columns(&columns, &mut tables, &mut notes)?;
    unheld::note(&unheld, &mut tables, &mut notes)?;
    let kept = partitions::add(&partitions, scope, &mut tables, &mut notes)?;
    constraints::add(&keys, &mut tables, &mut notes)?;
    policies::add(&policies, &mut tables)?;
    let readers = views::readers(&views)?;
    let mut views = views::understand(&views, scope, &mut notes)?;
    let mut relations = views::Relations { tables: &mut tables, views: &mut views };
    indexes::add(&indexes, scope, &mut relations, &mut notes)?;
    triggers::add(&triggers, &mut relations, &mut notes)?;
    let mut functions = functions::understand(&functions, scope, &mut notes)?;
    let mut of_others = partitions::owners(&partitions)?;
    of_others.extend(functions.take_owners());
    let owners = owners::understand(&owners, of_others, scope)?;
    let types = user_types::understand(&types, scope, &mut notes)?;
    let sequences = sequences::understand(&sequences, scope)?;
    let (mut comments, mut undeclared_comments) = comments::understand(&comments, scope)?;
    functions.comment(scope, &mut comments, &mut undeclared_comments);
    let roles = roles::understand(&roles, scope, &mut notes)?;
    let access::Access { mut grants, mut grant_options } =
        access::understand(&access, scope, &tables, &views, &functions, &mut notes)?;
    let on_partitions = partitions::privileges(&partitions, scope, &kept, &mut notes)?;
    grants.extend(on_partitions.grants);
    grant_options.extend(on_partitions.options);
    let (default_privileges, stray_defaults) = defaults::understand(&defaults, scope, &mut notes)?;
    let (undeclared, small) =
        (std::mem::take(&mut tables.undeclared), std::mem::take(&mut tables.small));
    let tables = tables.into_map();
    let (functions, strays) = functions.split();

    Ok(Live {
        schema: Schema {
            extensions,
            extension_schemas,
            namespaces,
            grantees: scope.grantees.clone(),
            roles: roles.managed,
            memberships: roles.memberships,
            exempt_roles: scope.exempt_roles.clone(),
            types,
            tables,
            sequences,
            views: views.into_map(),
            readers,
            functions,
            strays,
            comments,
            undeclared_comments,
            grants,
            grant_options,
            grants_by_name: scope.grants_by_name.clone(),
            default_privileges,
            owners: owners.declared,
            undeclared_owners: owners.undeclared,
            settled_defaults: scope.settled_defaults.clone(),
            renames: Renames::default(),
        },
        undeclared,
        small,
        stray_defaults,
        missing_roles,
        stand_in,
        notes,
    })
}

/// What the text that Postgres writes depends on, so that it means the same in another session; and no machine
/// code for queries that it costs more to translate than to run. The order of day and month stays the session's.
const PLAIN_TEXT: &str = "SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off; SET LOCAL jit = off;
    SET LOCAL datestyle = iso; SET LOCAL intervalstyle = postgres; SET LOCAL bytea_output = hex; SET LOCAL extra_float_digits = 1";

async fn begin<'a>(transaction: &'a mut Transaction<'_>) -> Result<Transaction<'a>, Error> {
    transaction.transaction().await.map_err(|error| Failure::of("SAVEPOINT", error).into())
}

async fn end(savepoint: Transaction<'_>) -> Result<(), Error> {
    savepoint.rollback().await.map_err(|error| Failure::of("ROLLBACK TO SAVEPOINT", error).into())
}
