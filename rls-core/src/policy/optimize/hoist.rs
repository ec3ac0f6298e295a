//! Hoisting: what does not depend on the row becomes a scalar subquery, which Postgres evaluates
//! once for each statement and whose value an index can be searched with.
//!
//! Proof: a scalar subquery without FROM gives the value of its expression. The functions that are
//! hoisted are STABLE, which is to say that within one statement they give the same value each time.
//! SQL written by hand may be volatile and stays where it is.
//!
//! Postgres asks the cheaper of two conditions first, and this makes one cheaper. So what may raise
//! an error stays as it is, unless it is compared with something of the row: Postgres evaluates that
//! when it plans, and the error was there before.
//!
//! As much as possible at once: a whole comparison becomes one boolean. (Inside of a policy Postgres
//! makes no One-Time Filter of it, as it would of a WHERE; it costs a look at a parameter for each
//! row.) What is as cheap as a parameter stays, and so does a lookup that names no row outside of it,
//! which Postgres evaluates once by itself.

use super::facts::raises;
use super::{Context, Log};
use crate::model::SubjectType;
use crate::policy::term::{Request, Term};

pub(super) fn run(term: Term, context: &Context<'_>, log: &mut Log<'_>) -> Term {
    if !context.subqueries {
        return term;
    }
    hoist(term, log)
}

fn hoist(term: Term, log: &mut Log<'_>) -> Term {
    if !is_the_same_for_every_row(&term) || !is_worth_it(&term) {
        return match term {
            Term::Compare { op, left, right } if left.reads(0) != right.reads(0) => {
                let (left, right) = (operand(*left, log), operand(*right, log));
                Term::Compare { op, left: Box::new(left), right: Box::new(right) }
            }
            term => descend(term, log, hoist),
        };
    }
    match term {
        Term::Exists(_) => lookups(term, log),
        term if !is_risky(&term) => once(term, log),
        Term::And(_) | Term::Or(_) | Term::Not(_) => descend(term, log, hoist),
        term => term,
    }
}

/// An operand that is compared with something of the row, or that something.
fn operand(term: Term, log: &mut Log<'_>) -> Term {
    match is_the_same_for_every_row(&term) && is_worth_it(&term) {
        true => once(term, log),
        false => hoist(term, log),
    }
}

fn once(term: Term, log: &mut Log<'_>) -> Term {
    let before = term.clone();
    let once = Term::Once(Box::new(lookups(term, log)));
    log.rewrote(before, once, "it is the same for every row")
}

/// Of a term that is the same for every row, what is left to do is in its lookups.
fn lookups(term: Term, log: &mut Log<'_>) -> Term {
    let step = if term.lookup().is_some() { hoist } else { lookups };
    descend(term, log, step)
}

fn descend(term: Term, log: &mut Log<'_>, step: fn(Term, &mut Log<'_>) -> Term) -> Term {
    match term {
        Term::Definer(_) => term,
        term => term.map_parts(&mut |part, _| step(part, log)),
    }
}

fn is_the_same_for_every_row(term: &Term) -> bool {
    let settled = |node: &Term| !matches!(node, Term::Definer(_) | Term::Argument(_));
    !term.reads_outside() && term.nodes().all(|(node, _)| settled(node))
}

fn is_worth_it(term: &Term) -> bool {
    term.nodes().any(|(node, _)| match node {
        Term::Request(request) => !matches!(request, Request::Now | Request::Role),
        Term::Exists(_) | Term::Member { .. } | Term::Call { .. } | Term::AnyOfCall { .. } => true,
        _ => false,
    })
}

/// Whether an error could come of it that was not there before: not of a subject, which is compared
/// with a column, nor of a function that was compiled from a lookup.
fn is_risky(term: &Term) -> bool {
    term.nodes().any(|(node, _)| match node {
        Term::Request(Request::Subject(SubjectType::Uuid)) => false,
        Term::Call { .. } | Term::AnyOfCall { .. } => false,
        node => raises(node),
    })
}
