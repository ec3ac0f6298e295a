//! Hoisting: what does not depend on the row becomes a scalar subquery, which Postgres evaluates
//! once for each statement and whose value an index can be searched with.
//!
//! Proof: a scalar subquery without FROM gives the value of its expression. The functions that are
//! hoisted are STABLE, which is to say that within one statement they give the same value each time.

use super::{Pass, Rewrite};
use crate::policy::term::{Request, Term};

pub(super) fn run(term: Term, rewrites: &mut Vec<Rewrite>) -> Term {
    match term {
        Term::Request(Request::Now | Request::Role) => term,
        Term::Request(_) => {
            let once = Term::Once(Box::new(term.clone()));
            rewrites.push(Rewrite {
                pass: Pass::Hoist,
                before: term,
                after: once.clone(),
                why: "it does not depend on the row".to_owned(),
            });
            once
        }
        other => other.map_parts(&mut |part, _| run(part, rewrites)),
    }
}
