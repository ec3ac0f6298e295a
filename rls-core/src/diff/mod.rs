//! What separates two schemas, as a list of changes. Every struct is taken apart with no `..`, so
//! that a new field of the model cannot compile until it is compared here.

#![warn(clippy::wildcard_enum_match_arm)]

mod anew;
mod callers;
mod canonical;
mod column;
mod comment;
mod constraint;
mod dependents;
#[cfg(feature = "postgres")]
mod doubts;
mod extension;
mod function;
mod owner;
mod partition;
mod privileges;
mod readers;
pub(crate) mod rename;
mod renamed;
mod retyped;
mod role;
mod sequence;
mod table;
mod trigger;
mod user_type;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Check, Column, Commented, DefaultTarget, Deferral, Exclusion, ForeignKey, Function,
    GrantObject, Grantee, Ident, Index, Owned, Partition, Policy, PrimaryKey, Privilege,
    QualifiedName, Role, Routine, Schema, Sequence, Sql, Table, Trigger, TriggerState, Unique,
    UserType, View, ViewKind,
};

pub use canonical::{Canonical, Site};
#[cfg(feature = "postgres")]
pub(crate) use column::nothing_of;
pub(crate) use constraint::Same;
#[cfg(feature = "postgres")]
pub(crate) use constraint::{of_indexes, predicates};
#[cfg(feature = "postgres")]
pub(crate) use doubts::{Doubt, doubts};
pub(crate) use function::same_function;
#[cfg(feature = "postgres")]
pub(crate) use function::{given, site};
pub(crate) use renamed::by as renamed;
pub(crate) use table::same_policy;
#[cfg(feature = "postgres")]
pub(crate) use trigger::{condition, same as same_trigger};
pub(crate) use user_type::names_aside;
pub use user_type::{TypeAlteration, ValuePlace};
pub(crate) use view::same_view;
#[cfg(feature = "postgres")]
pub(crate) use view::{source, view_site};

/// Two states of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<T> {
    /// What is.
    pub previous: T,
    /// What shall be.
    pub next: T,
}

impl<T> Pair<T> {
    /// The same two, borrowed.
    pub(crate) fn as_ref(&self) -> Pair<&T> {
        Pair { previous: &self.previous, next: &self.next }
    }
}

