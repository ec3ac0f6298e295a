//! `crud_policy`: one declaration, a policy for each command.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Command, Expr, Grantee, Ident, IdentError, Policy, PolicyKind};

/// What a `crud_policy` says after checking. A command without a predicate is allowed nothing and
/// gets no policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crud {
    /// For whom, in the order of declaration, which the policies' names repeat.
    pub roles: Vec<Grantee>,
    /// Which rows they see.
    pub select: Option<Expr>,
    /// Which rows they may add.
    pub insert: Option<Expr>,
    /// Which rows they may change, and into what.
    pub update: Option<Update>,
    /// Which rows they may remove.
    pub delete: Option<Expr>,
}

/// The two sides of an UPDATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which rows may be changed.
    pub using: Expr,
    /// Which rows may be left behind.
    pub with_check: Expr,
}

impl From<Expr> for Update {
    /// The same before and after.
    fn from(rows: Expr) -> Self {
        Update { using: rows.clone(), with_check: rows }
    }
}

impl Crud {
    /// The policies by name. The names are Drizzle's, so that its databases are adopted as they are.
    ///
    /// # Errors
    /// A role's name that cannot be part of one.
    pub fn policies(self) -> Result<BTreeMap<Ident, Policy>, IdentError> {
        let name = |command| name(&self.roles, command);
        let roles: BTreeSet<_> = self.roles.iter().cloned().collect();
        let policy = |command, using, with_check| Policy {
            kind: PolicyKind::Permissive,
            command,
            roles: roles.clone(),
            using,
            with_check,
        };
        let mut policies = BTreeMap::new();
        if let Some(rows) = self.select {
            policies.insert(name(Command::Select)?, policy(Command::Select, Some(rows), None));
        }
        if let Some(rows) = self.insert {
            policies.insert(name(Command::Insert)?, policy(Command::Insert, None, Some(rows)));
        }
        if let Some(Update { using, with_check }) = self.update {
            let update = policy(Command::Update, Some(using), Some(with_check));
            policies.insert(name(Command::Update)?, update);
        }
        if let Some(rows) = self.delete {
            policies.insert(name(Command::Delete)?, policy(Command::Delete, Some(rows), None));
        }
        Ok(policies)
    }
}

/// What the policy of a command is called that is for those roles.
pub(crate) fn name(roles: &[Grantee], command: Command) -> Result<Ident, IdentError> {
    let roles: Vec<_> = roles.iter().map(Grantee::as_str).collect();
    Ident::shortened(&format!("crud-{}-policy-{}", roles.join("-"), word(command)))
}

/// The roles of a policy in the order in which its name has them, if it is called after them.
pub(crate) fn roles_in<'a, E>(name: &Ident, policy: &'a Policy<E>) -> Option<Vec<&'a Grantee>> {
    let end = format!("-policy-{}", word(policy.command));
    let named = name.as_str().strip_prefix("crud-")?.strip_suffix(&end)?;
    in_order(named, &policy.roles.iter().collect::<Vec<_>>())
}

/// One name may begin as another does, so each is tried.
fn in_order<'a>(named: &str, roles: &[&'a Grantee]) -> Option<Vec<&'a Grantee>> {
    if let [only] = roles {
        return (only.as_str() == named).then(|| vec![*only]);
    }
    roles.iter().enumerate().find_map(|(at, first)| {
        let rest = named.strip_prefix(first.as_str())?.strip_prefix('-')?;
        let mut others = roles.to_vec();
        others.remove(at);
        let others = in_order(rest, &others)?;
        Some(std::iter::once(*first).chain(others).collect())
    })
}

fn word(command: Command) -> &'static str {
    match command {
        Command::All => "all",
        Command::Select => "select",
        Command::Insert => "insert",
        Command::Update => "update",
        Command::Delete => "delete",
    }
}
