//! Privileges from policies: an operation that no policy allows is not granted.

use std::collections::{BTreeMap, BTreeSet};

use crate::lex;
use crate::model::{
    Command, DeclaredTable, DefaultPrivilege, Expr, Grant, GrantObject, Grantee, Ident, Literal,
    Policy, PolicyKind, Privilege, QualifiedName, Sql, Table,
};
use crate::provider::{Grants, Settings};

pub(crate) struct Derived {
    pub(crate) grants: BTreeSet<Grant>,
    pub(crate) default_privileges: BTreeSet<DefaultPrivilege>,
}

/// The privileges that the tables need. `compiled` holds the same tables as `tables`.
pub(crate) fn derive(
    tables: &BTreeMap<QualifiedName, DeclaredTable>,
    compiled: &BTreeMap<QualifiedName, Table<Sql>>,
    settings: &Settings,
) -> Derived {
    let mut derived = Derived { grants: BTreeSet::new(), default_privileges: BTreeSet::new() };
    for (DeclaredTable { table, .. }, compiled) in tables.values().zip(compiled.values()) {
        let rows = match settings.grants {
            Grants::Policies => allowed(table),
            Grants::Schema => everything(settings),
        };
        if settings.grants == Grants::Schema {
            blanket(&table.name.schema, &rows, &mut derived);
        }
        let reads_token = settings
            .provider
            .auth_schema()
            .filter(|_| settings.provider.grants_auth_schema())
            .filter(|schema| mentions(compiled, schema))
            .and_then(|schema| Ident::new(schema).ok());
        for (grantee, privilege) in rows {
            let mut add = |object, privilege| {
                derived.grants.insert(Grant { object, grantee: grantee.clone(), privilege });
            };
            add(GrantObject::Schema(table.name.schema.clone()), Privilege::Usage);
            if let Some(schema) = &reads_token {
                add(GrantObject::Schema(schema.clone()), Privilege::Usage);
            }
            add(GrantObject::Table(table.name.clone()), privilege);
        }
    }
    derived
}

/// What the permissive policies of a table let each role do.
fn allowed(table: &Table) -> BTreeSet<(Grantee, Privilege)> {
    let mut rows = BTreeSet::new();
    for policy in table.policies.values() {
        if policy.kind == PolicyKind::Restrictive || allows_nothing(policy) {
            continue;
        }
        for privilege in privileges(policy.command) {
            rows.extend(policy.roles.iter().map(|role| (role.clone(), *privilege)));
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

fn everything(settings: &Settings) -> BTreeSet<(Grantee, Privilege)> {
    settings
        .known_roles()
        .filter_map(|role| Ident::new(role).ok())
        .flat_map(|role| Privilege::ROWS.map(|privilege| (Grantee::Role(role.clone()), privilege)))
        .collect()
}

fn blanket(schema: &Ident, rows: &BTreeSet<(Grantee, Privilege)>, derived: &mut Derived) {
    for (grantee, privilege) in rows {
        derived.grants.insert(Grant {
            object: GrantObject::AllTables(schema.clone()),
            grantee: grantee.clone(),
            privilege: *privilege,
        });
        derived.default_privileges.insert(DefaultPrivilege {
            schema: schema.clone(),
            grantee: grantee.clone(),
            privilege: *privilege,
        });
    }
}

/// Whether using the table calls a function of that schema: in a policy, or in a default, which
/// runs as whoever inserts.
fn mentions(table: &Table<Sql>, schema: &str) -> bool {
    let policies = table.policies.values().flat_map(Policy::exprs);
    let defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
    policies.chain(defaults).any(|sql| lex::mentions_schema(sql.as_str(), schema))
}
