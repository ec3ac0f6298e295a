//! A table as the rules look at it: its policies with their linked predicates, and who they serve.

use std::collections::{BTreeMap, BTreeSet};

use super::predicate::constant;
use crate::model::{
    Command, DeclaredTable, Expr, Grantee, Ident, Policy, PolicyKind, Privilege, QualifiedName,
};
use crate::policy::compile::{Compiled, Site};
use crate::policy::index::IndexNeed;
use crate::policy::optimize::Gate;
use crate::policy::term::Term;
use crate::provider::{Grants, Settings};
use crate::resolve::{Part, Resolved};

/// One table among all.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) tables: &'a BTreeMap<QualifiedName, DeclaredTable>,
    pub(super) resolved: &'a Resolved,
    pub(super) settings: &'a Settings,
    pub(super) declared: &'a DeclaredTable,
}

/// A policy with its predicates.
#[derive(Clone, Copy)]
pub(super) struct PolicyView<'a> {
    settings: &'a Settings,
    pub(super) name: &'a Ident,
    pub(super) policy: &'a Policy,
    /// Which rows it is asked about.
    pub(super) using: Option<Predicate<'a>>,
    /// Which rows it lets be left behind: USING where it has no WITH CHECK of its own.
    pub(super) check: Option<Predicate<'a>>,
}

/// A predicate of a policy.
#[derive(Clone, Copy)]
pub(super) struct Predicate<'a> {
    policy: &'a Ident,
    pub(super) gate: Gate,
    pub(super) expr: &'a Expr,
    pub(super) term: &'a Term,
    pub(super) indexes: &'a [IndexNeed],
}

/// The commands that policies speak about one by one.
pub(super) const COMMANDS: [(Command, &str); 4] = [
    (Command::Select, "SELECT"),
    (Command::Insert, "INSERT"),
    (Command::Update, "UPDATE"),
    (Command::Delete, "DELETE"),
];

