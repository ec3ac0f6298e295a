//! The order of execution. After every prefix of a plan, nobody can do what neither the old nor
//! the new state lets them.

use super::hazard;
use super::objects::Places;
use crate::diff::{Change, Pair, Privileges};
use crate::model::{
    Column, Function, GrantObject, PolicyKind, Privilege, Schema, SequenceOptions, Sql,
};

/// Sorts changes into the order of execution; within a phase they keep the order they came in,
/// which is by table and, for columns, by declaration; functions go by what they use.
pub(super) fn sort(changes: &mut Vec<Change>, schemas: Pair<&Schema>) {
    let places = Places::of(changes, schemas);
    places.split(changes);
    split_create(changes);
    changes.sort_by_cached_key(|change| (phase(change, &places), places.rank(change)));
}

/// The order of the variants is the order of execution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Whatever comes behind speaks of the new names, and may take an old one.
    Rename,
    /// Whom privileges and policies name.
    CreateRole,
    NarrowRole,
    /// What everything else needs.
    Extension,
    Namespace,
    /// In a schema that has to be there.
    PlacedExtension,
    /// Whatever comes behind speaks of it by its other name.
    RenameType,
    /// Narrow first.
    Revoke,
    RowSecurity,
    NarrowView,
    DropTrigger,
    /// A restrictive policy goes after what it restrains.
    DropPermissive,
    DropRestrictive,
    /// What leans on keys goes before the keys.
    DropForeignKey,
    /// What filled a column and is to make way.
    Unfill,
    /// What may call a function goes before it.
    DropCheck,
    /// Views too: those that mention others go before them.
    DropFunction,
    DropKey,
    /// Together, for what changes in the table meanwhile would not reach a partition that is off: room
    /// is made before another partition takes it.
    DetachPartition,
    DropPartition,
    AttachPartition,
    /// Before what it would go with.
    FreeSequence,
    DropTable,
    DropColumn,
    /// After what counted with it, before what may take its name.
    DropSequence,
    /// Before what counts with it.
    Sequence,
    /// Before what has columns of them.
    CreateType,
    AlterType,
    /// Before tables that call it, unless it reads one.
    EarlyFunction,
    CreateTable,
    AddColumn,
    AlterColumn,
    /// After what it is computed from.
    AddGenerated,
    /// After what had columns of them.
    DropType,
    OwnSequence,
    CreatePartition,
    AddKey,
    /// Its body is checked against the tables it reads, and so is the query of a view.
    Function,
    /// What calls one that reads a table.
    AfterFunction,
    Index,
    ForeignKey,
    /// What only policies call.
    Lookup,
    /// After what it calls.
    CreateTrigger,
    /// A restrictive policy comes before what it restrains; both after
    /// every table and function they may name.
    CreateRestrictive,
    CreatePermissive,
    /// What they are about is there.
    Comment,
    /// Who is to own something needs CREATE in its schema, which reaches nothing that is there.
    GrantCreate,
    /// Whoever applies can do no more with it than a member of its owner.
    Owner,
    WidenView,
    /// Open last: reach into a schema is worth nothing until its tables are granted.
    GrantSchema,
    GrantDefault,
    GrantBeside,
    GrantTable,
    /// Attributes and memberships that reach everything before at once.
    WidenRole,
}

