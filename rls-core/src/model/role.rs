//! Roles that the declaration makes, beside those that exist.

use std::collections::BTreeSet;

use super::Ident;

/// A managed role: created where it is missing, altered where it differs. Roles belong to the whole
/// server and not to one database, so they are never dropped; one that is no longer declared is
/// left as it is.
///
/// Source: Postgres manual, `CREATE ROLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Role {
    /// Whether somebody can connect as it.
    pub login: bool,
    /// Whether it holds the privileges of the roles it is a member of without SET ROLE.
    pub inherit: bool,
    /// Whether no policy applies to it.
    pub bypass_rls: bool,
    /// The governed roles it is a member of.
    pub member_of: BTreeSet<Ident>,
    /// Powers over the server. No declaration can give one; a live role loses those it has.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub powers: BTreeSet<Power>,
}

/// What is said of a role that exists: neither made nor altered, but for its memberships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExistingRole {
    /// The governed roles it is a member of: these and no others. None leaves its memberships alone.
    pub member_of: Option<BTreeSet<Ident>>,
    /// Whether it is known, and all right, that no policy applies to it.
    pub bypass_rls: bool,
}

/// A power that reaches beyond any schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Power {
    /// Everything.
    Superuser,
    /// Creating databases.
    CreateDb,
    /// Creating and altering roles.
    CreateRole,
    /// Reading every change of every table.
    Replication,
}

impl Power {
    /// Every one there is.
    pub const ALL: [Power; 4] =
        [Power::Superuser, Power::CreateDb, Power::CreateRole, Power::Replication];
}

impl Role {
    /// Whether it has an attribute or a power that the other one lacks.
    pub fn exceeds(&self, other: &Role) -> bool {
        let Role { login, inherit, bypass_rls, powers, member_of: _ } = self;
        (*login && !other.login)
            || (*inherit && !other.inherit)
            || (*bypass_rls && !other.bypass_rls)
            || !powers.is_subset(&other.powers)
    }
}

/// What Postgres takes for granted where it creates one: no power but to inherit.
impl Default for Role {
    fn default() -> Self {
        Role {
            login: false,
            inherit: true,
            bypass_rls: false,
            member_of: BTreeSet::new(),
            powers: BTreeSet::new(),
        }
    }
}
