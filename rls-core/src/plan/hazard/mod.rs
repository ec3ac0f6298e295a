//! What a step may do that somebody has to agree to, by name.

mod blocks;
mod functions;
mod narrows;
mod policies;
mod privileges;
mod rebuilt;
mod views;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::lock::Lock;
use super::{Origin, user_type};
use crate::diff::{Canonical, Change, Named, Pair, names_aside};
use crate::model::{BaseType, Ident, Modifier, PgType, QualifiedName, Role, Schema};
use crate::render::{changed_words, keys_of};

pub(super) use views::widens_options;

/// One thing to agree to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// Its kind, which is what `--allow` names.
    pub kind: HazardKind,
    /// A sentence that says what happens to whom.
    pub message: String,
}

/// The kinds of hazards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HazardKind {
    /// Rows or values disappear.
    LosesData,
    /// Somebody can do more than before.
    WidensAccess,
    /// Somebody can do less than before.
    NarrowsAccess,
    /// Something disappears from a declared table that the declaration does not know.
    DropsUndeclared,
    /// Every row of a table is written anew, and nobody reads or writes it meanwhile.
    RewritesTable,
    /// Nobody reads or writes a table while every row of it is read.
    BlocksReads,
    /// Nobody writes a table while every row of it is read.
    BlocksWrites,
    /// What stays done where a later step fails.
    OutsideTransaction,
    /// No later plan takes it back.
    Irreversible,
}

impl HazardKind {
    /// All kinds.
    pub const ALL: [HazardKind; 9] = [
        HazardKind::LosesData,
        HazardKind::WidensAccess,
        HazardKind::NarrowsAccess,
        HazardKind::DropsUndeclared,
        HazardKind::RewritesTable,
        HazardKind::BlocksReads,
        HazardKind::BlocksWrites,
        HazardKind::OutsideTransaction,
        HazardKind::Irreversible,
    ];

    /// The name, as `--allow` takes it.
    pub fn name(self) -> &'static str {
        match self {
            HazardKind::LosesData => "loses-data",
            HazardKind::WidensAccess => "widens-access",
            HazardKind::NarrowsAccess => "narrows-access",
            HazardKind::DropsUndeclared => "drops-undeclared",
            HazardKind::RewritesTable => "rewrites-table",
            HazardKind::BlocksReads => "blocks-reads",
            HazardKind::BlocksWrites => "blocks-writes",
            HazardKind::OutsideTransaction => "outside-transaction",
            HazardKind::Irreversible => "irreversible",
        }
    }
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HazardKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        HazardKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = HazardKind::ALL.map(HazardKind::name);
            format!("`{name}` is no hazard; there are {}", names.join(", "))
        })
    }
}

/// The hazards of each change, by its position.
pub(super) fn find(
    changes: &[Change],
    locks: &[Vec<Lock>],
    schemas: Pair<&Schema>,
    canonical: &Canonical,
    origin: Origin<'_>,
) -> BTreeMap<usize, Vec<Hazard>> {
    let aside = names_aside(changes);
    let finder = Finder { changes, aside, schemas, canonical, origin };
    let hazards = |(change, locks): (&Change, &Vec<Lock>)| {
        let mut found = finder.hazards(change);
        found.extend(finder.stopped_by_views(change));
        found.extend(blocks::blocks(change, locks, origin));
        found.extend(blocks::irreversible(change));
        found
    };
    changes
        .iter()
        .zip(locks)
        .map(hazards)
        .enumerate()
        .filter(|(_, found)| !found.is_empty())
        .collect()
}

struct Finder<'a> {
    changes: &'a [Change],
    /// The types that make way for others, by the names that they have for now.
    aside: BTreeMap<QualifiedName, QualifiedName>,
    schemas: Pair<&'a Schema>,
    canonical: &'a Canonical,
    origin: Origin<'a>,
}

