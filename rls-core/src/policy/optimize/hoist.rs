//! Hoisting: what does not depend on the row becomes a scalar subquery, which Postgres evaluates
//! once for each statement and whose value an index can be searched with.
//!
//! Proof: a scalar subquery without FROM gives the value of its expression. The functions that are
//! hoisted are STABLE, which is to say that within one statement they give the same value each time.
//! Postgres evaluates such a subquery when its value is first asked for, so that an error in it shows
//! where it did before. SQL written by hand may be volatile and stays where it is.
//!
//! As much as possible at once: a whole comparison becomes a filter that Postgres asks before it
//! reads the first row. What is as cheap as a parameter stays, and so does a lookup that names no
//! row outside of it, which Postgres evaluates once by itself.

use super::{Context, Log};
use crate::policy::term::{Request, Term};

pub(super) fn run(term: Term, context: &Context<'_>, log: &mut Log<'_>) -> Term {
    if !context.subqueries {
        return term;
    }
    hoist(term, log)
}

fn hoist(term: Term, log: &mut Log<'_>) -> Term {
    if !is_the_same_for_every_row(&term) {
        return descend(term, log, hoist);
    }
    if !is_worth_it(&term) {
        return term;
    }
    if matches!(term, Term::Exists(_)) {
        return lookups(term, log);
    }
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
