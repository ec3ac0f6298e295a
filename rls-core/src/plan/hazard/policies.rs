//! Which rows somebody may reach when a policy comes, changes or goes.

use std::collections::BTreeSet;

use super::{Finder, Hazard, widens};
use crate::diff::{Change, Site, same_policy};
use crate::model::{Command, Grantee, Ident, Policy, PolicyKind, QualifiedName, Sql};

impl Finder<'_> {
    /// A permissive policy on a table that exists lets somebody at rows that exist. Where it takes
    /// another's place and only narrows, that cannot be told from the text, so it counts.
    pub(super) fn create_policy(
        &self,
        table: &QualifiedName,
        name: &Ident,
        policy: &Policy<Sql>,
    ) -> Vec<Hazard> {
        let Some(previous) = self.schemas.previous.tables.get(table) else { return Vec::new() };
        let replaced = previous.policies.get(name);
        // The same one again, because a column it leans on is rebuilt.
        let site = Site { table: table.clone(), default_of: None };
        if replaced.is_some_and(|previous| same_policy(&site, previous, policy, self.canonical)) {
            return Vec::new();
        }
        let who = names(&policy.roles);
        let what = verb(policy.command);
        let message = match (policy.kind, replaced) {
            (PolicyKind::Permissive, None) => {
                format!("the new policy \"{name}\" lets {who} {what} rows of {table}")
            }
            (PolicyKind::Permissive, Some(_)) => format!(
                "the policy \"{name}\" changes which rows of {table} {who} can {what}: it may be more than before"
            ),
            (PolicyKind::Restrictive, Some(_)) => format!(
                "the restrictive policy \"{name}\" on {table} changes: {who} may {what} more than before"
            ),
            (PolicyKind::Restrictive, None) => return self.restrains(table, name, policy),
        };
        vec![widens(message)]
    }

    pub(super) fn drop_policy(
        &self,
        table: &QualifiedName,
        name: &Ident,
        policy: &Policy<Sql>,
    ) -> Vec<Hazard> {
        let recreated = self.changes.iter().any(|change| {
            matches!(change, Change::CreatePolicy(created) if &created.table == table && &created.item.name == name)
        });
        if recreated {
            return Vec::new();
        }
        let mut hazards = self.undeclared("policy", table, name);
        match policy.kind {
            // That it goes is to be agreed to once.
            PolicyKind::Permissive if hazards.is_empty() => {
                hazards.push(self.lets_out(table, name, policy));
            }
            PolicyKind::Permissive => {}
            PolicyKind::Restrictive => hazards.push(widens(format!(
                "the restrictive policy \"{name}\" goes: {} can {} all rows of {table} that other policies allow",
                names(&policy.roles),
                verb(policy.command)
            ))),
        }
        hazards
    }
}

pub(super) fn names(roles: &BTreeSet<Grantee>) -> String {
    roles.iter().map(Grantee::as_str).collect::<Vec<_>>().join(", ")
}

pub(super) fn verb(command: Command) -> &'static str {
    match command {
        Command::All => "read and change",
        Command::Select => "read",
        Command::Insert => "insert",
        Command::Update => "update",
        Command::Delete => "delete",
    }
}
