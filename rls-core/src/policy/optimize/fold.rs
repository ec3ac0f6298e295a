//! Folding: what is constant, said twice or negated twice goes.
//!
//! Proof, in three-valued logic, where AND is the least and OR the greatest of false < NULL < true,
//! and NOT turns the order around:
//!
//! - `true` is neutral and `false` decides in AND; the other way round in OR.
//! - AND and OR are associative, and `a AND a` is `a`, the least of one value.
//! - `a OR (a AND b)` is `a`: the least of a and b is at most a. `a AND (a OR b)` likewise.
//! - `NOT NOT a` is `a`: the order turned around twice.
//! - `NOT (a < b)` is `a >= b`: comparisons are NULL where an operand is, and otherwise exactly one
//!   of the two holds, for the types in [`is_ordered`].
//! - `a AND NOT a` is false or, where a is NULL, NULL: the same only where NULL counts as false or a
//!   is never NULL. `a OR NOT a` is true only where a is never NULL.
//! - `a IS NULL` is false where a is never NULL, see [`never_null`].
//!
//! SQL written by hand may be volatile: it is never taken for its equal, and goes only where the
//! whole around it is constant. Everything else gives the same value each time it is asked.
//!
//! An operand that goes may have kept those behind it from running: by what it is absorbed by, when
//! that stands further back. Between the two nothing may be able to raise an error.

use std::cmp::Ordering;

use super::facts::{has_raw, is_ordered, may_raise, never_null};
use super::{Context, Gate, Log, Reading, flat};
use crate::model::{CompareOp, Literal};
use crate::policy::term::{Term, all, any};

pub(super) fn run(term: Term, context: &Context<'_>, log: &mut Log<'_>) -> Term {
    Fold { gate: context.gate, log }.fold(term, 0, Reading::TrueOrNot)
}

struct Fold<'a, 'l> {
    gate: Gate,
    log: &'a mut Log<'l>,
}

impl Fold<'_, '_> {
    /// From the inside out. `depth` is the number of lookups around the term.
    fn fold(&mut self, term: Term, depth: usize, reading: Reading) -> Term {
        if matches!(term, Term::Definer(_)) {
            return term;
        }
        let inner = reading.within(&term);
        let mut term = flat(term.map_parts(&mut |part, adds| self.fold(part, depth + adds, inner)));
        while let Some((after, why)) = self.step(&term, depth, reading) {
            term = self.log.rewrote(term, flat(after), why);
        }
        term
    }

