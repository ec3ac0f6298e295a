//! What separates two schemas, as a list of changes. Every struct is taken apart with no `..`, so
//! that a new field of the model cannot compile until it is compared here.

#![warn(clippy::wildcard_enum_match_arm)]

mod canonical;
mod dependents;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Column, DefaultPrivilege, ForeignKey, Grant, GrantObject, Grantee, Ident, Index, Policy,
    PrimaryKey, Privilege, QualifiedName, Schema, Sql, Table, Unique,
};

pub use canonical::{Canonical, Site};
pub(crate) use table::same_policy;

/// Two states of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<T> {
    /// What is.
    pub previous: T,
    /// What shall be.
    pub next: T,
}

/// One difference, with all that is needed to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An extension is missing.
    CreateExtension(Ident),
    /// A schema is missing.
    CreateNamespace(Ident),
    /// Somebody may do what the next state does not let them.
    Revoke(Privileges<GrantObject>),
    /// Tables to come would carry a privilege that the next state does not give.
    RevokeDefault(Privileges<Ident>),
    /// A table's policies are not enforced.
    EnableRowSecurity(QualifiedName),
    /// A policy is not in the next state, or differs there.
    DropPolicy(OnTable<Named<Policy<Sql>>>),
    /// A foreign key is not in the next state.
    DropForeignKey(OnTable<Named<ForeignKey>>),
    /// A UNIQUE constraint is not in the next state.
    DropUnique(OnTable<Named<Unique>>),
    /// A primary key is not in the next state.
    DropPrimaryKey(OnTable<PrimaryKey>),
    /// An index is not in the next state.
    DropIndex(OnTable<Named<Index>>),
    /// A table is not in the next state.
    DropTable(QualifiedName),
    /// A column is not in the next state.
    DropColumn(OnTable<Ident>),
    /// A table is missing; foreign keys, indexes, policies and privileges are changes of their own.
    CreateTable {
        /// The table.
        table: Box<Table<Sql>>,
        /// Who must not receive anything from default privileges.
        revoke_from: BTreeSet<Grantee>,
    },
    /// A column is missing.
    AddColumn(OnTable<Column<Sql>>),
    /// A column differs.
    AlterColumn(OnTable<Box<Pair<Column<Sql>>>>),
    /// A primary key is missing.
    AddPrimaryKey(OnTable<PrimaryKey>),
    /// A UNIQUE constraint is missing.
    AddUnique(OnTable<Named<Unique>>),
    /// An index is missing.
    CreateIndex(OnTable<Named<Index>>),
    /// A foreign key is missing.
    AddForeignKey(OnTable<Named<ForeignKey>>),
    /// A policy is missing, or differs.
    CreatePolicy(OnTable<Named<Policy<Sql>>>),
    /// Tables to come lack a privilege.
    GrantDefault(Privileges<Ident>),
    /// Somebody may not yet do what the next state lets them.
    Grant(Privileges<GrantObject>),
}

/// Privileges that one statement gives or takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privileges<O> {
    /// What they are on; for default privileges the schema.
    pub object: O,
    /// Who gets or loses them.
    pub grantee: Grantee,
    /// Which; never empty.
    pub privileges: BTreeSet<Privilege>,
}

/// Something that belongs to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnTable<T> {
    /// The table.
    pub table: QualifiedName,
    /// What belongs to it.
    pub item: T,
}

/// Something with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T> {
    /// The name.
    pub name: Ident,
    /// What is called so.
    pub item: T,
}

