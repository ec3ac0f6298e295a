//! Who can do less than before: to whoever runs the application, that is an outage unless it was meant.

use std::collections::BTreeSet;

use super::policies::{names, verb};
use super::privileges::privilege_names;
use super::{Finder, Hazard, HazardKind};
use crate::diff::{Change, ColumnPrivileges, Pair, Privileges};
use crate::model::{
    Grant, GrantObject, Ident, Policy, PolicyKind, Privilege, QualifiedName, Role, Schema, Sql,
    View,
};
use crate::render::{changed_words, column_list};

impl Finder<'_> {
    /// What somebody loses by a REVOKE and does not get back in the same plan.
    pub(super) fn revoke(&self, grant: &Privileges<GrantObject>) -> Vec<Hazard> {
        let Privileges { object, grantee, privileges, option } = grant;
        if self.is_gone(object) {
            return Vec::new();
        }
        if *option {
            let what = privilege_names(privileges);
            return vec![narrows(format!("{grantee} may pass on {what} on {object} no longer"))];
        }
        let lost = |privilege: &Privilege| {
            let held =
                Grant { object: object.clone(), grantee: grantee.clone(), privilege: *privilege };
            !self.schemas.next.grants.contains(&held)
        };
        let lost = privileges.iter().copied().filter(|it| lost(it)).collect();
        narrowed(&lost, || format!("{grantee} loses {} on {object}", privilege_names(&lost)))
    }

    pub(super) fn revoke_columns(&self, grant: &ColumnPrivileges) -> Vec<Hazard> {
        let ColumnPrivileges { table, grantee, columns, option } = grant;
        let what = column_list(columns);
        if *option {
            return vec![narrows(format!("{grantee} may pass on {what} on {table} no longer"))];
        }
        let whole = |privilege: &Privilege| {
            let object = GrantObject::Table(table.clone());
            let held = Grant { object, grantee: grantee.clone(), privilege: *privilege };
            self.schemas.next.grants.contains(&held)
        };
        if columns.keys().all(whole) {
            return Vec::new();
        }
        vec![narrows(format!("{grantee} loses {what} on {table}"))]
    }

    /// What only this policy let somebody do.
    pub(super) fn lets_out(
        &self,
        table: &QualifiedName,
        name: &Ident,
        policy: &Policy<Sql>,
    ) -> Hazard {
        narrows(format!(
            "the policy \"{name}\" goes: rows of {table} that only it let {} {} are out of their reach",
            names(&policy.roles),
            verb(policy.command)
        ))
    }

    /// A restrictive policy where there was none takes rows away from whom others let in.
    pub(super) fn restrains(
        &self,
        table: &QualifiedName,
        name: &Ident,
        policy: &Policy<Sql>,
    ) -> Vec<Hazard> {
        let Some(previous) = self.schemas.previous.tables.get(table) else { return Vec::new() };
        if policy.kind == PolicyKind::Permissive || previous.policies.contains_key(name) {
            return Vec::new();
        }
        vec![narrows(format!(
            "the new restrictive policy \"{name}\" leaves {} fewer rows of {table} to {}",
            names(&policy.roles),
            verb(policy.command)
        ))]
    }

    /// Of tables that stay, for what is dropped takes everything along.
    fn is_gone(&self, object: &GrantObject) -> bool {
        let Pair { previous, next } = self.schemas;
        match object {
            GrantObject::Table(name) | GrantObject::Column { table: name, .. } => {
                let there = |schema: &Schema| {
                    schema.tables.contains_key(name) || schema.views.contains_key(name)
                };
                there(previous) && !there(next)
            }
            GrantObject::Routine(routine) => !next.functions.contains_key(routine),
            GrantObject::Schema(_)
            | GrantObject::Sequence(_)
            | GrantObject::Function(_)
            | GrantObject::AllTables(_) => false,
        }
    }
}

pub(super) fn role(role: &Pair<Role>, name: &Ident) -> Hazard {
    narrows(format!("the role {name} becomes {}", changed_words(role).join(", ")))
}

/// A view that asks its readers what they may, or hides more from what they call.
pub(super) fn view(views: Pair<&View>) -> Vec<Hazard> {
    let Pair { previous, next } = views;
    let name = &next.name;
    if !previous.security_invoker && next.security_invoker {
        vec![narrows(format!(
            "the view {name} asks its readers from now on: they see no more of it than policies let them"
        ))]
    } else if next.check_option > previous.check_option {
        vec![narrows(format!("the view {name} checks more of what is written through it"))]
    } else {
        Vec::new()
    }
}

pub(super) fn row_security(change: &Change) -> Vec<Hazard> {
    if let Change::EnableRowSecurity(table) = change {
        vec![narrows(format!(
            "row security comes on for {table}: whom no policy lets in finds no rows there"
        ))]
    } else if let Change::ForceRowSecurity(table) = change {
        vec![narrows(format!("the policies of {table} bind its owner too"))]
    } else {
        Vec::new()
    }
}

fn narrowed<T>(lost: &BTreeSet<T>, message: impl FnOnce() -> String) -> Vec<Hazard> {
    if lost.is_empty() { Vec::new() } else { vec![narrows(message())] }
}

pub(super) fn narrows(message: String) -> Hazard {
    Hazard { kind: HazardKind::NarrowsAccess, message }
}
