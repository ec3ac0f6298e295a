//! What a plan drops and makes again only because it leans on something else that changes.

use std::collections::BTreeMap;

use super::Thing;
use crate::diff::{Canonical, Pair, Same, Site, same_policy, same_trigger};
use crate::model::{Ident, QualifiedName, Schema, View};

/// Whether something of a table is as declared, by what the server holds for equal.
pub(super) fn as_declared(
    thing: Thing,
    table: &QualifiedName,
    name: &str,
    schemas: Pair<&Schema>,
    canonical: &Canonical,
) -> bool {
    let Pair { previous, next } = schemas;
    if let Some((previous, next)) = previous.views.get(table).zip(next.views.get(table)) {
        return on_view(thing, name, Pair { previous, next }, canonical);
    }
    let Some((previous, next)) = previous.tables.get(table).zip(next.tables.get(table)) else {
        return false;
    };
    let site = Site { table: table.clone(), default_of: None };
    let same = Same { canonical, site: site.clone() };
    match thing {
        Thing::Policy => both(&previous.policies, &next.policies, name)
            .is_some_and(|(was, is)| same_policy(&site, was, is, canonical)),
        Thing::Constraint => {
            let check = both(&previous.checks, &next.checks, name);
            let exclusion = both(&previous.exclusions, &next.exclusions, name);
            check.is_some_and(|(was, is)| same.check(was, is))
                || exclusion.is_some_and(|(was, is)| same.exclusion(was, is))
        }
        Thing::Index => both(&previous.indexes, &next.indexes, name)
            .is_some_and(|(was, is)| same.index(was, is)),
        Thing::Trigger => {
            both(&previous.triggers, &next.triggers, name).is_some_and(|(previous, next)| {
                let triggers = Pair { previous, next };
                previous.state == next.state && same_trigger(table, triggers, canonical)
            })
        }
        Thing::Role
        | Thing::Membership
        | Thing::Extension
        | Thing::Schema
        | Thing::Type
        | Thing::Table
        | Thing::View
        | Thing::Partition
        | Thing::Column
        | Thing::Sequence
        | Thing::Function
        | Thing::Comment => false,
    }
}

/// The same for what stands on a view.
fn on_view(thing: Thing, name: &str, views: Pair<&View>, canonical: &Canonical) -> bool {
    let Pair { previous, next } = views;
    let site = Site { table: next.name.clone(), default_of: None };
    if thing == Thing::Index {
        let same = Same { canonical, site };
        both(&previous.indexes, &next.indexes, name).is_some_and(|(was, is)| same.index(was, is))
    } else {
        let triggers = both(&previous.triggers, &next.triggers, name);
        triggers.is_some_and(|(previous, next)| {
            same_trigger(&site.table, Pair { previous, next }, canonical)
        })
    }
}

fn both<'a, T>(
    previous: &'a BTreeMap<Ident, T>,
    next: &'a BTreeMap<Ident, T>,
    name: &str,
) -> Option<(&'a T, &'a T)> {
    let find = |items: &'a BTreeMap<Ident, T>| {
        items.iter().find(|(it, _)| it.as_str() == name).map(|(_, item)| item)
    };
    find(previous).zip(find(next))
}
