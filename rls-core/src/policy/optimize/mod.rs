//! The optimizer: passes over linked predicates that change how long a policy takes and nothing
//! else. Each pass is a file that says what it rewrites and why that is the same, under NULL too.
//!
//! At the top of a policy NULL counts as false, and so it does through AND and OR; under NOT it does
//! not. A pass that turns NULL into false, or false into NULL, asks for [`Reading::TrueOrNot`].

mod hoist;

use super::term::Term;
use crate::model::Ident;

/// Where a predicate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// USING: asked of every existing row that a statement comes across.
    Using,
    /// WITH CHECK: asked of every row that a statement leaves behind.
    Check,
}

/// What the optimizer may know.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where the predicate stands.
    pub gate: Gate,
    /// The columns of the policy's own table that some index leads with.
    pub leading: &'a [Ident],
}

/// The passes, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// What does not depend on the row is evaluated once for each statement.
    Hoist,
}

/// One thing that a pass changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// Which pass.
    pub pass: Pass,
    /// What there was.
    pub before: Term,
    /// What there is instead.
    pub after: Term,
    /// Why that is faster.
    pub why: String,
}

/// Rewrites a linked predicate of a policy into one that means the same and costs less.
pub fn optimize(term: Term, _context: &Context<'_>) -> (Term, Vec<Rewrite>) {
    let mut rewrites = Vec::new();
    let term = hoist::run(term, &mut rewrites);
    (term, rewrites)
}
