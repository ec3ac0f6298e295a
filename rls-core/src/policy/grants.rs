//! Privileges from policies: what no policy allows is not granted, on tables and columns, on what
//! policies look into, and on the functions and sequences that using a table takes.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::Policies;
use super::needs;
use crate::lex;
use crate::model::{
    Command, DeclaredTable, DefaultPrivilege, Expr, Grant, GrantObject, Grantee, Ident, Literal,
    Policy, PolicyKind, Privilege, QualifiedName, Sql, Table,
};
use crate::provider::{Grants, Settings};

#[derive(Default)]
pub(crate) struct Derived {
    pub(crate) grants: BTreeSet<Grant>,
    pub(crate) default_privileges: BTreeSet<DefaultPrivilege>,
}

/// What there is to derive privileges from; all maps have the same tables.
pub(crate) struct Sources<'a> {
    pub(crate) declared: &'a BTreeMap<QualifiedName, DeclaredTable>,
    pub(crate) policies: &'a BTreeMap<QualifiedName, Policies>,
    pub(crate) compiled: &'a BTreeMap<QualifiedName, Table<Sql>>,
    pub(crate) settings: &'a Settings,
}

/// The privileges that the tables need.
pub(crate) fn derive(sources: &Sources<'_>) -> Derived {
    let mut derived = Derived::default();
    let Sources { declared, policies, compiled, settings } = sources;
    for ((declared, policies), compiled) in
        declared.values().zip(policies.values()).zip(compiled.values())
    {
        let table = &declared.table;
        let rows = match settings.grants {
            Grants::Policies => allowed(declared),
            Grants::Schema => everything(settings, &table.name),
        };
        if settings.grants == Grants::Schema {
            blanket(&table.name.schema, settings, &mut derived);
        }
        let auth = settings.provider.auth_schema();
        let auth = auth.filter(|_| settings.provider.grants_auth_schema());
        let auth = auth.and_then(|schema| Ident::new(schema).ok());
        let holders: BTreeSet<_> = rows.iter().map(|grant| grant.grantee.clone()).collect();
        let writers = rows.iter().filter(|grant| grant.privilege == Privilege::Insert);
        let writers: BTreeSet<_> = writers.map(|grant| grant.grantee.clone()).collect();
        for grantee in &holders {
            let mut usage = |schema: &Ident| {
                derived.grants.insert(Grant {
                    object: GrantObject::Schema(schema.clone()),
                    grantee: grantee.clone(),
                    privilege: Privilege::Usage,
                });
            };
            usage(&table.name.schema);
            let inserts = writers.contains(grantee);
            let calls = |auth: &&Ident| calls(compiled, auth, grantee, inserts);
            auth.iter().filter(calls).for_each(usage);
        }
        derived.grants.extend(rows);
        derived.grants.extend(sequences(compiled, &writers));
        for ((name, _), predicate) in policies {
            let Some(policy) = table.policies.get(name) else { continue };
            for grantee in bound(policy, &holders) {
                derived.grants.extend(needs::grants(&predicate.optimized, grantee));
            }
        }
    }
    derived.grants = without_covered(std::mem::take(&mut derived.grants));
    derived
}

/// Whom a policy binds, of those who may touch its table at all. A policy for everyone, such as a
/// tenant's floor, is no reason to give everyone something.
fn bound<'a>(
    policy: &'a Policy,
    holders: &'a BTreeSet<Grantee>,
) -> impl Iterator<Item = &'a Grantee> {
    holders.iter().filter(|holder| binds(policy, holder))
}

/// Whoever holds something through PUBLIC may be anybody.
fn binds<E>(policy: &Policy<E>, holder: &Grantee) -> bool {
    *holder == Grantee::Public
        || policy.roles.contains(&Grantee::Public)
        || policy.roles.contains(holder)
}

/// What the permissive policies of a table let each role do: on the columns that a policy names, or
/// on the table.
fn allowed(declared: &DeclaredTable) -> BTreeSet<Grant> {
    let table = &declared.table;
    let mut rows = BTreeSet::new();
    for (name, policy) in &table.policies {
        if policy.kind == PolicyKind::Restrictive || allows_nothing(policy) {
            continue;
        }
        let columns = declared.policy_columns.get(name);
        for privilege in privileges(policy.command) {
            // Rows are deleted whole.
            let columns = columns.filter(|_| *privilege != Privilege::Delete);
            let objects: Vec<_> = match columns {
                Some(columns) => columns
                    .iter()
                    .map(|column| GrantObject::Column {
                        table: table.name.clone(),
                        column: column.clone(),
                    })
                    .collect(),
                None => vec![GrantObject::Table(table.name.clone())],
            };
            for (object, role) in objects.iter().flat_map(|object| {
                policy.roles.iter().map(move |role| (object.clone(), role.clone()))
            }) {
                rows.insert(Grant { object, grantee: role, privilege: *privilege });
            }
        }
    }
    rows
}

