//! Asking the catalog: what every query is limited to, and how rows become values.

use std::collections::BTreeSet;

use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::{Error, Failure};
use crate::model::{
    GrantObject, Grantee, Ident, Owned, PRIVATE_SCHEMA, Partitioning, QualifiedName, Schema,
};

/// The names that queries are limited to. They travel as parameters, never as text.
pub(super) struct Asked {
    /// The schema of each declared table, and in the same order its name.
    pub(super) table_schemas: Vec<String>,
    pub(super) table_names: Vec<String>,
    /// The same of views, and of tables and views together.
    pub(super) view_schemas: Vec<String>,
    pub(super) view_names: Vec<String>,
    pub(super) relation_schemas: Vec<String>,
    pub(super) relation_names: Vec<String>,
    pub(super) namespaces: Vec<String>,
    /// These, and those that extensions are in.
    pub(super) made_schemas: Vec<String>,
    /// Every schema whose own privileges are asked for.
    pub(super) granted_schemas: Vec<String>,
    /// The schema of each sequence that privileges are asked for on, and in the same order its name.
    pub(super) sequence_schemas: Vec<String>,
    pub(super) sequence_names: Vec<String>,
    /// The same of types.
    pub(super) type_schemas: Vec<String>,
    pub(super) type_names: Vec<String>,
    /// The same of functions, and of each declared one.
    pub(super) function_schemas: Vec<String>,
    pub(super) function_names: Vec<String>,
    /// Schemas in which every function is to be declared.
    pub(super) private_schemas: Vec<String>,
    /// Schemas whose owner is asked for.
    pub(super) owned_namespaces: Vec<String>,
    /// The schema of each table, partition, sequence and view, and in the same order its name.
    pub(super) owned_schemas: Vec<String>,
    pub(super) owned_names: Vec<String>,
    /// Schemas in which objects to come may carry something, and roles that may make them.
    pub(super) default_schemas: Vec<String>,
    pub(super) default_creators: Vec<String>,
    pub(super) extensions: Vec<String>,
    pub(super) roles: Vec<String>,
    /// Roles that something is to belong to.
    pub(super) owners: Vec<String>,
    /// Those of them of which it is known that no policy applies to them.
    pub(super) exempt_roles: Vec<String>,
    /// Those of them that are made here.
    pub(super) managed_roles: Vec<String>,
}

impl Asked {
    pub(super) fn new(scope: &Schema) -> Self {
        let text = |name: &Ident| name.as_str().to_owned();
        let of_tables = scope.tables.keys().chain(scope.views.keys()).map(|name| &name.schema);
        let namespaces: BTreeSet<_> = scope.namespaces.iter().chain(of_tables).map(text).collect();
        let of_extensions = scope.extension_schemas.values().map(text);
        let made_schemas: BTreeSet<_> = namespaces.iter().cloned().chain(of_extensions).collect();
        let granted = scope.grants.iter().filter_map(|grant| match &grant.object {
            GrantObject::Schema(name) => Some(text(name)),
            GrantObject::Sequence(_)
            | GrantObject::Function(_)
            | GrantObject::Routine(_)
            | GrantObject::Table(_)
            | GrantObject::Column { .. }
            | GrantObject::AllTables(_) => None,
        });
        let targets = scope.default_privileges.iter().map(|default| &default.target);
        let targets: Vec<_> =
            targets.chain(scope.settled_defaults.iter().map(|holder| &holder.target)).collect();
        let of_defaults = targets.iter().filter_map(|target| target.schema.as_ref().map(text));
        let default_schemas: BTreeSet<_> = of_defaults.chain(namespaces.iter().cloned()).collect();
        let creators = targets.iter().filter_map(|target| target.creator.as_ref().map(text));
        let default_creators: BTreeSet<_> = creators.collect();
        let granted_schemas: BTreeSet<_> = granted.collect();
        let objects = scope.grants.iter().map(|grant| &grant.object);
        let sequences = objects.clone().filter_map(|object| match object {
            GrantObject::Sequence(name) => Some(name),
            GrantObject::Schema(_)
            | GrantObject::Function(_)
            | GrantObject::Routine(_)
            | GrantObject::Table(_)
            | GrantObject::Column { .. }
            | GrantObject::AllTables(_) => None,
        });
        let functions = objects.filter_map(|object| match object {
            GrantObject::Function(name) => Some(name),
            GrantObject::Routine(routine) => Some(&routine.name),
            GrantObject::Schema(_)
            | GrantObject::Sequence(_)
            | GrantObject::Table(_)
            | GrantObject::Column { .. }
            | GrantObject::AllTables(_) => None,
        });
        let partitions = scope.tables.values().flat_map(|table| &table.partitioning);
        let partitions = partitions.flat_map(Partitioning::all).map(|partition| &partition.name);
        let relations = scope.tables.keys().chain(scope.sequences.keys()).chain(scope.views.keys());
        let relations = relations.chain(partitions);
        let (owned_schemas, owned_names) = parted(relations);
        let owned_namespaces = scope.owners.keys().filter_map(|owned| match owned {
            Owned::Schema(name) => Some(text(name)),
            Owned::Type(_) | Owned::Relation(_) | Owned::Function(_) => None,
        });
        let (table_schemas, table_names) = parted(scope.tables.keys());
        let (view_schemas, view_names) = parted(scope.views.keys());
        let (relation_schemas, relation_names) =
            parted(scope.tables.keys().chain(scope.views.keys()));
        let (sequence_schemas, sequence_names) = parted(sequences.chain(scope.sequences.keys()));
        let (function_schemas, function_names) =
            parted(functions.chain(scope.functions.keys().map(|routine| &routine.name)));
        let (type_schemas, type_names) = parted(scope.types.keys());
        Asked {
            view_schemas,
            view_names,
            relation_schemas,
            relation_names,
            type_schemas,
            type_names,
            sequence_schemas,
            sequence_names,
            function_schemas,
            function_names,
            owned_namespaces: owned_namespaces.collect(),
            owned_schemas,
            owned_names,
            default_schemas: default_schemas.into_iter().collect(),
            default_creators: default_creators.into_iter().collect(),
            private_schemas: vec![PRIVATE_SCHEMA.to_owned()],
            exempt_roles: scope.exempt_roles.iter().map(text).collect(),
            managed_roles: scope.roles.keys().map(text).collect(),
            table_schemas,
            table_names,
            namespaces: namespaces.into_iter().collect(),
            made_schemas: made_schemas.into_iter().collect(),
            granted_schemas: granted_schemas.into_iter().collect(),
            owners: scope.owners.values().map(text).collect::<BTreeSet<_>>().into_iter().collect(),
            extensions: scope.extensions.iter().map(text).collect(),
            roles: scope
                .grantees
                .iter()
                .filter_map(|grantee| match grantee {
                    Grantee::Public => None,
                    Grantee::Role(name) => Some(text(name)),
                })
                .collect(),
        }
    }
}

