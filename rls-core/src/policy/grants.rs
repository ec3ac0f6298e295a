//! Privileges from policies: what no policy allows is not granted, on tables and columns, on what
//! policies look into, and on the functions and sequences that using a table takes.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::Policies;
use super::needs;
use crate::lex;
use crate::model::{
    Command, DeclaredTable, DefaultObjects, DefaultPrivilege, DefaultTarget, Expr, Grant,
    GrantObject, Grantee, Ident, Literal, Partitioning, Policy, PolicyKind, Privilege,
    QualifiedName, Sql, Table,
};
use crate::provider::{Grants, Settings};
use crate::resolve::privileges;

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
    let mut rows_only = BTreeSet::new();
    let known = Known::of(sources.settings);
    let Sources { declared, policies, compiled, settings } = sources;
    for ((declared, policies), compiled) in
        declared.values().zip(policies.values()).zip(compiled.values())
    {
        let table = &declared.table;
        let rows = match settings.grants {
            Grants::Policies => allowed(declared),
            Grants::Schema => everything(settings, &table.name),
            Grants::Declared => {
                derived.grants.extend(on_lookups(declared, policies, &known));
                continue;
            }
        };
        // Whoever is let at a table by name needs the same things around it.
        let named = privileges::of_table(declared);
        let rows: BTreeSet<_> = rows.union(&named).cloned().collect();
        if settings.grants == Grants::Schema {
            blanket(&table.name.schema, settings, &mut derived);
        }
        let auth = settings.provider.auth_schema();
        let auth = auth.filter(|_| settings.provider.grants_auth_schema());
        let auth = auth.and_then(|schema| Ident::new(schema).ok());
        let holders: BTreeSet<_> = rows.iter().map(|grant| grant.grantee.clone()).collect();
        let writers = rows.iter().filter(|grant| grant.privilege == Privilege::Insert);
        let writers: BTreeSet<_> = writers.map(|grant| grant.grantee.clone()).collect();
        derived.grants.extend(holders.iter().map(|it| Grant::usage(&table.name.schema, it)));
        derived.grants.extend(privileges::at_partitions(declared));
        if let Some(auth) = &auth {
            let callers = callers(compiled, auth, &holders, &writers, &known);
            derived.grants.extend(callers.iter().map(|grantee| Grant::usage(auth, grantee)));
        }
        derived.grants.extend(rows);
        derived.grants.extend(sequences(compiled, &writers));
        for ((name, _), predicate) in policies {
            let Some(policy) = table.policies.get(name) else { continue };
            for grantee in bound(policy, &holders, &known) {
                derived.grants.extend(needs::grants(&predicate.optimized, &grantee));
                let tables = needs::rows(&predicate.optimized).into_iter();
                rows_only.extend(tables.map(|table| (table.clone(), grantee.clone())));
            }
        }
    }
    for (table, grantee) in rows_only {
        let declared = sources.declared.get(&table);
        let missing = declared.and_then(|it| some_column(&it.table, &grantee, &derived.grants));
        derived.grants.extend(missing);
    }
    derived.grants.extend(on_partitions(sources, &derived.grants));
    let named: BTreeSet<_> = declared.values().flat_map(privileges::of_table).collect();
    derived.grants = without_covered(std::mem::take(&mut derived.grants), &named);
    derived
}

/// What whoever is let at a table by name calls in its policies: functions of ours, which nothing in a
/// declaration could name.
fn on_lookups(declared: &DeclaredTable, policies: &Policies, known: &Known) -> BTreeSet<Grant> {
    let named = privileges::of_table(declared);
    let holders: BTreeSet<_> = named.into_iter().map(|grant| grant.grantee).collect();
    let mut grants = BTreeSet::new();
    for ((name, _), predicate) in policies {
        let Some(policy) = declared.table.policies.get(name) else { continue };
        for grantee in bound(policy, &holders, known) {
            let needs = needs::grants(&predicate.optimized, &grantee).into_iter();
            let called = |grant: &Grant| matches!(grant.object, GrantObject::Function(_));
            grants.extend(needs.filter(called));
        }
    }
    grants
}

/// Each role that is known, with those that it inherits from.
struct Known(Vec<BTreeSet<Ident>>);

impl Known {
    fn of(settings: &Settings) -> Self {
        let known = settings.known_roles().filter_map(|role| Ident::new(role).ok());
        Known(known.map(|role| settings.with_inherited(&role)).collect())
    }
}

/// Whom a policy binds, of those who may touch its table at all, themselves or through a role that
/// they are a member of. A policy for everyone, such as a tenant's floor, is no reason to give
/// everyone something, and a policy for some is none to give it to others.
fn bound<E>(policy: &Policy<E>, holders: &BTreeSet<Grantee>, known: &Known) -> BTreeSet<Grantee> {
    if policy.roles.contains(&Grantee::Public) {
        return holders.clone();
    }
    let touches = |roles: &BTreeSet<Ident>| {
        holders.iter().any(|holder| match holder {
            Grantee::Public => true,
            Grantee::Role(holder) => roles.contains(holder),
        })
    };
    let binds_one = |role: &&Grantee| match role {
        Grantee::Public => true,
        Grantee::Role(role) => known.0.iter().any(|roles| roles.contains(role) && touches(roles)),
    };
    policy.roles.iter().filter(binds_one).cloned().collect()
}