impl Finder<'_> {
    fn hazards(&self, change: &Change) -> Vec<Hazard> {
        if self.goes_with_its_table(change) {
            return Vec::new();
        }
        match change {
            Change::DropTable(table) if self.schemas.next.tables.contains_key(table) => {
                vec![loses_data(self.spread_anew(table))]
            }
            Change::DropPartition(partition) => {
                self.drop_partition(&partition.table, &partition.item)
            }
            Change::DropTable(table) => {
                vec![loses_data(format!("the table {table} and all of its rows are dropped"))]
            }
            Change::DropColumn(column) if self.is_computed_again(&column.table, &column.item) => {
                Vec::new()
            }
            Change::DropColumn(column) => vec![loses_data(format!(
                "the column {}.{} and its values are dropped",
                column.table, column.item
            ))],
            Change::AlterColumn(column)
                if !fits(&self.lasting(&column.item.previous.ty), &column.item.next.ty) =>
            {
                let Pair { previous, next } = &*column.item;
                vec![loses_data(format!(
                    "the column {}.{} becomes {} from {}: values that do not fit are refused or cut",
                    column.table,
                    next.name,
                    next.ty,
                    self.lasting(&previous.ty)
                ))]
            }
            Change::RenameType { name, to: _ } => user_type::remade(name, self.schemas),
            Change::AlterType { name, alteration } => {
                user_type::altered(self.aside.get(name).unwrap_or(name), alteration, self.origin)
            }
            Change::DropType(name) if !self.aside.contains_key(name) => {
                self.undeclared_object("type", name)
            }
            Change::CreatePolicy(policy) => {
                self.create_policy(&policy.table, &policy.item.name, &policy.item.item)
            }
            Change::DropPolicy(policy) => {
                self.drop_policy(&policy.table, &policy.item.name, &policy.item.item)
            }
            Change::DropTrigger(trigger) => {
                self.undeclared("trigger", &trigger.table, &trigger.item.name)
            }
            Change::DropIndex(index) => self.undeclared("index", &index.table, &index.item.name),
            Change::DropUnique(unique) => {
                self.undeclared("unique constraint", &unique.table, &unique.item.name)
            }
            Change::DropCheck(check) => self.undeclared("check", &check.table, &check.item.name),
            Change::DropExclusion(exclusion) => {
                self.undeclared("exclusion constraint", &exclusion.table, &exclusion.item.name)
            }
            Change::DropForeignKey(key) => {
                self.undeclared("foreign key", &key.table, &key.item.name)
            }
            Change::DropPrimaryKey(key) => {
                self.undeclared("primary key", &key.table, &key.item.name)
            }
            Change::Grant(grant) => self.grant(grant),
            Change::GrantColumns(grant) => self.grant_columns(grant),
            Change::CreateRole(role) if role.item.bypass_rls && self.holds_tables() => {
                vec![widens(format!("no policy will apply to the new role {}", role.name))]
            }
            Change::AlterRole(role) => alter_role(role),
            Change::GrantMembership(membership)
                if self.schemas.previous.roles.contains_key(&membership.member)
                    || self.schemas.next.memberships.contains_key(&membership.member)
                    || self.holds_tables() =>
            {
                vec![self.joins(membership)]
            }
            Change::DropFunction(routine) => self.drop_function(routine),
            Change::CreateFunction { function, .. } => self.replace_function(function),
            Change::ReplaceFunction(functions) => self.replace_function(&functions.next),
            Change::ChangeOwner { owned, from: Some(from), to } => vec![widens(format!(
                "{owned} belongs to {to}, and no longer to {from}: its owner may do everything with it"
            ))],
            Change::DropView { name, kind } => self.drop_view(name, *kind),
            Change::CreateView { view, .. } => self.create_view(view),
            Change::ReplaceView(views) | Change::AlterView(views) => {
                self.change_view(views.as_ref().as_ref())
            }
            Change::MoveExtension { name, from: _, to } => vec![widens(format!(
                "the extension {name} moves to the schema {to}: who may use that schema reaches it, and \
                 texts that name another one find nothing"
            ))],
            Change::GrantDefault(default) => self.grant_default(default),
            Change::Revoke(grant) => self.revoke(grant),
            Change::RevokeColumns(grant) => self.revoke_columns(grant),
            Change::RevokeMembership(membership) => vec![narrows::narrows(format!(
                "{} is a member of {} no longer and loses what came of that",
                membership.member, membership.role
            ))],
            Change::EnableRowSecurity(_) | Change::ForceRowSecurity(_) => {
                narrows::row_security(change)
            }
            Change::DropSequence(name) => self.undeclared_object("sequence", name),
            // Nothing is lost, and nobody gets at more.
            Change::RenameRole { .. }
            | Change::RenameTable { .. }
            | Change::RenameSequence { .. }
            | Change::RenameColumn(_)
            | Change::RenamePolicy(_)
            | Change::RenameValue { .. }
            | Change::CreateRole(_)
            | Change::GrantMembership(_)
            | Change::CreateSequence { .. }
            | Change::AlterSequence(_)
            | Change::FreeSequence { .. }
            | Change::OwnSequence { .. }
            | Change::Comment { .. }
            | Change::ChangeOwner { from: None, .. }
            | Change::CreateTrigger(_)
            | Change::EnableTrigger(_)
            | Change::CreateExtension { .. }
            | Change::CreateNamespace(_)
            | Change::RevokeDefault(_)
            | Change::CreateTable { .. }
            | Change::CreatePartition { .. }
            | Change::DetachPartition(_)
            | Change::AttachPartition(_)
            | Change::CreateType(_)
            | Change::DropType(_)
            | Change::AddColumn(_)
            | Change::AlterColumn(_)
            | Change::AddPrimaryKey(_)
            | Change::AddUnique(_)
            | Change::AddCheck(_)
            | Change::AddExclusion(_)
            | Change::DeferForeignKey(_)
            | Change::ValidateConstraint(_)
            | Change::CreateIndex(_)
            | Change::AddForeignKey(_) => Vec::new(),
        }
    }

    /// Postgres cannot change how rows are spread.
    fn spread_anew(&self, table: &QualifiedName) -> String {
        let spread = |schema: &Schema| {
            let partitioning = schema.tables.get(table).and_then(|it| it.partitioning.as_ref());
            let by = |it| format!("partitioned by {}", keys_of(it));
            partitioning.map_or("not partitioned".to_owned(), by)
        };
        let Pair { previous, next } = self.schemas;
        format!(
            "{table} is {} and declared {}, which cannot be altered: the table and all of its rows are dropped, and it is made anew",
            spread(previous),
            spread(next)
        )
    }

    fn drop_partition(&self, table: &QualifiedName, name: &QualifiedName) -> Vec<Hazard> {
        let made = |change: &Change| matches!(change, Change::CreatePartition { partition, .. } if &partition.item.name == name);
        let lost = format!("the partition {name} of {table} and all of its rows are dropped");
        if self.changes.iter().any(made) {
            let message =
                format!("{lost}, and it is made anew: its own rows are spread in another way");
            return vec![loses_data(message)];
        }
        let mut hazards = vec![loses_data(lost)];
        if let Origin::Live { .. } = self.origin {
            hazards.push(Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!(
                    "the partition {name} of {table} is not declared and is dropped; `keep_undeclared` in `partition_by(..)` leaves such ones alone"
                ),
            });
        }
        hazards
    }

    /// A type by the name that it had before it made way.
    fn lasting(&self, ty: &PgType) -> PgType {
        let mut ty = ty.clone();
        if let BaseType::Named(name) = &mut ty.base
            && let Some(lasting) = self.aside.get(name)
        {
            *name = lasting.clone();
        }
        ty
    }

    /// In a live database, what is not declared may be somebody else's.
    fn undeclared(&self, what: &str, table: &QualifiedName, name: &Ident) -> Vec<Hazard> {
        match self.origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { .. } => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the {what} \"{name}\" on {table} is not declared and is dropped"),
            }],
        }
    }

    fn undeclared_object(&self, what: &str, name: &QualifiedName) -> Vec<Hazard> {
        match self.origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { .. } => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the {what} {name} is not declared and is dropped"),
            }],
        }
    }

    /// Whether a generated column makes way for itself.
    fn is_computed_again(&self, table: &QualifiedName, column: &Ident) -> bool {
        let generated = |schema: &Schema| {
            let column = schema.tables.get(table).and_then(|table| table.column(column));
            column.is_some_and(|column| column.generated.is_some())
        };
        generated(self.schemas.previous) && generated(self.schemas.next)
    }

    /// Whether there are rows of ours to be got at.
    fn holds_tables(&self) -> bool {
        !self.schemas.previous.tables.is_empty()
    }
}