/// Schemas and names, each name once.
fn parted<'a>(names: impl Iterator<Item = &'a QualifiedName>) -> (Vec<String>, Vec<String>) {
    let names: BTreeSet<_> = names.collect();
    let text = |name: &QualifiedName| (name.schema.to_string(), name.name.to_string());
    names.into_iter().map(text).unzip()
}

/// The declared tables, or tables and views, as `declared`, from the parameters `$1` (schemas) and `$2` (names), and what else
/// a query begins with.
macro_rules! with_declared {
    ($query:literal $(, $more:literal)?) => {
        concat!(
            "WITH declared AS (SELECT c.* FROM pg_class c ",
            "JOIN pg_namespace n ON n.oid = c.relnamespace ",
            "JOIN unnest($1::text[], $2::text[]) AS name(space, own) ",
            "ON n.nspname = name.space::name AND c.relname = name.own::name ",
            "WHERE c.relkind IN ('r', 'p', 'v', 'm'))",
            $(", ", $more,)?
            "\n",
            $query
        )
    };
}
pub(super) use with_declared;

/// Runs a query whose parameters are lists of names.
pub(super) async fn rows(
    transaction: &Transaction<'_>,
    query: &str,
    names: &[&Vec<String>],
) -> Result<Vec<Row>, Error> {
    let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        names.iter().map(|list| (*list as &(dyn ToSql + Sync), Type::TEXT_ARRAY)).collect();
    let rows = transaction.query_typed(query, &parameters).await;
    rows.map_err(|error| Failure::of(query, error).into())
}

/// The answer to each question, or none where the server has none. `answers` has all of a batch or none;
/// the one at fault is found by halving.
pub(super) async fn each<T, A>(
    transaction: &mut Transaction<'_>,
    questions: &[T],
    answers: impl AsyncFn(&mut Transaction<'_>, &[T]) -> Result<Option<Vec<A>>, Error>,
) -> Result<Vec<Option<A>>, Error> {
    let mut all = Vec::new();
    let mut batches = vec![questions];
    while let Some(batch) = batches.pop() {
        if batch.is_empty() {
            continue;
        }
        match answers(transaction, batch).await? {
            Some(answers) => all.extend(answers.into_iter().map(Some)),
            None if batch.len() > 1 => {
                let (left, right) = batch.split_at(batch.len() / 2);
                batches.extend([right, left]);
            }
            None => all.push(None),
        }
    }
    Ok(all)
}

/// Runs statements of ours that return nothing.
pub(super) async fn run(transaction: &Transaction<'_>, statements: &str) -> Result<(), Error> {
    let done = transaction.batch_execute(statements).await;
    done.map_err(|error| Failure::of(statements, error).into())
}

/// A column of a row.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T, Error> {
    row.try_get(column).map_err(Error::Catalog)
}

/// A column that holds a name.
pub(super) fn ident(row: &Row, column: &str) -> Result<Ident, Error> {
    Ok(Ident::new(get::<&str>(row, column)?)?)
}

/// A column that holds a list of names.
pub(super) fn idents(row: &Row, column: &str) -> Result<Vec<Ident>, Error> {
    let names: Vec<&str> = get(row, column)?;
    Ok(names.into_iter().map(Ident::new).collect::<Result<_, _>>()?)
}

/// A column that holds a role's name, or NULL for everyone.
pub(super) fn grantee(row: &Row, column: &str) -> Result<Grantee, Error> {
    match get::<Option<&str>>(row, column)? {
        Some(name) => Ok(Grantee::Role(Ident::new(name)?)),
        None => Ok(Grantee::Public),
    }
}

/// Names, for a sentence.
pub(super) fn list<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}
