//! What can be said of a linked predicate by its form alone. Everything here errs on one side: a
//! text of raw SQL may ask who is there and may hold any column that it mentions.

use std::collections::BTreeSet;

use crate::lex;
use crate::model::{CompareOp, Ident};
use crate::policy::term::{Column, Lookup, Request, Term};

/// What the predicate is for every row and every caller, where that can be seen.
pub(super) fn constant(term: &Term) -> Option<bool> {
    match term {
        Term::Bool(value) => Some(*value),
        Term::Not(inner) => constant(inner).map(|value| !value),
        Term::Once(inner) => constant(inner),
        Term::And(all) => absorbed(all, false),
        Term::Or(any) => absorbed(any, true),
        _ => None,
    }
}

/// One operand of that value decides; otherwise all have to have the other.
fn absorbed(operands: &[Term], value: bool) -> Option<bool> {
    let constants: Vec<_> = operands.iter().map(constant).collect();
    if constants.contains(&Some(value)) {
        Some(value)
    } else if constants.iter().all(|constant| *constant == Some(!value)) {
        Some(!value)
    } else {
        None
    }
}

/// Whether who is asking matters. A lookup runs under the caller's own policies, so it does there.
pub(super) fn asks_who(term: &Term) -> bool {
    term.nodes().any(|(node, _)| match node {
        Term::Request(request) => *request != Request::Now,
        Term::Raw(_)
        | Term::Exists(_)
        | Term::Member { .. }
        | Term::Definer(_)
        | Term::Call { .. }
        | Term::AnyOfCall { .. } => true,
        _ => false,
    })
}

/// The alternatives, one of which has to hold; those that never do are left out.
pub(super) fn alternatives(term: &Term) -> Vec<&Term> {
    match term {
        Term::Or(any) => any.iter().flat_map(alternatives).collect(),
        term if constant(term) == Some(false) => Vec::new(),
        term => vec![term],
    }
}

/// The conditions, all of which have to hold.
pub(super) fn conditions(term: &Term) -> Vec<&Term> {
    match term {
        Term::And(all) => all.iter().flat_map(conditions).collect(),
        term => vec![term],
    }
}

/// Whether only callers of some sort get through: a condition is about who asks and not about the
/// row, or is raw SQL or runs as somebody else, and may be.
pub(super) fn selects_callers(term: &Term) -> bool {
    let request = |(node, _): (&Term, usize)| matches!(node, Term::Request(request) if *request != Request::Now);
    conditions(term).into_iter().any(|condition| match condition {
        Term::Raw(_) | Term::Definer(_) => true,
        condition => columns(condition).is_empty() && condition.nodes().any(request),
    })
}

/// The columns of the policy's own table that the predicate reads, as far as they are named.
pub(super) fn columns(term: &Term) -> BTreeSet<&Ident> {
    let column = |(node, depth): (_, usize)| match node {
        &Term::Column(Column { up, ref name, .. }) if up == depth => Some(name),
        _ => None,
    };
    term.nodes().filter_map(column).collect()
}

/// Whether the predicate says anything about a column of the policy's own table, or might.
pub(super) fn mentions(term: &Term, column: &Ident) -> bool {
    columns(term).contains(column)
        || term.nodes().any(|(node, _)| matches!(node, Term::Raw(sql) if names(sql, column)))
}

fn names(sql: &str, column: &Ident) -> bool {
    lex::has_name(sql, |name| name == column.as_str())
}

/// The columns that equal the caller's id wherever the predicate holds.
pub(super) fn owners(term: &Term) -> BTreeSet<&Ident> {
    held(term, &|term| matches!(term, Term::Request(Request::Subject(_))), false)
}

/// The columns that are tied to the caller wherever the predicate holds: to their id, to a claim, or
/// to rows of another table.
pub(super) fn tied(term: &Term) -> BTreeSet<&Ident> {
    held(term, &about_caller, true)
}

/// The columns that equal the caller's id or a claim of theirs wherever the predicate holds.
pub(super) fn equal_to_caller(term: &Term) -> BTreeSet<&Ident> {
    held(term, &about_caller, false)
}

fn about_caller(term: &Term) -> bool {
    columns(term).is_empty() && asks_who(term)
}

type Test<'a> = &'a dyn Fn(&Term) -> bool;

fn held<'a>(term: &'a Term, caller: Test<'_>, lookups: bool) -> BTreeSet<&'a Ident> {
    let own = |term: &'a Term| match term {
        Term::Column(Column { up: 0, name, .. }) => Some(name),
        _ => None,
    };
    match term {
        Term::Once(inner) => held(inner, caller, lookups),
        Term::And(all) => all.iter().flat_map(|term| held(term, caller, lookups)).collect(),
        Term::Or(_) => {
            let mut each = alternatives(term).into_iter().map(|term| held(term, caller, lookups));
            let first = each.next().unwrap_or_default();
            each.fold(first, |all, one| all.intersection(&one).copied().collect())
        }
        Term::Compare { op: CompareOp::Eq, left, right } => {
            let sides = [(left, right), (right, left)];
            sides
                .into_iter()
                .filter(|(_, other)| caller(other))
                .filter_map(|(side, _)| own(side))
                .collect()
        }
        Term::Any { value: side, array: other }
        | Term::JsonContains { container: other, value: side } => {
            own(side).filter(|_| caller(other)).into_iter().collect()
        }
        Term::Exists(lookup) | Term::Definer(lookup) if lookups => joined(lookup),
        _ => BTreeSet::new(),
    }
}

/// The columns that a lookup compares with columns of its own table.
fn joined(lookup: &Lookup) -> BTreeSet<&Ident> {
    let pair = |condition| match condition {
        &Term::Compare { op: CompareOp::Eq, ref left, ref right } => match (&**left, &**right) {
            (Term::Column(Column { up: 0, .. }), Term::Column(Column { up: 1, name, .. }))
            | (Term::Column(Column { up: 1, name, .. }), Term::Column(Column { up: 0, .. })) => {
                Some(name)
            }
            _ => None,
        },
        _ => None,
    };
    conditions(&lookup.filter).into_iter().filter_map(pair).collect()
}

/// Every lookup in the predicate, and whether it runs past the policies of its table.
pub(super) fn lookups(term: &Term) -> Vec<(&Lookup, bool)> {
    let mut found = Vec::new();
    for (node, _) in term.nodes() {
        match node {
            Term::Exists(lookup) => found.push((&**lookup, false)),
            Term::Definer(lookup) => found.push((&**lookup, true)),
            _ => {}
        }
    }
    found
}
