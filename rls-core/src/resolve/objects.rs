//! What stands beside tables: sequences, partitions and comments.

use std::collections::BTreeMap;

use super::{Part, ResolveError, Tables};
use crate::model::{
    Commented, DeclaredSequence, DeclaredTable, Ident, Ownership, Partitioning, QualifiedName,
    Schema,
};
use crate::provider::Settings;

/// Adds them to the schema that the tables make.
pub(super) fn add(
    tables: &Tables,
    free: &[DeclaredSequence],
    settings: &Settings,
    schema: &mut Schema,
) {
    let own = tables.values().flat_map(|declared| &declared.sequences);
    for sequence in own.chain(free.iter().map(|declared| &declared.sequence)) {
        schema.namespaces.insert(sequence.name.schema.clone());
        schema.sequences.insert(sequence.name.clone(), sequence.as_kept());
    }
    if settings.comments {
        let of_tables = tables.values().flat_map(|declared| declared.comments.clone());
        let of_sequences =
            free.iter().filter_map(|DeclaredSequence { sequence, comment, grants: _ }| {
                Some((Commented::Sequence(sequence.name.clone()), comment.clone()?))
            });
        schema.comments.extend(of_tables.chain(of_sequences));
    }
}

/// Sequences share one name space with tables.
pub(super) fn sequence_names(
    tables: &Tables,
    free: &[DeclaredSequence],
    taken: &mut BTreeMap<QualifiedName, String>,
    errors: &mut Vec<ResolveError>,
) {
    let own = tables.values().flat_map(|declared| {
        declared.sequences.iter().map(|sequence| (&declared.table.name, &sequence.name))
    });
    let free = free.iter().map(|declared| (&declared.sequence.name, &declared.sequence.name));
    for (table, name) in own.chain(free) {
        if let Some(other) = taken.insert(name.clone(), format!("the sequence `{name}`")) {
            errors.push(ResolveError {
                table: table.clone(),
                part: Part::Table,
                message: format!("its sequence would be called `{name}`, as {other} already is"),
                help: Some("give one of the two another name".to_owned()),
            });
        }
    }
}

/// The schemas that a table and its partitions are in.
pub(super) fn schemas(declared: &DeclaredTable) -> impl Iterator<Item = Ident> {
    let partitions = declared.table.partitioning.iter().flat_map(Partitioning::all);
    let of_partitions = partitions.map(|partition| partition.name.schema.clone());
    std::iter::once(declared.table.name.schema.clone()).chain(of_partitions)
}

/// Partitions are tables, and share their name space.
pub(super) fn partition_names(
    tables: &Tables,
    taken: &mut BTreeMap<QualifiedName, String>,
    errors: &mut Vec<ResolveError>,
) {
    for DeclaredTable { table, .. } in tables.values() {
        for partition in table.partitioning.iter().flat_map(Partitioning::all) {
            let this = format!("the partition `{}` of `{}`", partition.name, table.name);
            if let Some(other) = taken.insert(partition.name.clone(), this) {
                errors.push(ResolveError {
                    table: table.name.clone(),
                    part: Part::Table,
                    message: format!(
                        "its partition would be called `{}`, as {other} already is",
                        partition.name
                    ),
                    help: Some("give one of the two another name".to_owned()),
                });
            }
        }
    }
}

/// Everything that rls.toml gives to one owner. A sequence that belongs to a column goes with its
/// table.
pub(super) fn own(settings: &Settings, schema: &mut Schema) {
    let Some(owner) = &settings.owner else { return };
    let tables = schema.tables.values().flat_map(|table| {
        let partitions = table.partitioning.iter().flat_map(|it| it.all());
        partitions.map(|partition| &partition.name).chain([&table.name])
    });
    let free = schema.sequences.values().filter(|sequence| sequence.owner.is_none());
    let relations = tables.chain(free.map(|sequence| &sequence.name)).cloned();
    let owned = |relation| Ownership { relation, owner: owner.clone() };
    schema.owners = relations.map(owned).collect();
}
