//! Rules that span tables, and the step from declared tables to a compiled [`Schema`].

mod foreign_keys;
mod objects;
mod owners;
pub(crate) mod privileges;
mod renames;
mod types;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use self::objects::Objects;
pub use self::renames::{mistake, role_mistake};
use crate::model::{
    AllowedLint, DeclaredFunction, DeclaredSequence, DeclaredTable, DeclaredType, DeclaredView,
    Expr, Grantee, Ident, PRIVATE_SCHEMA, QualifiedName, Renames, RowSecurity, Schema, Table,
};
use crate::policy::compile::{self, Linked, Policies, Site};
use crate::policy::definer::{self, Functions};
use crate::policy::grants::{self, Sources};
use crate::policy::index::{self, Created};
use crate::policy::link::{Others, Shape};
use crate::policy::lint;
use crate::policy::recursion;
use crate::provider::{Grants, Settings};

/// A rule that one table breaks together with others or with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError {
    /// The table whose declaration is at fault.
    pub table: QualifiedName,
    /// The part of it.
    pub part: Part,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// A part of a declared table that a message can point at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The table as a whole.
    Table,
    /// What it was called before.
    Was,
    /// A foreign key, by its first column.
    ForeignKey(Ident),
    /// A policy, by name.
    Policy(Ident),
    /// A column, by name.
    Column(Ident),
    /// A `grant(..)`, by its place among them.
    Grant(usize),
    /// Somebody to whom it grants.
    Grantee(usize, Grantee),
    /// Somebody to whom a `grant(..)` of a partition grants.
    PartitionGrantee(QualifiedName, usize, Grantee),
    /// A lint that is allowed, by its place in the list.
    Allow(usize),
    /// A node of an expression, by its number in preorder.
    Expr(Site, usize),
}

/// What a declaration compiles to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The schema.
    pub schema: Schema,
    /// How each predicate came about, by table.
    pub policies: BTreeMap<QualifiedName, Policies>,
    /// What is accepted of functions, by name.
    pub allowed: BTreeMap<QualifiedName, Vec<AllowedLint>>,
    /// Policies that read in a circle.
    pub circles: Vec<ResolveError>,
}

/// Everything that is wrong, in the order of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveErrors(pub Vec<ResolveError>);

impl fmt::Display for ResolveErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}table {}: {}", error.table, error.message)?;
            if let Some(help) = &error.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ResolveErrors {}

/// Everything that a program, or its source, declares.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Tables, in any order.
    pub tables: Vec<DeclaredTable>,
    /// Sequences that belong to no column, in any order.
    pub sequences: Vec<DeclaredSequence>,
    /// Enums, domains and composite types, beside those that tables bring along.
    pub types: Vec<DeclaredType>,
    /// Functions, in any order.
    pub functions: Vec<DeclaredFunction>,
    /// Views, in any order.
    pub views: Vec<DeclaredView>,
}

impl From<Vec<DeclaredTable>> for Declared {
    fn from(tables: Vec<DeclaredTable>) -> Self {
        Declared { tables, ..Declared::default() }
    }
}

/// Compiles a declaration for a provider. Policies that read in a circle are an error, unless their table
/// says that it is known: Postgres takes them, and refuses every statement that uses them.
///
/// # Errors
/// See [`ResolveErrors`]; every violation is reported.
pub fn resolve(
    declared: impl Into<Declared>,
    settings: &Settings,
) -> Result<Resolved, ResolveErrors> {
    let declared = declared.into();
    let known = declared.tables.iter().filter(|table| lint::accepts_circles(table));
    let known: BTreeSet<_> = known.map(|table| table.table.name.clone()).collect();
    let resolved = resolve_as_found(declared, settings)?;
    let unknown = resolved.circles.iter().filter(|circle| !known.contains(&circle.table));
    let unknown: Vec<_> = unknown.cloned().collect();
    if unknown.is_empty() { Ok(resolved) } else { Err(ResolveErrors(unknown)) }
}