/// Whether every value of a type is one of the other, as it is.
pub(super) fn fits(previous: &PgType, next: &PgType) -> bool {
    use BaseType::{BigInt, DoublePrecision, Integer, Real, SmallInt, Text, Varchar};
    let wider = match (&previous.base, &next.base) {
        (SmallInt, Integer | BigInt) | (Integer, BigInt) => true,
        (Real, DoublePrecision) | (Varchar, Text) => next.modifiers.is_empty(),
        (Varchar, Varchar) => match (previous.modifiers.first(), next.modifiers.first()) {
            (_, None) => true,
            (Some(Modifier::Number(previous)), Some(Modifier::Number(next))) => previous <= next,
            (Some(_) | None, Some(_)) => false,
        },
        (previous, next) => previous == next,
    };
    let same_modifiers = previous.modifiers == next.modifiers || previous.base == Varchar;
    wider && same_modifiers && previous.array == next.array
}

/// A role gains or loses, never both in one change.
fn alter_role(role: &Named<Pair<Role>>) -> Vec<Hazard> {
    if !role.item.next.exceeds(&role.item.previous) {
        return vec![narrows::role(&role.item, &role.name)];
    }
    let words = changed_words(&role.item).join(", ");
    vec![widens(format!("the role {} becomes {words}", role.name))]
}

fn widens(message: String) -> Hazard {
    Hazard { kind: HazardKind::WidensAccess, message }
}

pub(super) fn loses_data(message: String) -> Hazard {
    Hazard { kind: HazardKind::LosesData, message }
}
