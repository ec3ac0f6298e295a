//! Named predicates that a scan has found, put where they are used.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use super::scan::{Scan, source_error};
use crate::model::{Expr, NamedPredicate};
use crate::policy::link::{self, Others, Shape};

/// The named predicates by name.
#[derive(Default)]
pub(super) struct Predicates(BTreeMap<String, Found>);

struct Found {
    predicate: NamedPredicate,
    path: PathBuf,
    /// Where each node of the body stands.
    places: Vec<Range<usize>>,
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
        self.0.insert(name, Found { predicate, path, places }).is_some()
    }

    /// Puts the predicates in the place of their names, in their bodies too. `around` are those
    /// that are being put in place already: what is made of itself stays a name.
    fn fill_in(&self, expr: &mut Expr, around: &mut Vec<String>) {
        for part in expr.parts_mut() {
            self.fill_in(part, around);
        }
        if let Expr::Named { path, predicate, arguments: _ } = expr {
            let name = Expr::last_segment(path).to_owned();
            let Some(found) = self.0.get(&name).filter(|_| !around.contains(&name)) else { return };
            let mut filled = found.predicate.clone();
            around.push(name);
            self.fill_in(&mut filled.body, around);
            around.pop();
            *predicate = Some(Box::new(filled));
        }
    }
}

impl Scan {
    /// Puts the named predicates in the place of their names, and checks each by itself.
    pub(super) fn fill_in_predicates(&mut self) {
        let predicates = std::mem::take(&mut self.predicates);
        for scanned in &mut self.tables {
            let table = &mut scanned.table.table;
            let policies = table.policies.values_mut();
            let clauses =
                policies.flat_map(|policy| policy.using.iter_mut().chain(&mut policy.with_check));
            clauses.for_each(|expr| predicates.fill_in(expr, &mut Vec::new()));
        }
        let tables: Vec<_> = self.tables.iter().map(|scanned| scanned.table.clone()).collect();
        let shapes: Vec<_> = tables.iter().map(Shape::from).collect();
        for Found { predicate, path, places } in predicates.0.values() {
            let mut filled = predicate.clone();
            predicates.fill_in(&mut filled.body, &mut vec![predicate.name.clone()]);
            for problem in link::named(&filled, Others::All(&shapes)) {
                let range = places.get(problem.node).cloned().unwrap_or_default();
                let (message, help) = (problem.message, problem.help);
                self.errors.push(source_error(&self.sources, path.clone(), range, message, help));
            }
        }
        self.predicates = predicates;
    }
}
