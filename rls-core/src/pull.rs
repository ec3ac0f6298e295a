//! From a live database to declarations: what it holds is discovered, read, said in the words of the
//! declaration where the server agrees that this is the same, and written as source.

mod settings;

use std::collections::BTreeSet;
use std::fmt;

use tokio_postgres::{Client, IsolationLevel, Transaction};

use crate::catalog::{self, Discovered, Failure, canonical, discover, introspect};
use crate::diff::{self, Canonical, Pair};
use crate::model::{
    AllowedLint, Gate, Grant, GrantObject, Ident, IndexValue, Policy, QualifiedName, Schema, Site,
    Sql, Table,
};
use crate::provider::{Grants, Provider, Settings};
use crate::resolve::{Declared, ResolveError, ResolveErrors, resolve_as_found};
use crate::source::{self, Known, Names, Source, Words};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The schemas to read.
    pub schemas: BTreeSet<Ident>,
    /// Whose functions say who is asking; none where the database is to be asked.
    pub provider: Option<Provider>,
}

/// What a database came to.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What is declared.
    pub declared: Declared,
    /// What it is compiled for.
    pub settings: Settings,
    /// What was read.
    pub live: Schema,
    /// The declarations as source.
    pub source: Source,
    /// What is no part of them, and what could be better, one sentence each.
    pub notes: Vec<String>,
}

/// Why nothing was pulled.
#[derive(Debug)]
pub enum Error {
    /// The database does not answer, or cannot be read.
    Catalog(catalog::Error),
    /// Schemas that are not there.
    NoSchema(BTreeSet<Ident>),
    /// There is no table in the schemas.
    Nothing,
    /// What was read cannot be declared.
    Undeclarable(ResolveErrors),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Catalog(error) => error.fmt(f),
            Error::NoSchema(names) => {
                let names: Vec<_> = names.iter().map(Ident::as_str).collect();
                write!(f, "the database has no schema {}", names.join(", "))
            }
            Error::Nothing => f.write_str("there is no table in the schemas"),
            Error::Undeclarable(errors) => write!(f, "what was read cannot be declared: {errors}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<catalog::Error> for Error {
    fn from(error: catalog::Error) -> Self {
        Error::Catalog(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Catalog(failure.into())
    }
}

/// Reads a database, and leaves nothing behind: the transaction is rolled back.
///
/// # Errors
/// See [`Error`].
pub async fn pull(client: &mut Client, request: &Request) -> Result<Pulled, Error> {
    // One snapshot for all queries. The server is asked by way of temporary functions, so it is not read only.
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let started = builder.read_only(false).start().await;
    let mut transaction = started.map_err(|error| Failure::of("BEGIN", error))?;
    let strings = "SET LOCAL standard_conforming_strings = on";
    let set = transaction.batch_execute(strings).await;
    set.map_err(|error| Failure::of(strings, error))?;
    let pulled = read(&mut transaction, request).await?;
    transaction.rollback().await.map_err(|error| Failure::of("ROLLBACK", error))?;
    Ok(pulled)
}

async fn read(transaction: &mut Transaction<'_>, request: &Request) -> Result<Pulled, Error> {
    let Discovered { scope, provider, lookups, missing, mut notes } =
        discover(transaction, &request.schemas).await?;
    if !missing.is_empty() {
        return Err(Error::NoSchema(missing));
    }
    if scope.tables.is_empty() {
        return Err(Error::Nothing);
    }
    let live = introspect(transaction, &scope).await?;
    notes.extend(live.notes);
    let mut live = live.schema;
    live.comments.append(&mut live.undeclared_comments);
    let owner = settings::owner(&mut live);
    let provider = request.provider.unwrap_or(provider);
    let names = Names::of(&live);
    let words = Words { schema: &live, names: &names, lookups: &lookups, provider };
    let mut known = recognised(words);
    let proposed = known.len();
    let mut settings = Settings { owner, ..settings::of(&live, provider) };
    let mut bare = BTreeSet::new();
    let mut named = BTreeSet::new();
    // Each round takes back what the server or the linker does not hold for the same, so it ends.
    let (mut declared, circles) = loop {
        let (mut declared, unsaid) = source::declare(&live, &names, &known, &named);
        for table in &mut declared.tables {
            table.policy_indexes = !bare.contains(&table.table.name);
        }
        let (compiled, circles) = match resolve_as_found(declared.clone(), &settings) {
            Ok(resolved) => (resolved.schema, resolved.circles),
            Err(errors) => {
                if !source::take_back_mistakes(&errors, &mut known) {
                    return Err(Error::Undeclarable(errors));
                }
                continue;
            }
        };
        let schemas = Pair { previous: &live, next: &compiled };
        let canonical = canonical(transaction, schemas).await?;
        let before = (known.len(), bare.len(), settings.grants, named.len());
        known.retain(|(table, site), _| same(table, site, schemas, &canonical));
        bare.extend(made_for_policies(schemas));
        if settings.grants == Grants::Policies {
            let held = introspect(transaction, &compiled).await?.schema;
            let extra = more_than_policies(&held, &compiled, &live);
            if held.grants != compiled.grants || held.grant_options != compiled.grant_options {
                // What follows from policies stays said by them, if that is all held.
                match extra.filter(|_| named.is_empty()) {
                    Some(extra) => named = extra,
                    None => {
                        settings.grants = Grants::Declared;
                        named = nameable(&live.grants, &live);
                    }
                }
            }
        }
        if before == (known.len(), bare.len(), settings.grants, named.len()) {
            notes.extend(unsaid);
            let alone = Settings { grants_beside: Vec::new(), ..settings.clone() };
            if let Ok(resolved) = resolve_as_found(declared.clone(), &alone) {
                settings.grants_beside = settings::beside(&live, &resolved.schema.grants);
            }
            break (declared, circles);
        }
    };
    allow_circles(circles, &mut declared, &mut notes);
    if proposed > known.len() {
        let left = proposed - known.len();
        notes.push(format!(
            "{left} expressions stay `sql(\"..\")`, for what the compiler would write in their place is \
             not what the database holds, though perhaps faster"
        ));
    }
    let source = source::write(&declared, PREAMBLE);
    Ok(Pulled { declared, settings, live, source, notes })
}

/// What reads in a circle is declared as it is, and said to be known: no statement that uses it works, and
/// all else does.
fn allow_circles(circles: Vec<ResolveError>, declared: &mut Declared, notes: &mut Vec<String>) {
    let lint = "policy_recursion";
    for ResolveError { table, message, .. } in circles {
        let own = declared.tables.iter_mut().find(|declared| declared.table.name == table);
        let allowed = own.map(|declared| &mut declared.allowed);
        if let Some(allowed) = allowed.filter(|all| all.iter().all(|known| known.lint != lint)) {
            let reason = "the database has it so, and no statement that uses it works".to_owned();
            allowed.push(AllowedLint { lint: lint.to_owned(), reason });
        }
        notes.push(format!("of {table} {message}"));
    }
}

const PREAMBLE: &str = "What a database holds, as `cargo rls pull` found it.";

/// Every expression that can be said in the words of the declaration.
fn recognised(words: Words<'_>) -> Known {
    let mut known = Known::new();
    for table in words.schema.tables.values() {
        table.map(&mut |site, sql| {
            let expr = match &site {
                Site::Policy(..) | Site::Check(_) | Site::IndexPredicate(_) => {
                    source::predicate(sql, table, words)
                }
                Site::Default(column) => table
                    .column(column)
                    .and_then(|column| source::default(sql, column, &table.name, words)),
                _ => None,
            };
            if let Some(expr) = expr {
                known.insert((table.name.clone(), site), expr);
            }
        });
    }
    known
}

/// Whether what was compiled at a site is what the database holds there.
fn same(table: &QualifiedName, site: &Site, schemas: Pair<&Schema>, canonical: &Canonical) -> bool {
    let Pair { previous, next } = schemas;
    let (Some(previous), Some(next)) = (previous.tables.get(table), next.tables.get(table)) else {
        return false;
    };
    let default_of = match site {
        Site::Default(column) | Site::Generated(column) => Some(column.clone()),
        _ => None,
    };
    let place = diff::Site { table: table.clone(), default_of };
    let (one, other) = (at(previous, site), at(next, site));
    // What is said of old rows holds for new ones too where nothing is said of those.
    let of_new_rows = match site {
        Site::Policy(name, Gate::Using) => {
            let unsaid = |policy: &&Policy<Sql>| policy.with_check.is_none();
            let policy = previous.policies.get(name).filter(unsaid);
            policy.map(|_| Site::Policy(name.clone(), Gate::Check))
        }
        _ => None,
    };
    let same_check =
        of_new_rows.is_none_or(|site| canonical.same(&place, at(previous, &site), at(next, &site)));
    one.is_some() && canonical.same(&place, one, other) && same_check
}

/// The text at a site.
fn at<'a>(table: &'a Table<Sql>, site: &Site) -> Option<&'a Sql> {
    match site {
        Site::Policy(name, Gate::Using) => table.policies.get(name)?.using.as_ref(),
        Site::Policy(name, Gate::Check) => table.policies.get(name)?.effective_check(),
        Site::Default(name) => table.column(name)?.default.as_ref(),
        Site::Generated(name) => Some(&table.column(name)?.generated.as_ref()?.expr),
        Site::Check(name) => Some(&table.checks.get(name)?.expr),
        Site::IndexPredicate(name) => {
            let of_index = table.indexes.get(name).and_then(|index| index.predicate.as_ref());
            of_index.or_else(|| table.exclusions.get(name)?.predicate.as_ref())
        }
        Site::IndexKey(name, at) => match &table.indexes.get(name)?.keys.get(*at)?.value {
            IndexValue::Expr(sql) => Some(sql),
            IndexValue::Column(_) => None,
        },
        _ => None,
    }
}