/// What the permissive policies of a table let each role do: on the columns that a policy names, or
/// on the table.
fn allowed(declared: &DeclaredTable) -> BTreeSet<Grant> {
    let table = &declared.table;
    let mut rows = BTreeSet::new();
    for (name, policy) in &table.policies {
        if policy.kind == PolicyKind::Restrictive {
            continue;
        }
        let columns = declared.policy_columns.get(name);
        for privilege in privileges(policy.command) {
            if allows_nothing(policy, *privilege) {
                continue;
            }
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

/// Whether the clauses that a privilege is held to refuse every row.
fn allows_nothing(policy: &Policy, privilege: Privilege) -> bool {
    let refuses = |clause: &Option<Expr>| *clause == Some(Expr::Literal(Literal::Bool(false)));
    match privilege {
        Privilege::Select | Privilege::Delete => refuses(&policy.using),
        Privilege::Insert if policy.with_check.is_some() => refuses(&policy.with_check),
        Privilege::Insert => refuses(&policy.using),
        _ => refuses(&policy.using) || refuses(&policy.with_check),
    }
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
                target: DefaultTarget {
                    creator: None,
                    schema: Some(schema.clone()),
                    objects: DefaultObjects::Tables,
                },
                grantee: grantee.clone(),
                privilege,
                grantable: false,
            });
        }
    }
}

/// GRANT … ON ALL TABLES reaches partitions too; row security closes them.
fn on_partitions(sources: &Sources<'_>, grants: &BTreeSet<Grant>) -> BTreeSet<Grant> {
    let spread = sources.declared.values().filter_map(|it| it.table.partitioning.as_ref());
    let mut reached = BTreeSet::new();
    for partition in spread.flat_map(Partitioning::all) {
        let all = GrantObject::AllTables(partition.name.schema.clone());
        let object = GrantObject::Table(partition.name.clone());
        let blanket = grants.iter().filter(|grant| grant.object == all);
        reached.extend(blanket.map(|grant| Grant { object: object.clone(), ..grant.clone() }));
    }
    reached
}

/// Whether there is a row may be asked by whoever may read some column, whichever it is: the key, where
/// there is none yet.
fn some_column(table: &Table<Expr>, grantee: &Grantee, grants: &BTreeSet<Grant>) -> Option<Grant> {
    let on_column =
        |column: &Ident| GrantObject::Column { table: table.name.clone(), column: column.clone() };
    let select = |object, grantee: &Grantee| Grant {
        object,
        grantee: grantee.clone(),
        privilege: Privilege::Select,
    };
    let columns = table.columns.iter().map(|column| on_column(&column.name));
    let mut objects = columns.chain([GrantObject::Table(table.name.clone())]);
    let reads = objects.any(|object| {
        let readers = [grantee, &Grantee::Public];
        readers.iter().any(|reader| grants.contains(&select(object.clone(), reader)))
    });
    let key = table.primary_key.iter().flat_map(|key| &key.columns).next();
    let column = key.or_else(|| table.columns.first().map(|column| &column.name))?;
    (!reads).then(|| select(on_column(column), grantee))
}

/// What is held on a table needs no grant on its columns, unless it is declared by name.
fn without_covered(mut grants: BTreeSet<Grant>, named: &BTreeSet<Grant>) -> BTreeSet<Grant> {
    let covered = |grant: &Grant| match &grant.object {
        GrantObject::Column { .. } if named.contains(grant) => false,
        GrantObject::Column { table, .. } => {
            let whole = GrantObject::Table(table.clone());
            let everyone = Grant { grantee: Grantee::Public, ..grant.clone() };
            grants.contains(&Grant { object: whole.clone(), ..grant.clone() })
                || grants.contains(&Grant { object: whole, ..everyone })
        }
        GrantObject::Schema(_)
        | GrantObject::Sequence(_)
        | GrantObject::Function(_)
        | GrantObject::Routine(_)
        | GrantObject::Table(_)
        | GrantObject::AllTables(_) => false,
    };
    let left_out: Vec<_> = grants.iter().filter(|grant| covered(grant)).cloned().collect();
    for grant in left_out {
        grants.remove(&grant);
    }
    grants
}

/// Who calls a function of that schema by using the table: in a policy, or in a default, which runs
/// as whoever inserts.
fn callers(
    table: &Table<Sql>,
    schema: &Ident,
    holders: &BTreeSet<Grantee>,
    writers: &BTreeSet<Grantee>,
    known: &Known,
) -> BTreeSet<Grantee> {
    let mentions = |sql: &Sql| lex::mentions_schema(sql.as_str(), schema.as_str());
    let policies = table.policies.values().filter(|policy| policy.exprs().any(mentions));
    let mut callers: BTreeSet<_> =
        policies.flat_map(|policy| bound(policy, holders, known)).collect();
    if table.columns.iter().filter_map(|column| column.default.as_ref()).any(mentions) {
        callers.extend(writers.iter().cloned());
    }
    callers
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
pub(crate) fn counted_with(sql: &Sql, schema: &Ident) -> Option<QualifiedName> {
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