/// The same of what somebody else has made: circles are told with what it compiles to.
///
/// # Errors
/// See [`ResolveErrors`]; every violation is reported.
pub fn resolve_as_found(
    declared: impl Into<Declared>,
    settings: &Settings,
) -> Result<Resolved, ResolveErrors> {
    let Declared { tables, sequences: free, types, functions, views } = declared.into();
    let mut errors = Vec::new();
    let objects = Objects::new(free, functions, views, &mut errors);
    let tables = by_name(tables, &mut errors);
    relation_names(&tables, &objects, &mut errors);
    let types = types::all(&tables, &types);
    let compiled_types = types::compile(&types, &tables, settings, &mut errors);
    for declared in tables.values() {
        foreign_keys::check(&declared.table, &tables, &mut errors);
        roles(&declared.table, settings, &mut errors);
    }
    privileges::check(&tables, &objects, settings, &mut errors);
    renames::check(&tables, &mut errors);
    let linked = link(&tables, &mut errors);
    for (declared, linked) in tables.values().zip(linked.values()) {
        forced_lookups(declared, linked, &tables, settings, &mut errors);
        owners::of_lookups(declared, linked, &tables, settings, &mut errors);
        columns_and_blanket(declared, settings, &mut errors);
    }
    if !errors.is_empty() {
        return Err(ResolveErrors(errors));
    }
    let mut resolved = compile(&tables, &linked, settings);
    objects::add(&tables, &objects, settings, &mut resolved.schema);
    types::add(compiled_types, &types, settings, &mut resolved.schema);
    views::add(&objects.views, settings, &mut resolved.schema);
    privileges::add(&tables, &objects, &mut resolved.schema);
    privileges::add_settings(settings, &mut resolved.schema);
    owners::add(&tables, &objects, &types, settings, &mut resolved.schema);
    renames::add(&tables, &types, settings, &mut resolved.schema);
    resolved.allowed = objects.allowed();
    Ok(resolved)
}

/// A function that runs as its owner sees nothing of a table whose policies bind the owner too.
fn forced_lookups(
    declared: &DeclaredTable,
    linked: &Linked,
    tables: &Tables,
    settings: &Settings,
    errors: &mut Vec<ResolveError>,
) {
    for ((policy, gate), (expr, term)) in &linked.policies {
        let looked_in = definer::tables(term);
        let forced = looked_in
            .into_iter()
            .filter(|name| tables.get(name).is_some_and(|declared| is_forced(declared, settings)));
        for name in forced {
            let node = expr.nodes().position(|node| matches!(node, Expr::Definer(_)));
            errors.push(ResolveError {
                table: declared.table.name.clone(),
                part: Part::Expr(Site::Policy(policy.clone(), *gate), node.unwrap_or_default()),
                message: format!(
                    "`definer` reads `{name}` as its owner, and that table's policies bind the owner too"
                ),
                help: Some("write `force = false` on its struct".to_owned()),
            });
        }
    }
}

/// Whether policies bind the owner: what the struct says, or else its schema's default.
fn is_forced(declared: &DeclaredTable, settings: &Settings) -> bool {
    let schema = &declared.table.name.schema;
    declared.force.unwrap_or_else(|| settings.force.contains(schema))
}

/// Columns that a policy is about limit what is derived from it, and nothing else.
fn columns_and_blanket(
    declared: &DeclaredTable,
    settings: &Settings,
    errors: &mut Vec<ResolveError>,
) {
    let why = match settings.grants {
        Grants::Policies => return,
        Grants::Schema => "rls.toml grants every column",
        Grants::Declared => "rls.toml derives no privileges from policies",
    };
    errors.extend(declared.policy_columns.keys().map(|policy| ResolveError {
        table: declared.table.name.clone(),
        part: Part::Policy(policy.clone()),
        message: format!("its columns are named, and {why}"),
        help: Some("write `grants = \"policies\"` in rls.toml, or name no columns".to_owned()),
    }));
}

type Tables = BTreeMap<QualifiedName, DeclaredTable>;

/// Looks up every name in every expression.
fn link(tables: &Tables, errors: &mut Vec<ResolveError>) -> BTreeMap<QualifiedName, Linked> {
    let shapes: Vec<_> = tables.values().map(Shape::from).collect();
    let mut all = BTreeMap::new();
    for (name, declared) in tables {
        let mut linked = compile::link(declared, Others::All(&shapes));
        errors.extend(linked.problems.drain(..).map(|(site, problem)| ResolveError {
            table: name.clone(),
            part: Part::Expr(site, problem.node),
            message: problem.message,
            help: problem.help,
        }));
        all.insert(name.clone(), linked);
    }
    all
}

