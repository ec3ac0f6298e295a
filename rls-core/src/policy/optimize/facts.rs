//! What is known of terms: whether they may raise an error, be NULL, or be anything at all.

use super::Gate;
use crate::model::{BaseType, Interval, Literal, PgType, SubjectType, TimeUnit, TypeFamily};
use crate::policy::term::{Column, Request, Term};

/// Whether the term holds SQL written by hand, which may be volatile.
pub(super) fn has_raw(term: &Term) -> bool {
    term.nodes().any(|(node, _)| matches!(node, Term::Raw(_)))
}

/// Whether evaluating the term may raise an error.
pub(super) fn may_raise(term: &Term) -> bool {
    term.nodes().any(|(node, _)| raises(node))
}

/// Whether this node may raise an error of its own, its operands set aside. Claims are taken to be
/// JSON, for nothing else passes a verified token on.
pub(super) fn raises(node: &Term) -> bool {
    match node {
        Term::Raw(_) | Term::Call { .. } | Term::AnyOfCall { .. } => true,
        Term::Cast { value: _, ty } => ty.array || ty.base != BaseType::Text,
        // On Neon a subject that is no UUID is NULL; elsewhere it is an error.
        Term::Request(Request::Subject(SubjectType::Uuid)) => true,
        Term::Shift { op: _, time, by } => !stays_in_range(time, by),
        Term::Like { value: _, pattern, case_sensitive: _ } => !is_pattern(pattern),
        _ => false,
    }
}

/// Times end in 4713 BC; nobody asks for what was before.
fn stays_in_range(time: &Term, by: &Term) -> bool {
    let (Term::Request(Request::Now), Term::Interval(Interval { count, unit })) = (time, by) else {
        return false;
    };
    let limit = match unit {
        TimeUnit::Months | TimeUnit::Years => 4_000,
        TimeUnit::Seconds
        | TimeUnit::Minutes
        | TimeUnit::Hours
        | TimeUnit::Days
        | TimeUnit::Weeks => 100_000,
    };
    count.unsigned_abs() <= limit
}

/// A pattern that ends in a lone backslash is an error once a text gets that far.
fn is_pattern(pattern: &Term) -> bool {
    let Term::Constant(Literal::Text(text)) = pattern else { return false };
    let backslashes = text.chars().rev().take_while(|c| *c == '\\').count();
    backslashes % 2 == 0
}

/// Whether the term cannot be NULL. `depth` is the number of lookups around it. A new row is
/// checked by policies before its NOT NULL constraints are, so these say nothing in WITH CHECK; the
/// rows of a lookup have passed theirs.
pub(super) fn never_null(term: &Term, depth: usize, gate: Gate) -> bool {
    match term {
        Term::Bool(_) | Term::Constant(_) | Term::Interval(_) => true,
        Term::Request(Request::Now | Request::Role) => true,
        Term::Exists(_) | Term::IsNull(_) => true,
        Term::Column(column) => !column.nullable && (gate == Gate::Using || column.up < depth),
        Term::Compare { op: _, left, right } => {
            is_ordered(left)
                && is_ordered(right)
                && never_null(left, depth, gate)
                && never_null(right, depth, gate)
        }
        Term::Not(inner) => never_null(inner, depth, gate),
        Term::And(terms) | Term::Or(terms) => {
            terms.iter().all(|term| never_null(term, depth, gate))
        }
        _ => false,
    }
}

/// Whether the term's type is one of those whose six comparisons are all there and fit together.
/// Boxes are equal when their areas are, and have no `<>`.
pub(super) fn is_ordered(term: &Term) -> bool {
    match term {
        Term::Bool(_) | Term::Constant(_) => true,
        Term::Column(Column { ty: Some(ty), .. }) | Term::Cast { value: _, ty } => {
            ty.family() != TypeFamily::Other
        }
        Term::Request(Request::Now | Request::Subject(_) | Request::Claim(_) | Request::Role) => {
            true
        }
        Term::Shift { .. } => true,
        Term::Json { value: _, path: _, output } => {
            *output == crate::policy::term::JsonOutput::Text
        }
        _ => false,
    }
}

/// Whether `=` between columns of these types is the `=` of `= ANY (ARRAY(..))` and of `IN (..)`.
/// An array of arrays would be looked through down to its elements, and `char(n)` is padded or not
/// by what it is compared with.
pub(super) fn same_equality(one: &Column, other: &Column) -> bool {
    let (Some(one), Some(other)) = (&one.ty, &other.ty) else { return false };
    let whole =
        |ty: &PgType| [BaseType::SmallInt, BaseType::Integer, BaseType::BigInt].contains(&ty.base);
    let text = |ty: &PgType| [BaseType::Text, BaseType::Varchar].contains(&ty.base);
    let alike = one.base == other.base || whole(one) && whole(other) || text(one) && text(other);
    let builtin = one.family() != TypeFamily::Other && one.base != BaseType::Char;
    !one.array && !other.array && alike && builtin
}
