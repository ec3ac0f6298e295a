//! What a function that goes or changes does to those who call it.

use std::collections::BTreeSet;

use super::policies::{names, verb};
use super::{Finder, Hazard, HazardKind, Origin, widens};
use crate::diff::{Pair, same_function};
use crate::lex;
use crate::model::{Function, GrantObject, Policy, QualifiedName, Routine, Sql};

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
        if fresh && !stray {
            return Vec::new();
        }
        let name = &function.name;
        let mut effects = Vec::new();
        if [Some(function), was].into_iter().flatten().any(|it| it.attributes.security_definer) {
            let callers = self.callers(&routine);
            effects
                .push(format!("as it reads as its owner, it may tell {callers} more than before"));
        }
        effects.extend(self.asking(name));
        if effects.is_empty() {
            return Vec::new();
        }
        vec![widens(format!("the function {name} changes: {}", effects.join("; ")))]
    }

    /// Who may call a function.
    fn callers(&self, routine: &Routine) -> String {
        let grants = self.schemas.next.grants.iter();
        let on_it = grants.filter(
            |grant| matches!(&grant.object, GrantObject::Routine(granted) if granted == routine),
        );
        let callers: BTreeSet<_> = on_it.map(|grant| grant.grantee.as_str()).collect();
        if callers.is_empty() {
            "whoever may call it".to_owned()
        } else {
            callers.into_iter().collect::<Vec<_>>().join(", ")
        }
    }

    /// What policies that ask a function let somebody do: they know it by its name alone.
    fn asking(&self, function: &QualifiedName) -> BTreeSet<String> {
        let is_it = |name: &str| name == function.name.as_str();
        let tables = self.schemas.next.tables.iter();
        let policies =
            tables.flat_map(|(table, on)| on.policies.values().map(move |it| (table, it)));
        let asking = policies
            .filter(|(_, policy)| policy.exprs().any(|sql| lex::has_name(sql.as_str(), is_it)));
        let effect = |(table, policy): (&QualifiedName, &Policy<Sql>)| {
            let (who, what) = (names(&policy.roles), verb(policy.command));
            format!("by a policy that asks it, {who} may {what} more rows of {table} than before")
        };
        asking.map(effect).collect()
    }
}
