//! From linked predicates to the SQL of policies, with an account of what was done on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::definer::{self, Functions};
use super::index::{self, IndexNeed};
use super::link::{self, Others, Problem, Shape};
use super::optimize::{Context, Gate, Leading, Rewrite, optimize};
use super::term::Term;
pub use crate::model::Site;
use crate::model::{Command, DeclaredTable, Expr, Ident, QualifiedName, Sql, Table};
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

/// The linked expressions of one table.
pub(crate) struct Linked {
    pub(crate) policies: BTreeMap<(Ident, Gate), (Expr, Term)>,
    /// All that are no predicates of policies.
    pub(crate) others: BTreeMap<Site, Term>,
    pub(crate) problems: Vec<(Site, Problem)>,
}

/// Finds every name of a table's expressions and checks their types.
pub(crate) fn link(declared: &DeclaredTable, others: Others<'_>) -> Linked {
    let shape = Shape::from(declared);
    let mut linked =
        Linked { policies: BTreeMap::new(), others: BTreeMap::new(), problems: Vec::new() };
    declared.table.map(&mut |site, expr| {
        let problems = match &site {
            Site::Policy(name, gate) => {
                let (term, problems) = link::predicate(expr, &shape, others);
                linked.policies.insert((name.clone(), *gate), (expr.clone(), term));
                problems
            }
            other => {
                let ty = |column| declared.table.column(column).map(|column| &column.ty);
                let (term, problems) = match other {
                    Site::Generated(column) => link::generated(expr, ty(column), &shape),
                    Site::Default(column) => link::default(expr, ty(column), &shape),
                    Site::Check(_) | Site::IndexPredicate(_) => link::row(expr, &shape, others),
                    Site::IndexKey(..) | Site::PartitionKey(..) | Site::Policy(..) => {
                        link::value_of_row(expr, None, &shape)
                    }
                };
                linked.others.insert(site.clone(), term);
                problems
            }
        };
        linked.problems.extend(problems.into_iter().map(|problem| (site.clone(), problem)));
    });
    linked
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
    let compile = |context: &Context<'_>, functions: &mut Functions, term: &Term| {
        let (optimized, rewrites) = optimize(term.clone(), context);
        // A lookup that runs as its owner wants the same indexes as any other.
        let has_definer = term.nodes().any(|(node, _)| matches!(node, Term::Definer(_)));
        let plain = has_definer.then(|| optimize(definer::plain(term.clone()), context).0);
        let indexes = index::needs(table, context.gate, plain.as_ref().unwrap_or(&optimized));
        let optimized = definer::extract(optimized, context, provider, functions);
        let sql = render::term(&optimized, Some(table), provider);
        (optimized, rewrites, indexes, sql)
    };
    // Most tables say the same of several commands.
    let mut done: Vec<((Gate, bool), Compiled)> = Vec::new();
    for ((name, gate), (expr, term)) in &linked.policies {
        let subqueries = !bare.contains(&(table.clone(), name.clone()));
        let gate =
            if asks_the_same_twice(declared, linked, name, term) { Gate::Using } else { *gate };
        let same = |(asked, other): &&((Gate, bool), Compiled)| {
            *asked == (gate, subqueries) && other.linked == *term
        };
        let compiled = if let Some((_, same)) = done.iter().find(same) {
            Compiled { declared: expr.clone(), ..same.clone() }
        } else {
            let context = Context { gate, table, leading, subqueries };
            let (optimized, rewrites, indexes, sql) = compile(&context, functions, term);
            let (declared, linked) = (expr.clone(), term.clone());
            Compiled { declared, linked, optimized, rewrites, indexes, sql }
        };
        done.push(((gate, subqueries), compiled));
    }
    let compiled = done.into_iter().map(|(_, compiled)| compiled);
    linked.policies.keys().cloned().zip(compiled).collect()
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
    let table = Some(&declared.table.name);
    let mut compiled = declared.table.map(&mut |site, _| {
        let sql = match site {
            Site::Policy(name, gate) => policies.get(&(name, gate)).map(|found| found.sql.clone()),
            site => linked.others.get(&site).map(|term| render::term(term, table, provider)),
        };
        // Every expression was linked, so nothing is left out.
        sql.unwrap_or_else(|| Sql::new("false"))
    });
    for name in &declared.implied_checks {
        if let Some(policy) = compiled.policies.get_mut(name).filter(|it| it.using == it.with_check)
        {
            policy.with_check = None;
        }
    }
    compiled
}