impl<'a> View<'a> {
    /// The same look at another table.
    pub(super) fn other(&self, name: &QualifiedName) -> Option<View<'a>> {
        self.tables.get(name).map(|declared| View { declared, ..*self })
    }

    pub(super) fn policies(&self) -> Vec<PolicyView<'a>> {
        let compiled = self.resolved.policies.get(&self.declared.table.name);
        let policy = |(name, policy): (&'a Ident, &'a Policy)| {
            let predicate = |gate| {
                let found = compiled?.get(&(name.clone(), gate))?;
                let (expr, term) = (&found.declared, &found.linked);
                Some(Predicate { policy: name, gate, expr, term, indexes: &found.indexes })
            };
            let using = predicate(Gate::Using);
            let check = predicate(Gate::Check).or(using);
            PolicyView { settings: self.settings, name, policy, using, check }
        };
        self.declared.table.policies.iter().map(policy).collect()
    }

    pub(super) fn permissive(&self) -> Vec<PolicyView<'a>> {
        let mut policies = self.policies();
        policies.retain(PolicyView::permissive);
        policies
    }

    /// The permissive policies that let a role do something.
    pub(super) fn opening(&self, command: Command, role: &Grantee) -> Vec<PolicyView<'a>> {
        let mut policies = self.permissive();
        policies.retain(|policy| {
            policy.covers(command) && policy.serves(role) && !policy.refuses(command)
        });
        policies
    }

    /// The restrictive policies that every caller of this policy has to pass as well.
    pub(super) fn narrowing(
        &self,
        policy: &PolicyView<'a>,
        command: Command,
    ) -> Vec<PolicyView<'a>> {
        let mut policies = self.policies();
        policies.retain(|other| {
            !other.permissive()
                && other.covers(command)
                && policy.policy.roles.iter().all(|role| other.serves(role))
        });
        policies
    }

    /// Whether whoever the policy serves may write the column by that command.
    pub(super) fn writable(
        &self,
        policy: &PolicyView<'_>,
        command: Command,
        column: &Ident,
    ) -> bool {
        let speaks = |name: &Ident| {
            let columns = self.declared.policy_columns.get(name);
            columns.is_none_or(|columns| columns.contains(column))
        };
        // Privileges belong to roles: a column is kept from a role by all its policies or by none.
        let derived = |role: &Grantee| match self.settings.grants {
            Grants::Policies => self.opening(command, role).iter().any(|other| speaks(other.name)),
            Grants::Schema => true,
            Grants::Declared => false,
        };
        let roles = &policy.policy.roles;
        roles.iter().any(|role| derived(role) || self.named(command, role, column))
    }

    /// Whether a `grant(..)` of the table gives the role what the command takes.
    fn named(&self, command: Command, role: &Grantee, column: &Ident) -> bool {
        let privileges: &[Privilege] = match command {
            Command::All => &Privilege::ROWS,
            Command::Select => &[Privilege::Select],
            Command::Insert => &[Privilege::Insert],
            Command::Update => &[Privilege::Update],
            Command::Delete => &[Privilege::Delete],
        };
        self.declared.grants.iter().any(|grant| {
            let holds = grant.roles.contains(role) || grant.roles.contains(&Grantee::Public);
            let reaches = grant.columns.is_empty() || grant.columns.contains(column);
            holds && reaches && privileges.iter().any(|it| grant.privileges.contains(it))
        })
    }

    /// Whether no two rows have the same value there.
    pub(super) fn is_unique(&self, column: &Ident) -> bool {
        let table = &self.declared.table;
        let primary_key = table.primary_key.iter().map(|key| &key.columns);
        let mut keys = primary_key.chain(table.uniques.values().map(|unique| &unique.columns));
        keys.any(|columns| columns == std::slice::from_ref(column))
    }

    /// A node of a predicate: the first that is what is looked for, which is told how many lookups
    /// are around it, or the predicate as a whole.
    pub(super) fn at(&self, predicate: &Predicate<'_>, is: impl Fn(&Expr, usize) -> bool) -> Part {
        let nodes = numbered(predicate.expr);
        let node = nodes.iter().position(|(node, depth)| is(node, *depth)).unwrap_or_default();
        predicate.node(node)
    }

    /// The first mention of a column of this table.
    pub(super) fn at_column(&self, predicate: &Predicate<'_>, column: &Ident) -> Part {
        self.at(predicate, |node, depth| self.is_column(node, depth, column))
    }

    /// The first lookup in a table.
    pub(super) fn at_lookup(&self, predicate: &Predicate<'_>, table: &QualifiedName) -> Part {
        let rust_name = self.tables.get(table).map(|declared| declared.rust_name.as_str());
        self.at(predicate, |node, _| {
            matches!(node, Expr::Exists { table, .. } if Some(Expr::last_segment(table)) == rust_name)
        })
    }

    /// Whether a node that is that many lookups deep is a column of this table.
    pub(super) fn is_column(&self, node: &Expr, depth: usize, column: &Ident) -> bool {
        let Expr::Column(reference) = node else { return false };
        let place = self.declared.place_of(&reference.field);
        let found = place.and_then(|place| self.declared.table.columns.get(place));
        reference.up == depth && found.is_some_and(|found| &found.name == column)
    }
}

impl<'a> PolicyView<'a> {
    pub(super) fn permissive(&self) -> bool {
        self.policy.kind == PolicyKind::Permissive
    }

    pub(super) fn covers(&self, command: Command) -> bool {
        self.policy.command == Command::All || self.policy.command == command
    }

    /// Whether it is asked when that role does something: a member comes under the policies of the
    /// roles that it inherits from.
    pub(super) fn serves(&self, role: &Grantee) -> bool {
        let mut roles = self.policy.roles.iter();
        roles.any(|named| *named == Grantee::Public || self.comes_under(role, named))
    }

    /// Whether what is for the second role is for the first too.
    pub(super) fn comes_under(&self, member: &Grantee, role: &Grantee) -> bool {
        match (member, role) {
            (Grantee::Role(member), Grantee::Role(role)) => {
                self.settings.with_inherited(member).contains(role)
            }
            (Grantee::Public, _) | (_, Grantee::Public) => member == role,
        }
    }

    /// Whether some caller comes under both.
    pub(super) fn shares_role(&self, other: &PolicyView<'_>) -> bool {
        let managed = self.settings.members().cloned().map(Grantee::Role);
        self.policy.roles.iter().any(|role| other.serves(role))
            || other.policy.roles.iter().any(|role| self.serves(role))
            // A member of two roles that have nothing else in common.
            || managed.into_iter().any(|role| self.serves(&role) && other.serves(&role))
    }