fn allows_nothing(policy: &Policy) -> bool {
    policy.exprs().any(|e| *e == Expr::Literal(Literal::Bool(false)))
}

fn privileges(command: Command) -> &'static [Privilege] {
    match command {
        Command::All => &Privilege::ROWS,
        Command::Select => &[Privilege::Select],
        Command::Insert => &[Privilege::Insert],
        Command::Update => &[Privilege::Update],
        Command::Delete => &[Privilege::Delete],
    }
}

/// The roles to whom the blanket form gives everything.
fn requesters(settings: &Settings) -> impl Iterator<Item = Grantee> {
    settings.known_roles().filter_map(|role| Ident::new(role).ok()).map(Grantee::Role)
}

fn everything(settings: &Settings, table: &QualifiedName) -> BTreeSet<Grant> {
    let object = GrantObject::Table(table.clone());
    requesters(settings)
        .flat_map(|grantee| {
            let object = object.clone();
            Privilege::ROWS.map(move |privilege| Grant {
                object: object.clone(),
                grantee: grantee.clone(),
                privilege,
            })
        })
        .collect()
}

fn blanket(schema: &Ident, settings: &Settings, derived: &mut Derived) {
    for grantee in requesters(settings) {
        for privilege in Privilege::ROWS {
            derived.grants.insert(Grant {
                object: GrantObject::AllTables(schema.clone()),
                grantee: grantee.clone(),
                privilege,
            });
            derived.default_privileges.insert(DefaultPrivilege {
                schema: schema.clone(),
                grantee: grantee.clone(),
                privilege,
            });
        }
    }
}

/// What is held on a table needs no grant on its columns.
fn without_covered(grants: BTreeSet<Grant>) -> BTreeSet<Grant> {
    let covered = |grant: &Grant| match &grant.object {
        GrantObject::Column { table, .. } => {
            let whole = GrantObject::Table(table.clone());
            let everyone = Grant { grantee: Grantee::Public, ..grant.clone() };
            grants.contains(&Grant { object: whole.clone(), ..grant.clone() })
                || grants.contains(&Grant { object: whole, ..everyone })
        }
        GrantObject::Schema(_)
        | GrantObject::Sequence(_)
        | GrantObject::Function(_)
        | GrantObject::Table(_)
        | GrantObject::AllTables(_) => false,
    };
    grants.iter().filter(|grant| !covered(grant)).cloned().collect()
}

/// Whether using the table calls a function of that schema: in a policy, or in a default, which
/// runs as whoever inserts.
fn calls(table: &Table<Sql>, schema: &Ident, grantee: &Grantee, inserts: bool) -> bool {
    let policies = table.policies.values().filter(|policy| binds(policy, grantee));
    let defaults = table.columns.iter().filter(|_| inserts);
    let defaults = defaults.filter_map(|column| column.default.as_ref());
    let mut texts = policies.flat_map(Policy::exprs).chain(defaults);
    texts.any(|sql| lex::mentions_schema(sql.as_str(), schema.as_str()))
}

/// Sequences that defaults count with. An identity column needs none: Postgres numbers it itself.
fn sequences(table: &Table<Sql>, writers: &BTreeSet<Grantee>) -> BTreeSet<Grant> {
    let defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
    let names = defaults.filter_map(|sql| counted_with(sql, &table.name.schema));
    let grant = |name: QualifiedName| {
        writers.iter().map(move |grantee| Grant {
            object: GrantObject::Sequence(name.clone()),
            grantee: grantee.clone(),
            privilege: Privilege::Usage,
        })
    };
    names.flat_map(grant).collect()
}

/// The sequence in `nextval('schema.name')`.
fn counted_with(sql: &Sql, schema: &Ident) -> Option<QualifiedName> {
    let text = sql.as_str();
    let tokens = lex::tokens(text).ok()?;
    let at = tokens.iter().position(|token| token.kind.word() == Some("nextval"))?;
    let argument = tokens[at + 1..].iter().find(|token| token.kind == lex::TokenKind::String)?;
    let quoted = &text[argument.range.clone()];
    let name = quoted.trim_matches('\'').replace("''", "'");
    let parts = lex::tokens(&name).ok()?;
    let parts: Vec<_> = parts.iter().filter_map(|token| token.kind.name()).collect();
    match parts.as_slice() {
        [name] => Some(QualifiedName::new(schema.clone(), Ident::new(*name).ok()?)),
        [schema, name] => {
            Some(QualifiedName::new(Ident::new(*schema).ok()?, Ident::new(*name).ok()?))
        }
        _ => None,
    }
}
