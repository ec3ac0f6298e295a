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
        let name = |command: &str| {
            let roles: Vec<_> = self.roles.iter().map(Grantee::as_str).collect();
            Ident::shortened(&format!("crud-{}-policy-{command}", roles.join("-")))
        };
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
            policies.insert(name("select")?, policy(Command::Select, Some(rows), None));
        }
        if let Some(rows) = self.insert {
            policies.insert(name("insert")?, policy(Command::Insert, None, Some(rows)));
        }
        if let Some(Update { using, with_check }) = self.update {
            let update = policy(Command::Update, Some(using), Some(with_check));
            policies.insert(name("update")?, update);
        }
        if let Some(rows) = self.delete {
            policies.insert(name("delete")?, policy(Command::Delete, Some(rows), None));
        }
        Ok(policies)
    }
}
