//! Ordering: cheap tests come before dear ones, in AND and in OR.
//!
//! Proof: AND and OR are commutative, under NULL too. But the first operand that decides keeps the
//! others from running: an operand that is moved forward runs where it did not run before. So what
//! may raise an error stays in its place, and nothing moves across it.

use super::Log;
use super::facts::may_raise;
use crate::policy::term::Term;

pub(super) fn run(term: Term, log: &mut Log<'_>) -> Term {
    if matches!(term, Term::Definer(_)) {
        return term;
    }
    let term = term.map_parts(&mut |part, _| run(part, log));
    let sorted = match &term {
        Term::And(terms) => Term::And(sorted(terms)),
        Term::Or(terms) => Term::Or(sorted(terms)),
        _ => return term,
    };
    if sorted == term {
        return term;
    }
    log.rewrote(term, sorted, "the first operand that decides keeps the others from running")
}

/// Sorted by cost between any two that may raise an error, and otherwise as they were.
fn sorted(terms: &[Term]) -> Vec<Term> {
    let mut terms = terms.to_vec();
    for run in terms.split_mut(may_raise) {
        run.sort_by_key(cost);
    }
    terms
}

/// What a test costs, roughly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    /// A value that is there already.
    Value,
    /// A comparison of columns.
    Columns,
    /// Work on a text, an array or a document.
    Contents,
    /// Rows of a table are read. One that is read once is no exception: it may not be read at all.
    Lookup,
}

fn cost(term: &Term) -> Cost {
    let of_node = |node: &Term| match node {
        Term::Exists(_) | Term::Member { .. } | Term::Definer(_) => Cost::Lookup,
        Term::Like { .. }
        | Term::StartsWith { .. }
        | Term::Any { .. }
        | Term::JsonContains { .. }
        | Term::TextContains { .. }
        | Term::Json { .. } => Cost::Contents,
        Term::Column(_) => Cost::Columns,
        _ => Cost::Value,
    };
    match term {
        // However it is made, it is there.
        Term::Once(inner) => match cost(inner) {
            Cost::Lookup => Cost::Lookup,
            _ => Cost::Value,
        },
        term => {
            let parts = term.parts().into_iter().map(|(part, _)| cost(part));
            parts.fold(of_node(term), Cost::max)
        }
    }
}
