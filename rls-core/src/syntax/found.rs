//! Named predicates that a scan has found, put where they are used.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use super::places::source_error;
use super::scan::Scan;
use crate::model::{Expr, Literal, NamedPredicate, PgType};
use crate::policy::link::{self, Others, Problem, Shape};

/// The named predicates by name.
#[derive(Default)]
pub(super) struct Predicates(BTreeMap<String, Found>);

struct Found {
    predicate: NamedPredicate,
    path: PathBuf,
    /// Where each node of the body stands.
    places: Vec<Range<usize>>,
    state: State,
    /// How many parts it has with all that it is made of, once that is known.
    size: usize,
}

/// More than anybody writes. Predicates that are made of others twice grow by doubling.
const MOST_PARTS: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not looked at.
    New,
    /// Being looked at, after those that it is made of.
    Open,
    /// Without a mistake.
    Sound,
    /// What is wrong is told where it is declared, and not again where it is used.
    Broken,
}

impl Predicates {
    /// Adds one, and says whether there was one of that name already.
    pub(super) fn add(
        &mut self,
        predicate: NamedPredicate,
        path: PathBuf,
        places: Vec<Range<usize>>,
    ) -> bool {
        let name = predicate.name.clone();
        let found = Found { predicate, path, places, state: State::New, size: 0 };
        self.0.insert(name, found).is_some()
    }

    /// Adds one whose body has no meaning, unless there is one of that name.
    pub(super) fn add_broken(&mut self, name: String, parameters: Vec<(String, PgType)>) {
        let predicate = NamedPredicate { name: name.clone(), parameters, body: nothing() };
        let (path, places, state) = (PathBuf::new(), Vec::new(), State::Broken);
        self.0.entry(name).or_insert(Found { predicate, path, places, state, size: 0 });
    }

    /// Puts the predicates in the place of their names, in their bodies too.
    fn fill_in(&self, expr: &mut Expr) {
        for part in expr.parts_mut() {
            self.fill_in(part);
        }
        if let Expr::Named { path, predicate, arguments: _ } = expr {
            let Some(found) = self.0.get(Expr::last_segment(path)) else { return };
            let mut filled = found.predicate.clone();
            match found.state {
                // What is made of itself is not sound, so this comes to an end.
                State::Sound => self.fill_in(&mut filled.body),
                State::New | State::Open | State::Broken => filled.body = nothing(),
            }
            *predicate = Some(Box::new(filled));
        }
    }

    /// Looks at each, after those that it is made of.
    fn check(&mut self, shapes: &[Shape<'_>]) -> Vec<(PathBuf, Range<usize>, Problem)> {
        let names: Vec<_> = self.0.keys().cloned().collect();
        let mut mistakes = Vec::new();
        for name in names {
            self.check_one(&name, shapes, &mut mistakes);
        }
        mistakes
    }

    fn check_one(
        &mut self,
        name: &str,
        shapes: &[Shape<'_>],
        mistakes: &mut Vec<(PathBuf, Range<usize>, Problem)>,
    ) {
        let Some(found) = self.0.get_mut(name).filter(|found| found.state == State::New) else {
            return;
        };
        found.state = State::Open;
        let mut filled = found.predicate.clone();
        let mut problems = Vec::new();
        let mut size: usize = 0;
        for (node, called) in found.predicate.body.clone().nodes().enumerate() {
            size = size.saturating_add(1);
            let Expr::Named { path, .. } = called else { continue };
            let called = Expr::last_segment(path);
            self.check_one(called, shapes, mistakes);
            if self.0.get(called).is_some_and(|found| found.state == State::Open) {
                let message = format!("the predicate `{called}` is made of itself, by this");
                problems.push(Problem { node, message, help: None });
            }
            size = size.saturating_add(self.0.get(called).map_or(0, |found| found.size));
        }
        if size <= MOST_PARTS {
            self.fill_in(&mut filled.body);
            problems.extend(link::named(&filled, Others::All(shapes)));
        } else {
            let message =
                format!("`{name}` has more than {MOST_PARTS} parts, with all it is made of");
            let help = Some("say it with fewer, or by a lookup in a table".to_owned());
            problems.push(Problem { node: 0, message, help });
        }
        let Some(found) = self.0.get_mut(name) else { return };
        (found.state, found.size) =
            if problems.is_empty() { (State::Sound, size) } else { (State::Broken, 1) };
        mistakes.extend(problems.into_iter().map(|problem| {
            let range = found.places.get(problem.node).cloned().unwrap_or_default();
            (found.path.clone(), range, problem)
        }));
    }
}

/// A body without a mistake.
fn nothing() -> Expr {
    Expr::Literal(Literal::Bool(true))
}

impl Scan {
    /// Puts the named predicates in the place of their names, and checks each by itself.
    pub(super) fn fill_in_predicates(&mut self) {
        let mut predicates = std::mem::take(&mut self.predicates);
        let tables: Vec<_> = self.tables.iter().map(|scanned| scanned.table.clone()).collect();
        let shapes: Vec<_> = tables.iter().map(Shape::from).collect();
        for (path, range, Problem { node: _, message, help }) in predicates.check(&shapes) {
            self.errors.push(source_error(&self.sources, path, range, message, help));
        }
        for scanned in &mut self.tables {
            let table = &mut scanned.table.table;
            let policies = table.policies.values_mut();
            let clauses =
                policies.flat_map(|policy| policy.using.iter_mut().chain(&mut policy.with_check));
            clauses.for_each(|expr| predicates.fill_in(expr));
        }
        self.predicates = predicates;
    }
}
