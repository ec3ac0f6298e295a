//! What a function that goes or changes does to those who call it.

use super::{Finder, Hazard, HazardKind, Origin, widens};
use crate::diff::{Pair, same_function};
use crate::lex;
use crate::model::{Function, Policy, Routine};

impl Finder<'_> {
    /// What is in the way of a function of ours goes as it does; anything else may be somebody's.
    pub(super) fn drop_function(&self, routine: &Routine) -> Vec<Hazard> {
        let Pair { previous, next } = self.schemas;
        let called_so = next.functions.keys().any(|declared| declared.name == routine.name);
        let ours = routine.is_private() || previous.functions.contains_key(routine);
        match self.origin {
            Origin::Live { .. } if !ours || !called_so => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the function {routine} is not declared and is dropped"),
            }],
            Origin::Live { .. } | Origin::Snapshot => Vec::new(),
        }
    }

    pub(super) fn replace_function(&self, function: &Function) -> Vec<Hazard> {
        let previous = self.schemas.previous;
        let routine = function.routine();
        let was = previous.functions.get(&routine);
        let stray = previous.strays.iter().any(|stray| stray.name == routine.name);
        // The same one again, because something that it leans on is rebuilt.
        let same = was.is_some_and(|was| {
            same_function(Pair { previous: was, next: function }, self.canonical)
        });
        let fresh = was.is_none() || same;
        if (fresh && !stray) || !self.decides_access(function, was) {
            return Vec::new();
        }
        vec![widens(format!(
            "the function {} changes: it may tell its callers more than before",
            function.name
        ))]
    }

    /// Whether a function reads with the rights of its owner, or a policy asks it.
    fn decides_access(&self, function: &Function, was: Option<&Function>) -> bool {
        let definer = |function: &Function| function.attributes.security_definer;
        let policies = self.schemas.next.tables.values().flat_map(|table| table.policies.values());
        definer(function)
            || was.is_some_and(definer)
            || policies
                .flat_map(Policy::exprs)
                .any(|sql| lex::has_name(sql.as_str(), |name| name == function.name.name.as_str()))
    }
}
