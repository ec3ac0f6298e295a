//! The kinds of findings, whose names programs rely on.

use std::fmt;

/// A kind of finding. Its text, such as `policy-edited` or `extra-grant`, does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftKind {
    /// Something was added, edited or dropped.
    Thing(Thing, What),
    /// A table's policies are not enforced at all.
    RowSecurityOff,
    /// A table's policies are not enforced on its owner.
    ForceRemoved,
    /// Somebody holds a privilege that is not declared.
    ExtraGrant,
    /// Somebody lacks a privilege that is declared.
    MissingGrant,
    /// Somebody may pass on what they should not, or may not what they should.
    GrantOption,
    /// No policy binds a governed role: it is a superuser, or has BYPASSRLS.
    RoleBypassesPolicies,
    /// Something belongs to another role than declared.
    OwnerChanged,
    /// No policy binds a governed role on one table: it owns it, by itself or by membership.
    OwnerBypassesPolicies,
    /// A governed role reaches an undeclared table, view or foreign table past every policy.
    ExposedTable,
    /// Objects to come will carry privileges that are not declared, or lack such as are.
    DefaultPrivileges,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A policy of a table.
    Policy,
    /// A role.
    Role,
    /// That one role is a member of another.
    Membership,
    /// An extension.
    Extension,
    /// A schema.
    Schema,
    /// An enum, a domain or a composite type.
    Type,
    /// A table.
    Table,
    /// A view, or a materialized view.
    View,
    /// A partition of a table.
    Partition,
    /// A column.
    Column,
    /// A key, a check, a foreign key or an exclusion constraint.
    Constraint,
    /// An index.
    Index,
    /// A trigger of a table.
    Trigger,
    /// A sequence.
    Sequence,
    /// A function.
    Function,
    /// A comment.
    Comment,
}

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It is there, and nobody declares it.
    Added,
    /// It is there in another form.
    Edited,
    /// It is declared, and not there.
    Gone,
    /// It is there by the name that it had before.
    Renamed,
}

impl Thing {
    /// As names and sentences have it.
    pub fn word(self) -> &'static str {
        match self {
            Thing::Policy => "policy",
            Thing::Role => "role",
            Thing::Membership => "membership",
            Thing::Extension => "extension",
            Thing::Schema => "schema",
            Thing::Type => "type",
            Thing::Table => "table",
            Thing::View => "view",
            Thing::Partition => "partition",
            Thing::Column => "column",
            Thing::Constraint => "constraint",
            Thing::Index => "index",
            Thing::Trigger => "trigger",
            Thing::Sequence => "sequence",
            Thing::Function => "function",
            Thing::Comment => "comment",
        }
    }

    /// Whether it may let somebody see or do more when it has another form: what a text allows
    /// cannot be read off it.
    pub(super) fn guards(self) -> bool {
        match self {
            Thing::Policy | Thing::Function | Thing::Trigger | Thing::View => true,
            Thing::Role
            | Thing::Membership
            | Thing::Extension
            | Thing::Schema
            | Thing::Type
            | Thing::Table
            | Thing::Partition
            | Thing::Column
            | Thing::Constraint
            | Thing::Index
            | Thing::Sequence
            | Thing::Comment => false,
        }
    }
}

impl What {
    /// As names have it.
    pub fn word(self) -> &'static str {
        match self {
            What::Added => "added",
            What::Edited => "edited",
            What::Gone => "gone",
            What::Renamed => "renamed",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DriftKind::Thing(thing, what) => {
                return write!(f, "{}-{}", thing.word(), what.word());
            }
            DriftKind::RowSecurityOff => "row-security-off",
            DriftKind::ForceRemoved => "force-removed",
            DriftKind::ExtraGrant => "extra-grant",
            DriftKind::MissingGrant => "missing-grant",
            DriftKind::GrantOption => "grant-option",
            DriftKind::RoleBypassesPolicies => "role-bypasses-policies",
            DriftKind::OwnerChanged => "owner-changed",
            DriftKind::OwnerBypassesPolicies => "owner-bypasses-policies",
            DriftKind::ExposedTable => "exposed-table",
            DriftKind::DefaultPrivileges => "default-privileges",
        })
    }
}