    /// The predicates that a command has to pass.
    pub(super) fn predicates(
        &self,
        command: Command,
    ) -> impl Iterator<Item = Predicate<'a>> + use<'a> {
        let (asks, leaves) = match command {
            Command::Select | Command::Delete => (true, false),
            Command::Insert => (false, true),
            Command::Update | Command::All => (true, true),
        };
        self.using.filter(|_| asks).into_iter().chain(self.check.filter(|_| leaves))
    }

    /// The predicates as they were declared.
    pub(super) fn written(&self) -> impl Iterator<Item = Predicate<'a>> + use<'a> {
        let own = self.check.filter(|check| check.gate == Gate::Check);
        self.using.into_iter().chain(own)
    }

    /// Whether the policy is sure to let nothing through.
    pub(super) fn refuses(&self, command: Command) -> bool {
        let mut predicates = self.predicates(command).peekable();
        predicates.peek().is_none()
            || predicates.any(|predicate| constant(predicate.term) == Some(false))
    }

    /// The part of the declaration that it is.
    pub(super) fn part(&self) -> Part {
        Part::Policy(self.name.clone())
    }

    pub(super) fn roles(&self) -> &'a BTreeSet<Grantee> {
        &self.policy.roles
    }
}

impl Predicate<'_> {
    /// The predicate as a whole.
    pub(super) fn part(&self) -> Part {
        self.node(0)
    }

    /// What it was compiled to.
    pub(super) fn compiled<'a>(&self, view: &View<'a>) -> Option<&'a Compiled> {
        let policies = view.resolved.policies.get(&view.declared.table.name)?;
        policies.get(&(self.policy.clone(), self.gate))
    }

    /// A node of it, by its number in preorder.
    pub(super) fn node(&self, node: usize) -> Part {
        Part::Expr(Site::Policy(self.policy.clone(), self.gate), node)
    }
}

/// Something that is true of several policies for the same roles, as those of one `crud_policy`, and
/// told once.
pub(super) struct Shared<'a, T> {
    /// Whom they serve.
    pub(super) roles: &'a BTreeSet<Grantee>,
    /// What they have in common.
    pub(super) subject: T,
    /// Where the first of them says so.
    pub(super) part: Part,
    commands: Vec<Command>,
}

impl<'a, T: PartialEq> Shared<'a, T> {
    /// Adds a policy with its commands.
    pub(super) fn add(
        all: &mut Vec<Self>,
        policy: &PolicyView<'a>,
        part: Part,
        subject: T,
        commands: Vec<Command>,
    ) {
        let roles = policy.roles();
        match all.iter_mut().find(|known| known.roles == roles && known.subject == subject) {
            Some(known) => known.commands.extend(commands),
            None => all.push(Shared { roles, subject, part, commands }),
        }
    }

    /// The names of the commands of all of them.
    pub(super) fn commands(&self) -> Vec<&'static str> {
        let all = COMMANDS.iter().filter(|(command, _)| self.commands.contains(command));
        all.map(|(_, name)| *name).collect()
    }
}

/// Every node in preorder, with how many lookups are around it.
pub(super) fn numbered(expr: &Expr) -> Vec<(&Expr, usize)> {
    let mut nodes = Vec::new();
    let mut open = vec![(expr, 0)];
    while let Some((node, depth)) = open.pop() {
        nodes.push((node, depth));
        let inside = depth + usize::from(matches!(node, Expr::Exists { .. }));
        open.extend(node.parts().into_iter().rev().map(|part| (part, inside)));
    }
    nodes
}

/// Every node with its number; what a named predicate says has the number of the name.
pub(super) fn spoken(expr: &Expr) -> Vec<(usize, &Expr)> {
    let mut nodes = Vec::new();
    for (number, (node, _)) in numbered(expr).into_iter().enumerate() {
        nodes.push((number, node));
        if let Expr::Named { predicate: Some(predicate), .. } = node {
            nodes.extend(spoken(&predicate.body).into_iter().map(|(_, inner)| (number, inner)));
        }
    }
    nodes
}
