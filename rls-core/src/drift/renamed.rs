//! Renames that are declared and not made yet.

use super::{DriftKind, Finding, Thing, What};
use crate::diff::{Change, OnTable, Pair};
use crate::model::{Ident, QualifiedName};
use crate::render::{literal, statements};
use crate::resolve::Part;

/// One finding for each.
pub(super) fn find(changes: &[&Change]) -> Vec<Finding> {
    changes.iter().filter_map(|change| finding(change)).collect()
}

fn finding(change: &Change) -> Option<Finding> {
    let of = |on: &OnTable<Pair<Ident>>, part| {
        let object = format!("{} on {}", on.item.previous, on.table);
        (object, on.item.next.to_string(), Some((on.table.clone(), part)))
    };
    let (thing, (object, to, place)) = if let Change::RenameRole { name, to } = change {
        (Thing::Role, (name.to_string(), to.to_string(), None))
    } else if let Change::RenameTable { name, to } = change {
        let now = QualifiedName::new(name.schema.clone(), to.clone());
        (Thing::Table, (name.to_string(), to.to_string(), Some((now, Part::Was))))
    } else if let Change::RenameColumn(on) = change {
        (Thing::Column, of(on, Part::Column(on.item.next.clone())))
    } else if let Change::RenamePolicy(on) = change {
        (Thing::Policy, of(on, Part::Policy(on.item.next.clone())))
    } else if let Change::RenameValue { name, values: Pair { previous, next } } = change {
        let object = format!("{name}, by its value {},", literal(previous));
        (Thing::Type, (object, literal(next), Some((name.clone(), Part::Table))))
    } else {
        return None;
    };
    let object = format!("the {} {object}", thing.word());
    Some(Finding {
        kind: DriftKind::Thing(thing, What::Renamed),
        message: format!("{object} is to be called {to}"),
        place,
        database: Some(object.clone()),
        object,
        declared: statements(change).into_iter().next(),
        widens: false,
    })
}
