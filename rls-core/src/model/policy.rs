//! Policies, as Postgres stores them: one command each.

use std::collections::BTreeSet;

use super::{Expr, Gate, Grantee, Ident, Site};

/// A row-level security policy of a table; its name is the key in the table's map.
///
/// Source: Postgres manual, `CREATE POLICY`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy<E = Expr> {
    /// Whether it widens or narrows what other policies allow.
    pub kind: PolicyKind,
    /// The command it applies to.
    pub command: Command,
    /// The roles it applies to; never empty.
    pub roles: BTreeSet<Grantee>,
    /// Which existing rows the command may see.
    pub using: Option<E>,
    /// Which new rows the command may leave behind.
    pub with_check: Option<E>,
}

/// How a policy combines with the others of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum PolicyKind {
    /// Must hold together with every other restrictive policy.
    Restrictive,
    /// At least one of these must hold.
    Permissive,
}

/// The command a policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Command {
    /// All four.
    All,
    /// SELECT, and the reading part of UPDATE and DELETE.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

impl<E> Policy<E> {
    /// The same policy with its expressions put through `f`.
    pub fn map<F>(&self, name: &Ident, f: &mut impl FnMut(Site, &E) -> F) -> Policy<F> {
        let site = |gate| Site::Policy(name.clone(), gate);
        Policy {
            kind: self.kind,
            command: self.command,
            roles: self.roles.clone(),
            using: self.using.as_ref().map(|expr| f(site(Gate::Using), expr)),
            with_check: self.with_check.as_ref().map(|expr| f(site(Gate::Check), expr)),
        }
    }

    /// What new rows have to fulfil: where UPDATE has no WITH CHECK, that is what USING says.
    ///
    /// Source: Postgres manual, `CREATE POLICY`, "Policies Applied by Command Type".
    pub fn effective_check(&self) -> Option<&E> {
        let of_using = match self.command {
            Command::All | Command::Update => self.using.as_ref(),
            Command::Select | Command::Insert | Command::Delete => None,
        };
        self.with_check.as_ref().or(of_using)
    }

    /// The expressions, USING first.
    pub fn exprs(&self) -> impl Iterator<Item = &E> {
        self.using.iter().chain(&self.with_check)
    }
}
