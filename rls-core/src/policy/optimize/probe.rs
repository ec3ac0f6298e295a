//! Probing: in WITH CHECK, a lookup that depends on the new row is one look into the other table for
//! each new row. `OFFSET 0` in it says so to Postgres, which otherwise plans it twice, as a look for
//! each row and as a hash of every row that could ever match, and now and then picks the second.
//!
//! Proof: OFFSET 0 skips no row, so there is a row with it where there is one without.
//! Source: `simplify_EXISTS_query` in Postgres's planner, which leaves a query with OFFSET as it is.

use super::{Context, Gate, Log};
use crate::policy::term::{Lookup, Term};

pub(super) fn run(term: Term, context: &Context<'_>, log: &mut Log<'_>) -> Term {
    match context.gate {
        Gate::Using => term,
        Gate::Check => walk(term, log),
    }
}

/// Only the outermost lookups: one inside another is joined to it.
fn walk(term: Term, log: &mut Log<'_>) -> Term {
    match term {
        Term::Exists(lookup) if lookup.filter.reads(1) && !lookup.probe => {
            let before = Term::Exists(lookup.clone());
            let after = Term::Exists(Box::new(Lookup { probe: true, ..*lookup }));
            log.rewrote(before, after, "it is asked once for each new row, and planned for that")
        }
        Term::Exists(_) | Term::Member { .. } | Term::Definer(_) | Term::Once(_) => term,
        other => other.map_parts(&mut |part, _| walk(part, log)),
    }
}