/// The changes that lead from one schema to the other, table by table; [`plan`](crate::plan) puts
/// them in order. `canonical` knows which texts the server holds for equal.
pub fn diff(schemas: Pair<&Schema>, canonical: &Canonical) -> Vec<Change> {
    let Schema { extensions, namespaces, grantees, tables, grants, default_privileges } =
        schemas.next;
    let previous = schemas.previous;
    let mut changes = Vec::new();

    // Extensions and schemas may serve others: they are created, never dropped.
    let missing = extensions.difference(&previous.extensions);
    changes.extend(missing.cloned().map(Change::CreateExtension));
    let missing = namespaces.difference(&previous.namespaces);
    changes.extend(missing.cloned().map(Change::CreateNamespace));

    for (name, next) in tables {
        match previous.tables.get(name) {
            Some(previous) => table::alter(Pair { previous, next }, canonical, &mut changes),
            None => table::create(next, grantees, &mut changes),
        }
    }
    for gone in previous.tables.values().filter(|table| !tables.contains_key(&table.name)) {
        table::drop(gone, &mut changes);
    }
    dependents::rebuild(schemas, &mut changes);

    privileges(Pair { previous: &previous.grants, next: grants }, schemas, &mut changes);
    let gone = previous.default_privileges.difference(default_privileges);
    changes.extend(gathered(gone.map(by_schema)).map(Change::RevokeDefault));
    let missing = default_privileges.difference(&previous.default_privileges);
    changes.extend(gathered(missing.map(by_schema)).map(Change::GrantDefault));
    changes
}

fn privileges(grants: Pair<&BTreeSet<Grant>>, schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    // Dropping a table drops its privileges, and REVOKE … ON ALL TABLES reaches each of them.
    let on_dropped = |grant: &Grant| match &grant.object {
        GrantObject::Table(name) => !schemas.next.tables.contains_key(name),
        GrantObject::Schema(_) | GrantObject::AllTables(_) => false,
    };
    let revoked = blankets(grants.previous.difference(grants.next));
    let gone = grants.previous.difference(grants.next);
    let gone = gone.filter(|grant| !on_dropped(grant) && !covered(grant, &revoked));
    changes.extend(gathered(gone.map(by_object)).map(Change::Revoke));

    let kept: BTreeSet<_> =
        grants.previous.iter().filter(|grant| !covered(grant, &revoked)).cloned().collect();
    let granted = blankets(grants.next.difference(&kept));
    let missing = grants.next.difference(&kept);
    let missing =
        missing.filter(|grant| !held_by_all(grant, grants.previous) && !covered(grant, &granted));
    changes.extend(gathered(missing.map(by_object)).map(Change::Grant));
}

fn blankets<'a>(grants: impl Iterator<Item = &'a Grant>) -> BTreeSet<Grant> {
    grants.filter(|grant| matches!(grant.object, GrantObject::AllTables(_))).cloned().collect()
}

fn by_object(grant: &Grant) -> (GrantObject, Grantee, Privilege) {
    (grant.object.clone(), grant.grantee.clone(), grant.privilege)
}

fn by_schema(default: &DefaultPrivilege) -> (Ident, Grantee, Privilege) {
    (default.schema.clone(), default.grantee.clone(), default.privilege)
}

/// Privileges that differ in nothing else, put together.
fn gathered<O: Ord>(
    single: impl Iterator<Item = (O, Grantee, Privilege)>,
) -> impl Iterator<Item = Privileges<O>> {
    let mut sets: BTreeMap<(O, Grantee), BTreeSet<Privilege>> = BTreeMap::new();
    for (object, grantee, privilege) in single {
        sets.entry((object, grantee)).or_default().insert(privilege);
    }
    sets.into_iter().map(|((object, grantee), privileges)| Privileges {
        object,
        grantee,
        privileges,
    })
}

/// Reaching a schema through PUBLIC is as good as reaching it by name, and schemas are often
/// somebody else's to grant.
fn held_by_all(grant: &Grant, previous: &BTreeSet<Grant>) -> bool {
    let everyone = Grant { grantee: Grantee::Public, ..grant.clone() };
    matches!(grant.object, GrantObject::Schema(_)) && previous.contains(&everyone)
}

fn covered(grant: &Grant, blankets: &BTreeSet<Grant>) -> bool {
    match &grant.object {
        GrantObject::Table(table) => blankets.contains(&Grant {
            object: GrantObject::AllTables(table.schema.clone()),
            ..grant.clone()
        }),
        GrantObject::Schema(_) | GrantObject::AllTables(_) => false,
    }
}
