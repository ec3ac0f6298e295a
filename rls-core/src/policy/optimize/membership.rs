//! Membership: where a lookup asks of each row whether it belongs to the request, the rows that
//! belong to the request are read once, and each row is looked for among them.
//!
//! ```sql
//! EXISTS (SELECT 1 FROM members AS m WHERE m.team_id = docs.team_id AND m.user_id = auth.user_id())
//! team_id = ANY (ARRAY(SELECT m.team_id FROM members AS m WHERE m.user_id = auth.user_id()))
//! ```
//!
//! Proof: EXISTS is true where a row of the lookup has `m.team_id = docs.team_id` and the rest true.
//! The rest reads nothing outside of the lookup, so the rows for which it is true are the same for
//! every outer row, and `value = ANY (..)` is true where one of them has the equality true, by the
//! same operator (see [`same_equality`]). Where EXISTS is false the other may be NULL instead: for
//! `docs.team_id` or one of the `m.team_id` that is NULL. So it is done only where NULL counts as
//! false.
//!
//! The rest now runs on rows that the equality kept from it, so it must not be able to raise an
//! error; a subject that is no UUID would have been one already, as Postgres evaluates what is stable
//! when it plans, and a list that a function gives is not of a row.
//!
//! Only in USING, where one policy is asked of many rows: WITH CHECK sees few, for which a search in
//! an index is faster than any list. And only where the rest asks for what belongs to the request:
//! the rows of a lookup that are merely open, or merely there, may be most of a table.

use super::facts::{raises, same_equality};
use super::{Context, Gate, Log, Reading};
use crate::model::{CompareOp, QualifiedName, SubjectType};
use crate::policy::term::{Column, Lookup, MemberForm, Request, Term, all, conjuncts};

pub(super) fn run(term: Term, context: &Context<'_>, log: &mut Log<'_>) -> Term {
    match context.gate {
        Gate::Using => {
            let scope = vec![context.table.clone()];
            Pass { context, log, scope }.rewrite(term, Reading::TrueOrNot)
        }
        Gate::Check => term,
    }
}

struct Pass<'a, 'l> {
    context: &'a Context<'a>,
    log: &'a mut Log<'l>,
    /// The tables in scope, the innermost last.
    scope: Vec<QualifiedName>,
}

impl Pass<'_, '_> {
    /// From the inside out, so that a lookup in a lookup's rest is a list already.
    fn rewrite(&mut self, term: Term, reading: Reading) -> Term {
        if matches!(term, Term::Definer(_)) {
            return term;
        }
        let inner = reading.within(&term);
        let outside = self.scope.len();
        self.scope.extend(term.lookup().map(|lookup| lookup.table.clone()));
        let term = term.map_parts(&mut |part, _| self.rewrite(part, inner));
        self.scope.truncate(outside);
        let member = match (&term, reading) {
            (Term::Exists(lookup), Reading::TrueOrNot) => self.member(lookup),
            _ => None,
        };
        let Some((member, form)) = member else { return term };
        let why = match form {
            MemberForm::Array => {
                "the rows that belong to the request are read once, and an index finds those that match"
            }
            MemberForm::Hashed => {
                "the rows that belong to the request are read once, into a hash table"
            }
        };
        self.log.rewrote(term, member, why)
    }

    fn member(&self, lookup: &Lookup) -> Option<(Term, MemberForm)> {
        let Listed { output, outer, rest } = listed(lookup)?;
        let leading = self.scope.last().and_then(|table| self.context.leading.get(table));
        let form = match leading.is_some_and(|leading| leading.contains(&outer.name)) {
            true => MemberForm::Array,
            false => MemberForm::Hashed,
        };
        let value = Box::new(Term::Column(outer));
        Some((Term::Member { value, lookup: Box::new(rest), output, form }, form))
    }
}

/// A lookup as a list of values, among which a column is looked for.
pub(crate) struct Listed {
    /// What each row of the lookup gives.
    pub(crate) output: Column,
    /// The column that is looked for, in the scope around the lookup.
    pub(crate) outer: Column,
    /// The lookup without the equality of the two.
    pub(crate) rest: Lookup,
}

/// Whether a lookup can be read as a list, and which. Says nothing of what NULL counts as.
pub(crate) fn listed(lookup: &Lookup) -> Option<Listed> {
    let (outward, rest): (Vec<_>, Vec<_>) =
        conjuncts(lookup.filter.clone()).into_iter().partition(|term| term.reads_beyond(1));
    let [equality] = outward.as_slice() else { return None };
    let (output, outer) = correlation(equality)?;
    let raises_anew = |(node, _): (&Term, usize)| raises(node) && !is_asked_once(node);
    if !same_equality(output, outer)
        || rest.iter().flat_map(Term::nodes).any(raises_anew)
        || !rest.iter().any(is_about_the_request)
    {
        return None;
    }
    let Lookup { table, alias, filter: _, probe } = lookup.clone();
    Some(Listed {
        output: output.clone(),
        outer: Column { up: 0, ..outer.clone() },
        rest: Lookup { table, alias, filter: all(rest), probe },
    })
}

/// The columns of an equality between the lookup's row and the row of the table around it.
fn correlation(equality: &Term) -> Option<(&Column, &Column)> {
    let Term::Compare { op: CompareOp::Eq, left, right } = equality else { return None };
    match (&**left, &**right) {
        (Term::Column(one), Term::Column(other)) => match (one.up, other.up) {
            (0, 1) => Some((one, other)),
            (1, 0) => Some((other, one)),
            _ => None,
        },
        _ => None,
    }
}

/// What no row has a part in: the subject, and a function that gives a list.
fn is_asked_once(node: &Term) -> bool {
    matches!(node, Term::Request(Request::Subject(SubjectType::Uuid)) | Term::AnyOfCall { .. })
}

/// Whether the term keeps to few rows: those with a value of the request, or with one of such a
/// list.
fn is_about_the_request(term: &Term) -> bool {
    let of_request = |term: &Term| {
        let asks = |node: &Term| {
            matches!(
                node,
                Term::Request(Request::Subject(_) | Request::Claim(_) | Request::ClaimJson(_))
            )
        };
        !term.reads_outside() && term.nodes().any(|(node, _)| asks(node))
    };
    match term {
        Term::Compare { op: CompareOp::Eq, left, right } => {
            let (one, other) = (&**left, &**right);
            matches!(one, Term::Column(_)) && of_request(other)
                || matches!(other, Term::Column(_)) && of_request(one)
        }
        Term::Any { value, array } => matches!(**value, Term::Column(_)) && of_request(array),
        Term::Member { .. } | Term::AnyOfCall { .. } => true,
        _ => false,
    }
}
