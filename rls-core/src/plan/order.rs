//! The order of execution. After every prefix of a plan, nobody can do what neither the old nor
//! the new state lets them.

use crate::diff::{Change, Pair};
use crate::model::{Column, GrantObject, PolicyKind, SequenceOptions, Sql};

/// Sorts changes into the order of execution; within a phase they keep the order they came in,
/// which is by table and, for columns, by declaration.
pub(super) fn sort(changes: &mut [Change]) {
    changes.sort_by_key(phase);
}

/// The order of the variants is the order of execution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Whom privileges and policies name.
    CreateRole,
    NarrowRole,
    /// What everything else needs.
    Extension,
    Namespace,
    /// Whatever comes behind speaks of it by its other name.
    RenameType,
    /// Narrow first.
    Revoke,
    RowSecurity,
    DropTrigger,
    /// A restrictive policy goes after what it restrains.
    DropPermissive,
    DropRestrictive,
    DropFunction,
    /// What leans on keys goes before the keys.
    DropForeignKey,
    DropKey,
    /// Together, for what changes in the table meanwhile would not reach a partition that is off: room
    /// is made before another partition takes it.
    DetachPartition,
    DropPartition,
    AttachPartition,
    DropTable,
    /// What filled a column and is to make way.
    Unfill,
    DropColumn,
    /// After what counted with it, before what may take its name.
    DropSequence,
    /// Before what counts with it.
    Sequence,
    /// Before what has columns of them.
    CreateType,
    AlterType,
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
    Index,
    ForeignKey,
    /// Its body is checked against the tables it reads.
    CreateFunction,
    /// After what it calls.
    CreateTrigger,
    /// A restrictive policy comes before what it restrains; both after
    /// every table and function they may name.
    CreateRestrictive,
    CreatePermissive,
    /// What they are about is there.
    Comment,
    /// Whoever applies can do no more with it than a member of its owner.
    Owner,
    /// Open last: reach into a schema is worth nothing until its tables are granted.
    GrantSchema,
    GrantDefault,
    GrantBeside,
    GrantTable,
    /// Attributes and memberships that reach everything before at once.
    WidenRole,
}

fn phase(change: &Change) -> Phase {
    match change {
        Change::CreateRole(_) => Phase::CreateRole,
        Change::AlterRole(role) => {
            let Pair { previous, next } = &role.item;
            if next.exceeds(previous) { Phase::WidenRole } else { Phase::NarrowRole }
        }
        Change::CreateExtension(_) => Phase::Extension,
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
        Change::DropFunction(_) => Phase::DropFunction,
        Change::DropForeignKey(_) => Phase::DropForeignKey,
        Change::DropCheck(_) | Change::DropExclusion(_) => Phase::DropKey,
        Change::DropUnique(_) | Change::DropPrimaryKey(_) | Change::DropIndex(_) => Phase::DropKey,
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
        Change::CreateFunction { .. } => Phase::CreateFunction,
        Change::CreatePolicy(policy) => match policy.item.item.kind {
            PolicyKind::Restrictive => Phase::CreateRestrictive,
            PolicyKind::Permissive => Phase::CreatePermissive,
        },
        Change::GrantDefault(_) => Phase::GrantDefault,
        Change::Grant(grant) => match grant.object {
            GrantObject::Schema(_) => Phase::GrantSchema,
            GrantObject::Sequence(_) | GrantObject::Function(_) => Phase::GrantBeside,
            GrantObject::Table(_) | GrantObject::Column { .. } | GrantObject::AllTables(_) => {
                Phase::GrantTable
            }
        },
        Change::GrantColumns(_) => Phase::GrantTable,
        Change::GrantMembership(_) => Phase::WidenRole,
    }
}

/// Whether a column merely loses what filled it.
fn only_empties(columns: &Pair<Column<Sql>>) -> bool {
    let Pair { previous, next } = columns;
    let empty = Column {
        default: None,
        identity: None,
        numbering: SequenceOptions::default(),
        ..previous.clone()
    };
    empty == *next && empty != *previous
}