    fn step(&self, term: &Term, depth: usize, reading: Reading) -> Option<(Term, &'static str)> {
        let sure = |term: &Term| never_null(term, depth, self.gate);
        match term {
            Term::And(terms) => junction(terms, Kind::And).or_else(|| {
                contradiction(terms, |term| reading == Reading::TrueOrNot || sure(term))
            }),
            Term::Or(terms) => junction(terms, Kind::Or).or_else(|| tautology(terms, sure)),
            Term::Not(inner) => negation(inner),
            Term::Compare { op, left, right } => constants(*op, left, right),
            Term::IsNull(value) if sure(value) => Some((Term::Bool(false), "it is never NULL")),
            Term::Exists(lookup) if lookup.filter == Term::Bool(false) => {
                Some((Term::Bool(false), "no row passes the filter"))
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    And,
    Or,
}

impl Kind {
    fn join(self, terms: Vec<Term>) -> Term {
        match self {
            Kind::And => all(terms),
            Kind::Or => any(terms),
        }
    }

    /// The operands of the other kind of junction.
    fn other_operands(self, term: &Term) -> Option<&[Term]> {
        match (self, term) {
            (Kind::And, Term::Or(terms)) | (Kind::Or, Term::And(terms)) => Some(terms),
            _ => None,
        }
    }
}

fn junction(terms: &[Term], kind: Kind) -> Option<(Term, &'static str)> {
    let neutral = Term::Bool(kind == Kind::And);
    let decides = Term::Bool(kind == Kind::Or);
    let without = |drop: &dyn Fn(usize, &Term) -> bool| {
        let kept = terms.iter().enumerate().filter(|(at, term)| !drop(*at, term));
        kind.join(kept.map(|(_, term)| term.clone()).collect())
    };
    if terms.contains(&decides) {
        return Some((decides, "one operand decides"));
    }
    if terms.contains(&neutral) {
        return Some((without(&|_, term| *term == neutral), "a constant that changes nothing"));
    }
    let repeated = |at: usize, term: &Term| terms[..at].contains(term) && !has_raw(term);
    if terms.iter().enumerate().any(|(at, term)| repeated(at, term)) {
        return Some((without(&repeated), "it is said twice"));
    }
    let absorbed = |at: usize, term: &Term| {
        let inner = kind.other_operands(term).unwrap_or_default();
        let by = terms.iter().position(|other| inner.contains(other));
        let safe = |by: usize| by < at || !terms[at + 1..=by].iter().any(may_raise);
        by.is_some_and(safe) && !has_raw(term)
    };
    if terms.iter().enumerate().any(|(at, term)| absorbed(at, term)) {
        return Some((without(&absorbed), "the rest implies it, or is implied by it"));
    }
    None
}

fn contradiction(terms: &[Term], sound: impl Fn(&Term) -> bool) -> Option<(Term, &'static str)> {
    opposed(terms, sound).then_some((Term::Bool(false), "it contradicts itself"))
}

fn tautology(terms: &[Term], sound: impl Fn(&Term) -> bool) -> Option<(Term, &'static str)> {
    opposed(terms, sound).then_some((Term::Bool(true), "one of the two holds"))
}

/// Whether a term stands beside its own negation.
fn opposed(terms: &[Term], sound: impl Fn(&Term) -> bool) -> bool {
    terms.iter().any(|term| {
        !has_raw(term) && sound(term) && terms.iter().any(|other| *other == negated(term))
    })
}

fn negated(term: &Term) -> Term {
    let not = Term::Not(Box::new(term.clone()));
    negation(term).map_or(not, |(term, _)| term)
}

/// What `NOT inner` is, put more simply.
fn negation(inner: &Term) -> Option<(Term, &'static str)> {
    match inner {
        Term::Bool(value) => Some((Term::Bool(!value), "a constant")),
        Term::Not(inner) => Some(((**inner).clone(), "it is negated twice")),
        Term::Compare { op, left, right } if is_ordered(left) && is_ordered(right) => {
            let (left, right) = (left.clone(), right.clone());
            let after = Term::Compare { op: opposite(*op), left, right };
            Some((after, "an index can be searched with a comparison, and not with its negation"))
        }
        _ => None,
    }
}

fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Ge => CompareOp::Lt,
        CompareOp::Gt => CompareOp::Le,
        CompareOp::Le => CompareOp::Gt,
    }
}

/// Two constants compared. How texts are sorted is the database's business; whether they are the
/// same is not.
fn constants(op: CompareOp, left: &Term, right: &Term) -> Option<(Term, &'static str)> {
    let order = match (left, right) {
        (Term::Bool(left), Term::Bool(right)) => Some(left.cmp(right)),
        (Term::Constant(Literal::Number(left)), Term::Constant(Literal::Number(right))) => {
            let number = |digits: &str| digits.parse::<i128>().ok();
            Some(number(left)?.cmp(&number(right)?))
        }
        (Term::Constant(Literal::Text(left)), Term::Constant(Literal::Text(right))) => {
            (left == right).then_some(Ordering::Equal)
        }
        _ => None,
    };
    let differ = matches!((left, right), (Term::Constant(_), Term::Constant(_)));
    let holds = match (op, order) {
        (CompareOp::Eq, Some(order)) => order.is_eq(),
        (CompareOp::Ne, Some(order)) => order.is_ne(),
        (CompareOp::Lt, Some(order)) => order.is_lt(),
        (CompareOp::Le, Some(order)) => order.is_le(),
        (CompareOp::Gt, Some(order)) => order.is_gt(),
        (CompareOp::Ge, Some(order)) => order.is_ge(),
        (CompareOp::Eq, None) if differ => false,
        (CompareOp::Ne, None) if differ => true,
        _ => return None,
    };
    Some((Term::Bool(holds), "both sides are constants"))
}