fn by_name(tables: Vec<DeclaredTable>, errors: &mut Vec<ResolveError>) -> Tables {
    let mut named = Tables::new();
    for declared in tables {
        let name = &declared.table.name;
        if named.contains_key(name) {
            errors.push(ResolveError {
                message: format!("table `{name}` is declared twice"),
                help: Some("give one of the two another name with `table = \"..\"`".to_owned()),
                table: name.clone(),
                part: Part::Table,
            });
        } else {
            named.insert(name.clone(), declared);
        }
    }
    named
}

/// Tables, indexes and the indexes behind keys share one name space in each schema.
fn relation_names(tables: &Tables, objects: &Objects, errors: &mut Vec<ResolveError>) {
    let mut taken: BTreeMap<QualifiedName, String> =
        tables.keys().map(|name| (name.clone(), format!("the table `{name}`"))).collect();
    objects::sequence_names(tables, &objects.sequences, &mut taken, errors);
    objects::partition_names(tables, &mut taken, errors);
    views::names(&objects.views, &mut taken, errors);
    for DeclaredTable { table, .. } in tables.values() {
        let primary_key = table.primary_key.iter().map(|key| (&key.name, "primary key"));
        let uniques = table.uniques.keys().map(|name| (name, "unique constraint"));
        let indexes = table.indexes.keys().map(|name| (name, "index"));
        let exclusions = table.exclusions.keys().map(|name| (name, "exclusion constraint"));
        for (name, what) in primary_key.chain(uniques).chain(indexes).chain(exclusions) {
            let full = QualifiedName::new(table.name.schema.clone(), name.clone());
            let this = format!("the {what} of `{}`", table.name);
            if let Some(other) = taken.insert(full, this) {
                errors.push(ResolveError {
                    table: table.name.clone(),
                    part: Part::Table,
                    message: format!("its {what} would be called `{name}`, as {other} already is"),
                    help: Some("rename the table or the column".to_owned()),
                });
            }
        }
    }
}

/// A misspelt role would be an error on the server at best, and a policy for nobody at worst.
fn roles(table: &Table, settings: &Settings, errors: &mut Vec<ResolveError>) {
    let mut seen = BTreeSet::new();
    for (name, policy) in &table.policies {
        for role in &policy.roles {
            let Some((message, help)) = known_role(role, settings) else { continue };
            if seen.insert(role) {
                let part = Part::Policy(name.clone());
                let table = table.name.clone();
                errors.push(ResolveError { table, part, message, help: Some(help) });
            }
        }
    }
}

/// What is wrong with a role that nobody knows, and what to do.
fn known_role(role: &Grantee, settings: &Settings) -> Option<(String, String)> {
    let Grantee::Role(role) = role else { return None };
    if settings.known_roles().any(|known| known == role.as_str()) {
        return None;
    }
    let known: Vec<_> = settings.known_roles().collect();
    let help = match nearest(role.as_str(), known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!(
            "known are {}; list other existing roles under `roles` in rls.toml",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        ),
    };
    Some((format!("unknown role `{role}`"), help))
}