/// One difference, with all that is needed to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A role is there by the name that it had before.
    RenameRole {
        /// The name that it has.
        name: Ident,
        /// The name that it gets.
        to: Ident,
    },
    /// A table is there by the name that it had before.
    RenameTable {
        /// The name that it has.
        name: QualifiedName,
        /// The name that it gets, in the same schema.
        to: Ident,
    },
    /// A sequence that is called after its column is there by the name that it had before.
    RenameSequence {
        /// The name that it has.
        name: QualifiedName,
        /// The name that it gets, in the same schema.
        to: Ident,
    },
    /// A column is there by the name that it had before.
    RenameColumn(OnTable<Pair<Ident>>),
    /// A policy is there by the name that it had before.
    RenamePolicy(OnTable<Pair<Ident>>),
    /// A value of an enum is there by the name that it had before.
    RenameValue {
        /// The enum.
        name: QualifiedName,
        /// What the value is, and what it becomes.
        values: Pair<String>,
    },
    /// A managed role is missing; its memberships are changes of their own.
    CreateRole(Named<Role>),
    /// A managed role has other attributes: it either loses or gains some.
    AlterRole(Named<Pair<Role>>),
    /// An extension is missing.
    CreateExtension {
        /// The extension.
        name: Ident,
        /// The schema it is made in; none leaves that to the server.
        schema: Option<Ident>,
    },
    /// An extension is in another schema.
    MoveExtension {
        /// The extension.
        name: Ident,
        /// Where it is; none where that is not known.
        from: Option<Ident>,
        /// Where it shall be.
        to: Ident,
    },
    /// A schema is missing.
    CreateNamespace(Ident),
    /// Somebody may do what the next state does not let them.
    Revoke(Privileges<GrantObject>),
    /// Somebody may do with single columns what the next state does not let them.
    RevokeColumns(ColumnPrivileges),
    /// A managed role is a member of another in which the next state does not have it.
    RevokeMembership(Membership),
    /// Objects to come would carry a privilege that the next state does not give.
    RevokeDefault(Privileges<DefaultTarget>),
    /// A table's policies are not enforced.
    EnableRowSecurity(QualifiedName),
    /// A table's policies are not enforced on its owner.
    ForceRowSecurity(QualifiedName),
    /// A trigger is not in the next state, or differs there.
    DropTrigger(OnTable<Named<Trigger>>),
    /// A policy is not in the next state, or differs there.
    DropPolicy(OnTable<Named<Policy<Sql>>>),
    /// A function is not in the next state, differs there, or stands in the way of one.
    DropFunction(Routine),
    /// A view is not in the next state, or differs there.
    DropView {
        /// The view.
        name: QualifiedName,
        /// Which kind it is.
        kind: ViewKind,
    },
    /// A foreign key is not in the next state.
    DropForeignKey(OnTable<Named<ForeignKey>>),
    /// A UNIQUE constraint is not in the next state.
    DropUnique(OnTable<Named<Unique>>),
    /// A CHECK constraint is not in the next state.
    DropCheck(OnTable<Named<Check<Sql>>>),
    /// An exclusion constraint is not in the next state.
    DropExclusion(OnTable<Named<Exclusion<Sql>>>),
    /// A primary key is not in the next state.
    DropPrimaryKey(OnTable<PrimaryKey>),
    /// An index is not in the next state.
    DropIndex(OnTable<Named<Index<Sql>>>),
    /// A sequence stays, or others count with it, where the column goes that it belongs to; or it will belong to
    /// a table that is made.
    FreeSequence {
        /// The sequence.
        name: QualifiedName,
        /// Whether it is handed to whoever applies, to whom belongs what is made.
        take: bool,
    },
    /// A table is not in the next state.
    DropTable(QualifiedName),
    /// A partition holds other rows in the next state: it is taken off, to be put on again.
    DetachPartition(OnTable<QualifiedName>),
    /// A partition is not in the next state, or its rows are spread in another way there.
    DropPartition(OnTable<QualifiedName>),
    /// A partition that was taken off holds other rows.
    AttachPartition(OnTable<Box<Partition<Sql>>>),
    /// A column is not in the next state.
    DropColumn(OnTable<Ident>),
    /// A sequence is not in the next state.
    DropSequence(QualifiedName),
    /// A sequence is missing; whose it is, is a change of its own.
    CreateSequence {
        /// The sequence.
        sequence: Box<Sequence>,
        /// Who must not receive anything from default privileges.
        revoke_from: BTreeSet<Grantee>,
    },
    /// A sequence counts in another way.
    AlterSequence(Box<Pair<Sequence>>),
    /// A sequence belongs to another column, or to none.
    OwnSequence {
        /// The sequence.
        sequence: Box<Sequence>,
        /// To whom it goes first, for it has to belong to whom the table belongs.
        hand_to: Option<Ident>,
        /// Whether it goes on after the numbers that the column holds.
        go_on: bool,
    },
    /// A type makes way for the one that takes its place.
    RenameType {
        /// The type.
        name: QualifiedName,
        /// What it is called until it goes.
        to: Ident,
    },
    /// A type is missing, or is made anew.
    CreateType(Box<UserType<Sql>>),
    /// A type differs in what can be changed where it is.
    AlterType {
        /// The type.
        name: QualifiedName,
        /// What is changed.
        alteration: Box<TypeAlteration>,
    },
    /// A type is not in the next state, or another one has taken its place.
    DropType(QualifiedName),
    /// A table is missing; foreign keys, indexes, policies and privileges are changes of their own.
    CreateTable {
        /// The table.
        table: Box<Table<Sql>>,
        /// Who must not receive anything from default privileges.
        revoke_from: BTreeSet<Grantee>,
    },
    /// A partition is missing; those that it has itself are changes of their own.
    CreatePartition {
        /// The partition.
        partition: OnTable<Box<Partition<Sql>>>,
        /// Who must not receive anything from default privileges.
        revoke_from: BTreeSet<Grantee>,
    },
    /// A column is missing.
    AddColumn(OnTable<Column<Sql>>),
    /// A column differs.
    AlterColumn(OnTable<Box<Pair<Column<Sql>>>>),
    /// Something has another comment, or none.
    Comment {
        /// What it is about.
        on: Commented,
        /// The text; none takes the comment away.
        text: Option<String>,
    },
    /// A primary key is missing.
    AddPrimaryKey(OnTable<PrimaryKey>),
    /// A UNIQUE constraint is missing.
    AddUnique(OnTable<Named<Unique>>),
    /// A CHECK constraint is missing.
    AddCheck(OnTable<Named<Check<Sql>>>),
    /// An exclusion constraint is missing.
    AddExclusion(OnTable<Named<Exclusion<Sql>>>),
    /// An index is missing.
    CreateIndex(OnTable<Named<Index<Sql>>>),
    /// A foreign key is missing.
    AddForeignKey(OnTable<Named<ForeignKey>>),
    /// A foreign key is checked at another time.
    DeferForeignKey(OnTable<Named<Deferral>>),
    /// A constraint is there, and the rows from before it are not known to fulfil it.
    ValidateConstraint(OnTable<Ident>),
    /// A function is missing, or differs.
    CreateFunction {
        /// The function.
        function: Box<Function>,
        /// Who must not receive anything from default privileges; PUBLIC always is among them.
        revoke_from: BTreeSet<Grantee>,
    },
    /// A trigger is missing, or differs.
    CreateTrigger(OnTable<Named<Trigger>>),
    /// A trigger runs in other sessions.
    EnableTrigger(OnTable<Named<TriggerState>>),
    /// A function differs in a way that Postgres replaces; who may call it stays.
    ReplaceFunction(Box<Pair<Function>>),
    /// A view is missing, or is made anew.
    CreateView {
        /// The view.
        view: Box<View>,
        /// Who must not receive anything from default privileges.
        revoke_from: BTreeSet<Grantee>,
    },
    /// A view shows something else, in a way that Postgres replaces; who may read it stays.
    ReplaceView(Box<Pair<View>>),
    /// A view has other options.
    AlterView(Box<Pair<View>>),
    /// A policy is missing, or differs.
    CreatePolicy(OnTable<Named<Policy<Sql>>>),
    /// Something belongs to somebody else.
    ChangeOwner {
        /// What it is.
        owned: Owned,
        /// To whom it belongs; none where it is made anew.
        from: Option<Ident>,
        /// To whom it shall belong.
        to: Ident,
    },
    /// Objects to come lack a privilege.
    GrantDefault(Privileges<DefaultTarget>),
    /// Somebody may not yet do what the next state lets them.
    Grant(Privileges<GrantObject>),
    /// Somebody may not yet do with single columns what the next state lets them.
    GrantColumns(ColumnPrivileges),
    /// A managed role is not yet a member of another.
    GrantMembership(Membership),
}

