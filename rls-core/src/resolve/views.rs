//! Views: each name has one meaning, and what they add to the schema that the tables make.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Part, ResolveError};
use crate::model::{DeclaredView, Grant, GrantObject, QualifiedName, Schema};
use crate::provider::{Grants, Settings};

pub(super) type Views = BTreeMap<QualifiedName, DeclaredView>;

/// The views by name.
pub(super) fn by_name(declared: Vec<DeclaredView>, errors: &mut Vec<ResolveError>) -> Views {
    let mut named = Views::new();
    for declared in declared {
        let name = declared.view.name.clone();
        match named.entry(name.clone()) {
            Entry::Vacant(place) => {
                place.insert(declared);
            }
            Entry::Occupied(_) => errors.push(ResolveError {
                message: format!("view `{name}` is declared twice"),
                help: Some("give one of the two another name with `view = \"..\"`".to_owned()),
                table: name,
                part: Part::Table,
            }),
        }
    }
    named
}

/// Views and their indexes share one name space with tables.
pub(super) fn names(
    views: &Views,
    taken: &mut BTreeMap<QualifiedName, String>,
    errors: &mut Vec<ResolveError>,
) {
    for (name, DeclaredView { view, .. }) in views {
        let indexes = view.indexes.keys().map(|index| {
            let full = QualifiedName::new(name.schema.clone(), index.clone());
            (full, "its index", format!("the index `{index}` of the view `{name}`"))
        });
        let own = (name.clone(), "it", format!("the view `{name}`"));
        for (full, what, this) in std::iter::once(own).chain(indexes) {
            let message = format!("{what} would be called `{full}`, as ");
            if let Some(other) = taken.insert(full, this) {
                errors.push(ResolveError {
                    table: name.clone(),
                    part: Part::Table,
                    message: format!("{message}{other} already is"),
                    help: Some("give one of the two another name".to_owned()),
                });
            }
        }
    }
}

/// Adds the views, with what reaching them takes; what is granted on them by name is added with all
/// else that is.
pub(super) fn add(views: &Views, settings: &Settings, schema: &mut Schema) {
    for (name, declared) in views {
        schema.namespaces.insert(name.schema.clone());
        schema.views.insert(name.clone(), declared.view.as_kept());
        if settings.comments {
            schema.comments.extend(declared.comments.clone());
        }
        let object = GrantObject::Table(name.clone());
        // GRANT … ON ALL TABLES reaches views too.
        let all = GrantObject::AllTables(name.schema.clone());
        let reached = schema.grants.iter().filter(|grant| grant.object == all);
        let reached = reached.map(|grant| Grant { object: object.clone(), ..grant.clone() });
        let reached: Vec<_> = reached.collect();
        schema.grants.extend(reached);
        if settings.grants != Grants::Declared {
            let holders = declared.grants.iter().flat_map(|grant| &grant.roles);
            schema.grants.extend(holders.map(|grantee| Grant::usage(&name.schema, grantee)));
        }
    }
}
