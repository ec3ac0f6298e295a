//! From linked predicates to the SQL of policies, with an account of what was done on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::definer::{self, Functions};
use super::index::{self, IndexNeed};
use super::link::{self, Others, Problem, Shape};
use super::optimize::{Context, Gate, Leading, Rewrite, optimize};
use super::term::Term;
use crate::model::{Command, DeclaredTable, Expr, Ident, Policy, QualifiedName, Sql, Table};
use crate::provider::Provider;
use crate::render;

/// What became of a predicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// As it was declared.
    pub declared: Expr,
    /// Linked, and otherwise as written.
    pub linked: Term,
    /// After the optimizer.
    pub optimized: Term,
    /// What the optimizer did, in order.
    pub rewrites: Vec<Rewrite>,
    /// The indexes that make it fast.
    pub indexes: Vec<IndexNeed>,
    /// As SQL.
    pub sql: Sql,
}

/// The compiled predicates of a table's policies.
pub type Policies = BTreeMap<(Ident, Gate), Compiled>;

/// An expression of a declared table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A predicate of a policy.
    Policy(Ident, Gate),
    /// The default of a column.
    Default(Ident),
}

/// The linked expressions of one table.
pub(crate) struct Linked {
    pub(crate) policies: BTreeMap<(Ident, Gate), (Expr, Term)>,
    pub(crate) defaults: BTreeMap<Ident, Term>,
    pub(crate) problems: Vec<(Site, Problem)>,
}

/// Finds every name of a table's expressions and checks their types.
pub(crate) fn link(declared: &DeclaredTable, others: Others<'_>) -> Linked {
    let shape = Shape::from(declared);
    let mut linked =
        Linked { policies: BTreeMap::new(), defaults: BTreeMap::new(), problems: Vec::new() };
    for (name, policy) in &declared.table.policies {
        for (gate, expr) in gates(policy) {
            let (term, problems) = link::predicate(expr, &shape, others);
            linked.policies.insert((name.clone(), gate), (expr.clone(), term));
            let site = Site::Policy(name.clone(), gate);
            linked.problems.extend(problems.into_iter().map(|problem| (site.clone(), problem)));
        }
    }
    for column in &declared.table.columns {
        let Some(expr) = &column.default else { continue };
        let (term, problems) = link::default(expr, Some(&column.ty), &shape);
        linked.defaults.insert(column.name.clone(), term);
        let site = Site::Default(column.name.clone());
        linked.problems.extend(problems.into_iter().map(|problem| (site.clone(), problem)));
    }
    linked
}

fn gates<E>(policy: &Policy<E>) -> impl Iterator<Item = (Gate, &E)> {
    let using = policy.using.iter().map(|expr| (Gate::Using, expr));
    using.chain(policy.with_check.iter().map(|expr| (Gate::Check, expr)))
}

/// Optimizes and renders the policies of a table. `leading` are the columns that indexes lead with,
/// `bare` the policies that get no subqueries.
pub(crate) fn policies(
    declared: &DeclaredTable,
    linked: &Linked,
    leading: &Leading,
    bare: &BTreeSet<(QualifiedName, Ident)>,
    provider: Provider,
    functions: &mut Functions,
) -> Policies {
    let table = &declared.table.name;
    let mut compile = |(name, gate): &(Ident, Gate), expr: &Expr, term: &Term| {
        let subqueries = !bare.contains(&(table.clone(), name.clone()));
        let gate =
            if asks_the_same_twice(declared, linked, name, term) { Gate::Using } else { *gate };
        let context = Context { gate, table, leading, subqueries };
        let (optimized, rewrites) = optimize(term.clone(), &context);
        // A lookup that runs as its owner wants the same indexes as any other.
        let (plain, _) = optimize(definer::plain(term.clone()), &context);
        let indexes = index::needs(table, gate, &plain);
        let optimized = definer::extract(optimized, &context, provider, functions);
        let sql = render::term(&optimized, Some(table), provider);
        Compiled { declared: expr.clone(), linked: term.clone(), optimized, rewrites, indexes, sql }
    };
    let policies = linked.policies.iter();
    policies.map(|(site, (expr, term))| (site.clone(), compile(site, expr, term))).collect()
}

/// Whether an UPDATE asks of the new row what it asked of the old one. Postgres drops the second of
/// two that are the same, so the form that is right for the old row is right for both. (What USING says
/// of NOT NULL columns is no less true: a new row that breaks it is refused all the same.)
fn asks_the_same_twice(
    declared: &DeclaredTable,
    linked: &Linked,
    name: &Ident,
    check: &Term,
) -> bool {
    let policy = declared.table.policies.get(name);
    let using = linked.policies.get(&(name.clone(), Gate::Using));
    policy.is_some_and(|policy| policy.command == Command::Update)
        && using.is_some_and(|(_, using)| using == check)
}

/// The declared table with SQL in place of its expressions.
pub(crate) fn table(
    declared: &DeclaredTable,
    linked: &Linked,
    policies: &Policies,
    provider: Provider,
) -> Table<Sql> {
    // Every expression was linked, so nothing is left out.
    let nothing = || Sql::new("false");
    let mut compiled = declared.table.map(&mut |_| nothing());
    for (name, policy) in &mut compiled.policies {
        let sql = |gate| policies.get(&(name.clone(), gate)).map(|found| found.sql.clone());
        let (using, check) = (sql(Gate::Using), sql(Gate::Check));
        policy.using = policy.using.take().map(|nothing| using.unwrap_or(nothing));
        policy.with_check = policy.with_check.take().map(|nothing| check.unwrap_or(nothing));
    }
    for column in &mut compiled.columns {
        let term = linked.defaults.get(&column.name);
        let sql = term.map(|term| render::term(term, Some(&declared.table.name), provider));
        column.default = column.default.take().map(|nothing| sql.unwrap_or(nothing));
    }
    compiled
}