fn phase(change: &Change, places: &Places) -> Phase {
    match change {
        waiting if places.waits(waiting) => Phase::AfterFunction,
        Change::RenameRole { .. }
        | Change::RenameTable { .. }
        | Change::RenameSequence { .. }
        | Change::RenameColumn(_)
        | Change::RenamePolicy(_)
        | Change::RenameValue { .. } => Phase::Rename,
        Change::CreateRole(_) => Phase::CreateRole,
        Change::AlterRole(role) => {
            let Pair { previous, next } = &role.item;
            if next.exceeds(previous) { Phase::WidenRole } else { Phase::NarrowRole }
        }
        Change::CreateExtension { name: _, schema: None } => Phase::Extension,
        Change::CreateExtension { .. } | Change::MoveExtension { .. } => Phase::PlacedExtension,
        Change::CreateNamespace(_) => Phase::Namespace,
        Change::Revoke(_)
        | Change::RevokeColumns(_)
        | Change::RevokeDefault(_)
        | Change::RevokeMembership(_) => Phase::Revoke,
        Change::EnableRowSecurity(_) | Change::ForceRowSecurity(_) => Phase::RowSecurity,
        Change::DropTrigger(_) => Phase::DropTrigger,
        Change::CreateTrigger(_) | Change::EnableTrigger(_) => Phase::CreateTrigger,
        Change::DropPolicy(policy) => match policy.item.item.kind {
            PolicyKind::Permissive => Phase::DropPermissive,
            PolicyKind::Restrictive => Phase::DropRestrictive,
        },
        Change::DropFunction(_) | Change::DropView { .. } => Phase::DropFunction,
        Change::CreateView { .. } | Change::ReplaceView(_) => Phase::Function,
        Change::AlterView(views) if hazard::widens_options(views.as_ref().as_ref()) => {
            Phase::WidenView
        }
        Change::AlterView(_) => Phase::NarrowView,
        Change::DropForeignKey(_) => Phase::DropForeignKey,
        Change::DropCheck(_) | Change::DropExclusion(_) | Change::DropIndex(_) => Phase::DropCheck,
        Change::DropUnique(_) | Change::DropPrimaryKey(_) => Phase::DropKey,
        Change::FreeSequence { .. } => Phase::FreeSequence,
        Change::DropTable(_) => Phase::DropTable,
        Change::DetachPartition(_) => Phase::DetachPartition,
        Change::DropPartition(_) => Phase::DropPartition,
        Change::AttachPartition(_) => Phase::AttachPartition,
        Change::DropColumn(_) => Phase::DropColumn,
        Change::RenameType { .. } => Phase::RenameType,
        Change::CreateType(_) => Phase::CreateType,
        Change::AlterType { .. } => Phase::AlterType,
        Change::DropType(_) => Phase::DropType,
        Change::CreateTable { .. } => Phase::CreateTable,
        Change::CreatePartition { .. } => Phase::CreatePartition,
        Change::AddColumn(column) if column.item.generated.is_some() => Phase::AddGenerated,
        Change::AddColumn(_) => Phase::AddColumn,
        Change::AlterColumn(column) if only_empties(&column.item) => Phase::Unfill,
        Change::AlterColumn(_) => Phase::AlterColumn,
        Change::DropSequence(_) => Phase::DropSequence,
        Change::CreateSequence { .. } | Change::AlterSequence(_) => Phase::Sequence,
        Change::OwnSequence { .. } => Phase::OwnSequence,
        Change::Comment { .. } => Phase::Comment,
        Change::ChangeOwner { .. } => Phase::Owner,
        Change::AddPrimaryKey(_) | Change::AddUnique(_) => Phase::AddKey,
        Change::AddCheck(_) | Change::AddExclusion(_) => Phase::AddKey,
        Change::DeferForeignKey(_) | Change::ValidateConstraint(_) => Phase::ForeignKey,
        Change::CreateIndex(_) => Phase::Index,
        Change::AddForeignKey(_) => Phase::ForeignKey,
        Change::CreateFunction { function, revoke_from: _ } => of_function(function, places),
        Change::ReplaceFunction(functions) => of_function(&functions.next, places),
        Change::CreatePolicy(policy) => match policy.item.item.kind {
            PolicyKind::Restrictive => Phase::CreateRestrictive,
            PolicyKind::Permissive => Phase::CreatePermissive,
        },
        Change::GrantDefault(_) => Phase::GrantDefault,
        Change::Grant(grant) => match grant.object {
            GrantObject::Schema(_) if grant.privileges.contains(&Privilege::Create) => {
                Phase::GrantCreate
            }
            GrantObject::Schema(_) => Phase::GrantSchema,
            GrantObject::Sequence(_) | GrantObject::Function(_) | GrantObject::Routine(_) => {
                Phase::GrantBeside
            }
            GrantObject::Table(_) | GrantObject::Column { .. } | GrantObject::AllTables(_) => {
                Phase::GrantTable
            }
        },
        Change::GrantColumns(_) => Phase::GrantTable,
        Change::GrantMembership(_) => Phase::WidenRole,
    }
}

/// CREATE in a schema is given by itself, for USAGE opens what is there.
fn split_create(changes: &mut Vec<Change>) {
    let mut others = Vec::new();
    for change in changes.iter_mut() {
        let Change::Grant(grant) = change else { continue };
        let is_create = |privilege: &Privilege| *privilege == Privilege::Create;
        if grant.privileges.iter().any(is_create) && grant.privileges.len() > 1 {
            let rest = grant.privileges.iter().copied().filter(|it| !is_create(it)).collect();
            grant.privileges.retain(is_create);
            others.push(Change::Grant(Privileges { privileges: rest, ..grant.clone() }));
        }
    }
    changes.extend(others);
}

fn of_function(function: &Function, places: &Places) -> Phase {
    if function.routine().is_private() {
        Phase::Lookup
    } else if places.is_late(function) {
        Phase::Function
    } else {
        Phase::EarlyFunction
    }
}

/// Whether a column merely loses what filled it.
fn only_empties(columns: &Pair<Column<Sql>>) -> bool {
    let Pair { previous, next } = columns;
    let empty = Column {
        default: None,
        identity: None,
        numbering: SequenceOptions::default(),
        sequence: None,
        ..previous.clone()
    };
    empty == *next && empty != *previous
}