/// Privileges that one statement gives or takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privileges<O> {
    /// What they are on; for default privileges the objects to come.
    pub object: O,
    /// Who gets or loses them.
    pub grantee: Grantee,
    /// Which; never empty.
    pub privileges: BTreeSet<Privilege>,
    /// Whether it is about passing them on: they are given WITH GRANT OPTION, or of them nothing but
    /// that option is taken.
    pub option: bool,
}

/// Privileges on columns of one table that one statement gives or takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPrivileges {
    /// The table.
    pub table: QualifiedName,
    /// Who gets or loses them.
    pub grantee: Grantee,
    /// The columns of each; never empty.
    pub columns: BTreeMap<Privilege, BTreeSet<Ident>>,
    /// As for [`Privileges`].
    pub option: bool,
}

/// That one role is a member of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The role whose privileges are passed on.
    pub role: Ident,
    /// The role that has a part in them.
    pub member: Ident,
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
    let mut changes = rename::pending(schemas);
    let previous = renamed(&changes, schemas);
    let schemas = Pair { previous: &*previous, next: schemas.next };
    changes.extend(diff_remaking(schemas, &BTreeSet::new(), canonical));
    changes
}

/// The same where all renames have happened, and where some types have to be made anew whatever else is
/// different.
pub(crate) fn diff_remaking(
    schemas: Pair<&Schema>,
    also: &BTreeSet<QualifiedName>,
    canonical: &Canonical,
) -> Vec<Change> {
    let remade = user_type::remade(schemas, also, canonical);
    if remade.is_empty() {
        return changes(schemas, &remade, canonical);
    }
    let aside = user_type::set_aside(schemas.previous, &remade);
    changes(Pair { previous: &aside, next: schemas.next }, &remade, canonical)
}

/// The changes, where the types that are made anew have made way in the previous schema.
fn changes(
    schemas: Pair<&Schema>,
    remade: &BTreeSet<QualifiedName>,
    canonical: &Canonical,
) -> Vec<Change> {
    let Schema {
        grantees,
        roles: _,
        memberships: _,
        // Whether one is to be told of.
        exempt_roles: _,
        tables,
        sequences: _,
        types,
        comments: _,
        undeclared_comments: _,
        // These are compared as a whole by the parts below.
        extensions: _,
        extension_schemas: _,
        namespaces: _,
        functions: _,
        views: _,
        readers: _,
        grants: _,
        grant_options: _,
        grants_by_name: _,
        default_privileges: _,
        settled_defaults: _,
        owners: _,
        undeclared_owners: _,
        // What is to be has none.
        strays: _,
        // They have happened.
        renames: _,
    } = schemas.next;
    let previous = schemas.previous;
    let mut changes = Vec::new();
    role::alter(schemas, &mut changes);

    extension::alter(schemas, &mut changes);

    user_type::alter(schemas, remade, canonical, &mut changes);
    for (name, next) in tables {
        match previous.tables.get(name) {
            Some(previous) if partition::is_anew(Pair { previous, next }, canonical) => {
                table::drop(previous, &mut changes);
                table::create(next, grantees, &mut changes);
            }
            Some(previous) => {
                let tables = Pair { previous, next };
                table::alter(tables, types, canonical, &mut changes);
                partition::alter(tables, grantees, canonical, &mut changes);
            }
            None => table::create(next, grantees, &mut changes),
        }
    }
    for gone in previous.tables.values().filter(|table| !tables.contains_key(&table.name)) {
        table::drop(gone, &mut changes);
    }
    sequence::alter(schemas, &mut changes);
    function::alter(schemas, canonical, &mut changes);
    view::alter(schemas, canonical, &mut changes);
    anew::rebuild(schemas, &mut changes);
    retyped::rebuild(schemas, canonical, &mut changes);
    dependents::rebuild(schemas, &mut changes);
    partition::read_for_each(schemas.next, &mut changes);
    comment::alter(schemas, canonical, &mut changes);

    owner::alter(schemas, &mut changes);
    privileges::alter(schemas, &mut changes);
    changes
}