fn compile(
    tables: &Tables,
    linked: &BTreeMap<QualifiedName, Linked>,
    settings: &Settings,
) -> Resolved {
    let provider = settings.provider;
    let (policies, functions, created, circles) = policies(tables, linked, settings);
    let mut compiled = BTreeMap::new();
    for ((name, declared), linked) in tables.iter().zip(linked.values()) {
        let mut table = compile::table(declared, linked, &policies[name], provider);
        let own = created.get(name).into_iter().flatten();
        table.indexes.extend(own.map(|(name, index)| (name.clone(), index.clone())));
        if is_forced(declared, settings) && table.row_security == RowSecurity::Enabled {
            table.row_security = RowSecurity::Forced;
        }
        if let Some(partitioning) = &mut table.partitioning {
            partitioning.close(table.row_security.of_partitions(), &declared.partitions);
        }
        compiled.insert(name.clone(), table);
    }
    let named = |roles: &mut dyn Iterator<Item = &str>| -> BTreeSet<Grantee> {
        roles.filter_map(|role| Ident::new(role).ok()).map(Grantee::Role).collect()
    };
    let mut grantees = named(&mut settings.known_roles());
    grantees.insert(Grantee::Public);
    let sources = Sources { declared: tables, policies: &policies, compiled: &compiled, settings };
    let grants = grants::derive(&sources);
    let of_functions = functions.keys().map(|routine| routine.name.schema.clone());
    let existing = &settings.existing_roles;
    let memberships = existing
        .iter()
        .filter_map(|(name, role)| Some((name.clone(), role.member_of.as_ref()?.clone())));
    let exempt = existing.iter().filter(|(_, role)| role.bypass_rls);
    let schema = Schema {
        extensions: provider
            .extension()
            .and_then(|name| Ident::new(name).ok())
            .into_iter()
            .chain(settings.extensions.iter().cloned())
            .collect(),
        extension_schemas: settings.extension_schemas.clone(),
        namespaces: tables.values().flat_map(objects::schemas).chain(of_functions).collect(),
        grantees,
        roles: settings.managed_roles.clone(),
        memberships: memberships.collect(),
        exempt_roles: exempt.map(|(name, _)| name.clone()).collect(),
        types: BTreeMap::new(),
        tables: compiled,
        sequences: BTreeMap::new(),
        views: BTreeMap::new(),
        readers: BTreeMap::new(),
        functions,
        strays: Vec::new(),
        comments: BTreeMap::new(),
        undeclared_comments: BTreeMap::new(),
        grants: grants.grants,
        grant_options: BTreeSet::new(),
        grants_by_name: BTreeSet::new(),
        default_privileges: grants.default_privileges,
        settled_defaults: BTreeSet::new(),
        owners: BTreeMap::new(),
        undeclared_owners: BTreeMap::new(),
        renames: Renames::default(),
    };
    Resolved { schema, policies, allowed: BTreeMap::new(), circles }
}

/// Compiles every policy: first to see which indexes they need, then with those in place; and once
/// more where a policy that reads its own table must do without subqueries.
fn policies(
    tables: &Tables,
    linked: &BTreeMap<QualifiedName, Linked>,
    settings: &Settings,
) -> (BTreeMap<QualifiedName, Policies>, Functions, Created, Vec<ResolveError>) {
    let all = |created: &Created, bare: &BTreeSet<(QualifiedName, Ident)>| {
        let leading = tables
            .iter()
            .map(|(name, declared)| (name.clone(), index::leading(&declared.table, created)))
            .collect();
        let mut functions = Functions::new();
        let each = tables.iter().zip(linked.values()).map(|((name, declared), linked)| {
            let provider = settings.provider;
            let own = compile::policies(declared, linked, &leading, bare, provider, &mut functions);
            (name.clone(), own)
        });
        (each.collect::<BTreeMap<_, _>>(), functions)
    };
    let mut bare = BTreeSet::new();
    let first = all(&Created::new(), &bare);
    let needs = first.0.values().flat_map(BTreeMap::values).flat_map(|compiled| &compiled.indexes);
    let created = index::create(tables, needs);
    let (mut policies, mut functions) = if created.is_empty() {
        first
    } else {
        // A large schema is not held twice.
        drop(first);
        all(&created, &bare)
    };
    let circles = loop {
        let cycles = recursion::cycles(tables, &policies, settings);
        let before = bare.len();
        bare.extend(cycles.iter().flat_map(|cycle| cycle.avoidable.clone()));
        if bare.len() == before {
            break cycles.into_iter().map(|cycle| cycle.error).collect();
        }
        (policies, functions) = all(&created, &bare);
    };
    for need in policies
        .values_mut()
        .flat_map(BTreeMap::values_mut)
        .flat_map(|compiled| &mut compiled.indexes)
    {
        need.served = index::served(need, tables.get(&need.table), &created);
    }
    (policies, functions, created, circles)
}

/// Whether a schema is one of the server's own, or one of ours: that of the migrations' history, and that
/// of lookups past policies.
pub fn is_taken(schema: &Ident) -> bool {
    let name = schema.as_str();
    name.starts_with("pg_") || ["information_schema", "rls", PRIVATE_SCHEMA].contains(&name)
}

/// The known name that is closest to a misspelt one, if any is close.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| {
            (strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= name.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
