//! The optimizer: passes over linked predicates that change how long a policy takes and nothing
//! else. Each pass is a file that says what it rewrites and why that is the same, under NULL too.
//!
//! At the top of a policy NULL counts as false, and so it does through AND and OR; under NOT it does
//! not. A pass that turns NULL into false, or false into NULL, asks for `Reading::TrueOrNot`.
//!
//! Errors are part of the meaning in one direction: no rewrite makes an expression run where those in
//! front of it, as they are written, kept it from running, unless it cannot raise an error. That is
//! how WITH CHECK runs. When Postgres searches a table it asks the conditions of a WHERE in the order
//! of what it thinks they cost, whoever wrote them, and promises nothing.

mod factor;
mod facts;
mod fold;
mod hoist;
pub(crate) mod membership;
mod order;
mod probe;

use std::collections::{BTreeMap, BTreeSet};

use super::term::{Term, all, any};
pub use crate::model::Gate;
use crate::model::{Ident, QualifiedName};

/// By table, the columns that some index leads with.
pub type Leading = BTreeMap<QualifiedName, BTreeSet<Ident>>;

/// What the optimizer may know.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where the predicate stands.
    pub gate: Gate,
    /// The policy's own table.
    pub table: &'a QualifiedName,
    /// Where an index can be searched.
    pub leading: &'a Leading,
    /// Whether a predicate without a subquery may get one. Postgres reads a table again in its own
    /// policies only as long as those that it then meets have none.
    pub subqueries: bool,
}

/// The passes, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// What is constant, said twice or a double negation goes.
    Fold,
    /// What all alternatives have in common is asked once.
    Factor,
    /// A lookup for each row becomes one list of values for the statement.
    Membership,
    /// What does not depend on the row is evaluated once for each statement.
    Hoist,
    /// Cheap tests come before dear ones.
    Order,
    /// A lookup for each new row is planned as one.
    Probe,
}

impl Pass {
    /// Every pass, in the order in which they run.
    pub const ALL: [Pass; 6] =
        [Pass::Fold, Pass::Factor, Pass::Membership, Pass::Hoist, Pass::Order, Pass::Probe];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Pass::Fold => "fold",
            Pass::Factor => "factor",
            Pass::Membership => "membership",
            Pass::Hoist => "hoist",
            Pass::Order => "order",
            Pass::Probe => "probe",
        }
    }

    /// What it does, in a sentence.
    pub fn description(self) -> &'static str {
        match self {
            Pass::Fold => "Drops what is constant, said twice or negated twice.",
            Pass::Factor => "Asks once what all alternatives have in common.",
            Pass::Membership => {
                "Reads the rows that belong to the request once, where a lookup would run for each row."
            }
            Pass::Hoist => "Evaluates once for each statement what does not depend on the row.",
            Pass::Order => "Puts cheap tests before dear ones.",
            Pass::Probe => "Plans a lookup for each new row as just that.",
        }
    }

    fn run(self, term: Term, context: &Context<'_>, log: &mut Log) -> Term {
        match self {
            Pass::Fold => fold::run(term, context, log),
            Pass::Factor => factor::run(term, log),
            Pass::Membership => membership::run(term, context, log),
            Pass::Hoist => hoist::run(term, context, log),
            Pass::Order => order::run(term, log),
            Pass::Probe => probe::run(term, context, log),
        }
    }
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
    /// Why that is better.
    pub why: String,
}

/// Rewrites a linked predicate of a policy into one that means the same and costs less.
pub fn optimize(term: Term, context: &Context<'_>) -> (Term, Vec<Rewrite>) {
    let mut rewrites = Vec::new();
    let optimized = Pass::ALL.into_iter().fold(term, |term, pass| {
        pass.run(term, context, &mut Log { pass, rewrites: &mut rewrites })
    });
    (optimized, rewrites)
}

/// What a pass has done so far.
struct Log<'a> {
    pass: Pass,
    rewrites: &'a mut Vec<Rewrite>,
}

impl Log<'_> {
    /// Records a rewrite and gives what there is now.
    fn rewrote(&mut self, before: Term, after: Term, why: &str) -> Term {
        let (pass, why) = (self.pass, why.to_owned());
        self.rewrites.push(Rewrite { pass, before, after: after.clone(), why });
        after
    }
}

/// How the value of a term is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// NULL counts as false.
    TrueOrNot,
    /// True, false and NULL are three things.
    Exact,
}

impl Reading {
    /// How an operand of `parent` is used where `parent` is used like this. The filter of a lookup
    /// is a WHERE, which takes NULL for false wherever the lookup stands.
    fn within(self, parent: &Term) -> Reading {
        match parent {
            Term::And(_) | Term::Or(_) => self,
            Term::Exists(_) => Reading::TrueOrNot,
            _ => Reading::Exact,
        }
    }
}

/// An AND in an AND, or an OR in an OR, is written without brackets.
fn flat(term: Term) -> Term {
    let conjunctive = matches!(term, Term::And(_));
    let unpack = |part: Term| match part {
        Term::And(terms) if conjunctive => terms,
        Term::Or(terms) if !conjunctive => terms,
        other => vec![other],
    };
    match term {
        Term::And(terms) => all(terms.into_iter().flat_map(unpack).collect()),
        Term::Or(terms) => any(terms.into_iter().flat_map(unpack).collect()),
        other => other,
    }
}
