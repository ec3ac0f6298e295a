//! What stands beside tables: sequences, functions, partitions and comments.

use std::collections::BTreeMap;

use super::views::{self, Views};
use super::{Part, ResolveError, Tables};
use crate::model::{
    AllowedLint, Commented, DeclaredFunction, DeclaredSequence, DeclaredTable, DeclaredView, Ident,
    Partitioning, QualifiedName, Routine, Schema,
};
use crate::provider::Settings;

/// What is declared beside tables.
pub(super) struct Objects {
    pub(super) sequences: Vec<DeclaredSequence>,
    pub(super) functions: BTreeMap<Routine, DeclaredFunction>,
    pub(super) views: Views,
}

impl Objects {
    pub(super) fn new(
        sequences: Vec<DeclaredSequence>,
        functions: Vec<DeclaredFunction>,
        views: Vec<DeclaredView>,
        errors: &mut Vec<ResolveError>,
    ) -> Self {
        let mut by_routine = BTreeMap::new();
        for declared in functions {
            let routine = declared.function.routine();
            if by_routine.insert(routine.clone(), declared).is_some() {
                errors.push(ResolveError {
                    message: format!("the function `{routine}` is declared twice"),
                    help: Some("give one of the two another name, or other arguments".to_owned()),
                    table: routine.name,
                    part: Part::Table,
                });
            }
        }
        Objects { sequences, functions: by_routine, views: views::by_name(views, errors) }
    }

    /// What is accepted, by name.
    pub(super) fn allowed(&self) -> BTreeMap<QualifiedName, Vec<AllowedLint>> {
        let mut allowed: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (routine, declared) in &self.functions {
            allowed.entry(routine.name.clone()).or_default().extend(declared.allowed.clone());
        }
        for (name, declared) in &self.views {
            allowed.entry(name.clone()).or_default().extend(declared.allowed.clone());
        }
        allowed
    }
}

/// Adds them to the schema that the tables make.
pub(super) fn add(tables: &Tables, objects: &Objects, settings: &Settings, schema: &mut Schema) {
    let free = &objects.sequences;
    let own = tables.values().flat_map(|declared| &declared.sequences);
    for sequence in own.chain(free.iter().map(|declared| &declared.sequence)) {
        schema.namespaces.insert(sequence.name.schema.clone());
        schema.sequences.insert(sequence.name.clone(), sequence.as_kept());
    }
    for (routine, declared) in &objects.functions {
        schema.namespaces.insert(routine.name.schema.clone());
        schema.functions.insert(routine.clone(), declared.function.as_kept());
    }
    if settings.comments {
        let of_tables = tables.values().flat_map(|declared| declared.comments.clone());
        let of_sequences =
            free.iter().filter_map(|DeclaredSequence { sequence, comment, .. }| {
                Some((Commented::Sequence(sequence.name.clone()), comment.clone()?))
            });
        let of_functions = objects.functions.iter().filter_map(|(routine, declared)| {
            Some((Commented::Function(routine.clone()), declared.comment.clone()?))
        });
        let of_schemas = settings.schemas.iter().filter_map(|(name, declared)| {
            Some((Commented::Schema(name.clone()), declared.comment.clone()?))
        });
        schema.comments.extend(of_schemas);
        schema.comments.extend(of_tables.chain(of_sequences).chain(of_functions));
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
