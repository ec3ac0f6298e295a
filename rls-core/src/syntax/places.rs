//! From a scan to a schema, and from mistakes to their places.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use super::scan::{Scan, ScannedType, SourceError};
use crate::Place;
use crate::model::{QualifiedName, Schema};
use crate::provider::Settings;
use crate::resolve::{Declared, Part, Resolved, resolve};

impl Scan {
    /// Puts the tables together.
    ///
    /// # Errors
    /// Every mistake, those found while reading first.
    pub fn schema(self, settings: &Settings) -> Result<Schema, Vec<SourceError>> {
        Ok(self.resolve(settings)?.schema)
    }

    /// Puts the tables together and keeps the account of how each policy came about.
    ///
    /// # Errors
    /// Every mistake, those found while reading first.
    pub fn resolve(&self, settings: &Settings) -> Result<Resolved, Vec<SourceError>> {
        let mut errors = self.errors.clone();
        let declared = Declared {
            tables: self.tables.iter().map(|scanned| scanned.table.clone()).collect(),
            sequences: self.sequences.iter().map(|scanned| scanned.declared.clone()).collect(),
            types: self
                .types
                .iter()
                .flat_map(|scanned| scanned.typed.iter().flat_map(|typed| typed.types.clone()))
                .collect(),
            functions: self.functions.iter().map(|scanned| scanned.declared.clone()).collect(),
            views: self.views.iter().map(|scanned| scanned.declared.clone()).collect(),
        };
        match resolve(declared, settings) {
            Ok(resolved) if errors.is_empty() => return Ok(resolved),
            Ok(_) => {}
            Err(found) => errors.extend(found.0.into_iter().map(|error| {
                let (path, range) = self.place(&error.table, &error.part);
                source_error(&self.sources, path, range, error.message, error.help)
            })),
        }
        errors.sort_by_key(|error| (error.path.clone(), error.range.start));
        // One expression may stand in several policies.
        errors.dedup();
        Err(errors)
    }

    /// Where a part of a table stands: the file and the bytes.
    pub fn place(&self, table: &QualifiedName, part: &Part) -> (PathBuf, Range<usize>) {
        // The last of several with one name is the one at fault.
        let mut same = self.tables.iter().rev();
        let scanned = same.find(|scanned| &scanned.table.table.name == table);
        let place = scanned.and_then(|scanned| {
            let place = scanned.places.get(part).or(scanned.places.get(&Part::Table))?;
            Some((scanned.path.clone(), place.clone()))
        });
        let named = |scanned: &&ScannedType| {
            let own = scanned.typed.as_ref().and_then(|typed| typed.types.last());
            own.is_some_and(|own| &own.ty.name == table)
        };
        let ty = self.types.iter().rev().find(named);
        let ty = ty.map(|scanned| (scanned.path.clone(), scanned.range.clone()));
        let mut sequences = self.sequences.iter().rev();
        let sequence = sequences.find(|scanned| &scanned.declared.sequence.name == table);
        let sequence = sequence.map(|scanned| (scanned.path.clone(), scanned.range.clone()));
        let mut functions = self.functions.iter().rev();
        let function = functions.find(|scanned| &scanned.declared.function.name == table);
        let function = function.map(|scanned| (scanned.path.clone(), scanned.range.clone()));
        let view = self.views.iter().rev().find(|scanned| &scanned.declared.view.name == table);
        let view = view.map(|scanned| (scanned.path.clone(), scanned.range.clone()));
        place.or(sequence).or(ty).or(function).or(view).unwrap_or_default()
    }
}

pub(super) fn source_error(
    sources: &BTreeMap<PathBuf, String>,
    path: PathBuf,
    range: Range<usize>,
    message: String,
    help: Option<String>,
) -> SourceError {
    let text = sources.get(&path).map_or("", String::as_str);
    let Place { line, column } = Place::of(text, range.start);
    SourceError { path, range, line, column, message, help }
}