/// The tables on which indexes would be made that are not there.
fn made_for_policies(schemas: Pair<&Schema>) -> Vec<QualifiedName> {
    let Pair { previous, next } = schemas;
    let more = next.tables.iter().filter(|(name, table)| {
        let there = previous.tables.get(*name);
        there.is_some_and(|there| there.indexes.len() < table.indexes.len())
    });
    more.map(|(name, _)| name.clone()).collect()
}

/// The privileges that are held beside those that follow from policies; none where some of those are not
/// held, or may be passed on.
fn more_than_policies(held: &Schema, compiled: &Schema, live: &Schema) -> Option<BTreeSet<Grant>> {
    let follow =
        compiled.grants.is_subset(&held.grants) && compiled.grants.is_disjoint(&held.grant_options);
    let extra = held.grants.difference(&compiled.grants).cloned().collect();
    follow.then(|| nameable(&extra, live)).filter(|extra| !extra.is_empty())
}

/// The privileges that are declared beside what they are on.
fn nameable(grants: &BTreeSet<Grant>, live: &Schema) -> BTreeSet<Grant> {
    let on_something = |grant: &&Grant| {
        matches!(
            grant.object,
            GrantObject::Table(_)
                | GrantObject::Column { .. }
                | GrantObject::Sequence(_)
                | GrantObject::Routine(_)
        )
    };
    let on_structs = |grant: &&Grant| !settings::is_beside(grant, live);
    grants.iter().filter(on_something).filter(on_structs).cloned().collect()
}
