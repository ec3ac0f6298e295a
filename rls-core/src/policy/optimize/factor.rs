//! Factoring: what all alternatives have in common is asked once, in front of them.
//!
//! `(a AND b) OR (a AND c)` becomes `a AND (b OR c)`, and `(a OR b) AND (a OR c)` becomes
//! `a OR (b AND c)`.
//!
//! Proof: in three-valued logic AND is the least and OR the greatest of false < NULL < true, and over
//! values in one order the least distributes over the greatest and the other way round.
//!
//! What is moved runs where it may not have run before, and what it moves away from is no longer kept
//! from running by it; so nothing that may raise an error takes part, SQL written by hand included.

use super::facts::may_raise;
use super::{Log, flat};
use crate::policy::term::{Term, all, any};

pub(super) fn run(term: Term, log: &mut Log<'_>) -> Term {
    if matches!(term, Term::Definer(_)) {
        return term;
    }
    let term = flat(term.map_parts(&mut |part, _| run(part, log)));
    match factored(&term) {
        Some(after) => log.rewrote(term, after, "every alternative asks for it"),
        None => term,
    }
}

fn factored(term: &Term) -> Option<Term> {
    type Join = fn(Vec<Term>) -> Term;
    let (alternatives, inner, outer): (_, Join, Join) = match term {
        Term::Or(terms) => (terms, all, any),
        Term::And(terms) => (terms, any, all),
        _ => return None,
    };
    if alternatives.iter().any(may_raise) {
        return None;
    }
    let parts: Vec<&[Term]> = alternatives
        .iter()
        .map(|alternative| match (term, alternative) {
            (Term::Or(_), Term::And(parts)) | (Term::And(_), Term::Or(parts)) => parts.as_slice(),
            (_, other) => std::slice::from_ref(other),
        })
        .collect();
    let (first, others) = parts.split_first()?;
    let everywhere = |part: &&Term| others.iter().all(|other| other.contains(part));
    let common: Vec<Term> = first.iter().filter(everywhere).cloned().collect();
    if common.is_empty() {
        return None;
    }
    let rests: Vec<Vec<Term>> = parts
        .iter()
        .map(|parts| parts.iter().filter(|part| !common.contains(part)).cloned().collect())
        .collect();
    // One that is nothing but the common part makes the others superfluous, which is folding.
    if rests.iter().any(Vec::is_empty) {
        return None;
    }
    // What is left of an alternative may be a junction of the kind that they are joined by.
    let rest = flat(outer(rests.into_iter().map(inner).collect()));
    Some(flat(inner(common.into_iter().chain([rest]).collect())))
}
