//! Differences in extensions and schemas. Both may serve others: they are created, and never dropped.

use super::{Change, Pair};
use crate::model::Schema;

/// The changes, where an extension is to be in a schema that is said, or in any.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    for name in &next.extensions {
        let schema = next.extension_schemas.get(name);
        let there = previous.extension_schemas.get(name);
        if !previous.extensions.contains(name) {
            changes.push(Change::CreateExtension { name: name.clone(), schema: schema.cloned() });
        } else if let Some(to) = schema.filter(|schema| there != Some(schema)) {
            changes.push(Change::MoveExtension {
                name: name.clone(),
                from: there.cloned(),
                to: to.clone(),
            });
        }
    }
    let holding = next.namespaces.iter().chain(next.extension_schemas.values());
    let mut missing: Vec<_> =
        holding.filter(|name| !previous.namespaces.contains(name)).cloned().collect();
    missing.sort();
    missing.dedup();
    changes.extend(missing.into_iter().map(Change::CreateNamespace));
}
