//! Factoring: what all alternatives have in common is asked once, in front of them.
//!
//! `(a AND b) OR (a AND c)` becomes `a AND (b OR c)`, and `(a OR b) AND (a OR c)` becomes
//! `a OR (b AND c)`.
//!
//! Proof: in three-valued logic AND is the least and OR the greatest of false < NULL < true, and over
//! values in one order the least distributes over the greatest and the other way round.
//!
//! What is moved to the front runs where it may not have run before, so it must not be able to raise
//! an error, unless it stood in front already. SQL written by hand may be volatile: two of it are
//! never one.

use super::facts::{has_raw, may_raise};
use super::Log;
use crate::policy::term::{Term, all, any};

pub(super) fn run(term: Term, log: &mut Log<'_>) -> Term {
    if matches!(term, Term::Definer(_)) {
        return term;
    }
    let term = term.map_parts(&mut |part, _| run(part, log));
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
    let parts: Vec<&[Term]> = alternatives
        .iter()
        .map(|alternative| match (term, alternative) {
            (Term::Or(_), Term::And(parts)) | (Term::And(_), Term::Or(parts)) => parts.as_slice(),
            (_, other) => std::slice::from_ref(other),
        })
        .collect();
    let (first, others) = parts.split_first()?;
    let everywhere = |part: &&Term| others.iter().all(|other| other.contains(part));
    let common: Vec<Term> =
        first.iter().filter(everywhere).filter(|part| !has_raw(part)).cloned().collect();
    let in_front = first.starts_with(&common);
    if common.is_empty() || !in_front && common.iter().any(may_raise) {
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
    let rest = rests.into_iter().map(inner).flat_map(|rest| match (term, rest) {
        (Term::Or(_), Term::Or(parts)) | (Term::And(_), Term::And(parts)) => parts,
        (_, other) => vec![other],
    });
    let rest = outer(rest.collect());
    Some(inner(common.into_iter().chain([rest]).collect()))
}
