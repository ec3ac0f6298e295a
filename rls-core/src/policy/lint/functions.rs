//! Functions that run with more rights than their callers.

use std::collections::BTreeSet;

use super::registry::FUNCTION_SEARCH_PATH_MUTABLE;
use super::{Finding, Report, allow};
use crate::model::QualifiedName;
use crate::resolve::{Part, Resolved};

/// Looks at every declared function.
pub(super) fn look(resolved: &Resolved, all: &mut Vec<Finding>) {
    let declared = resolved.schema.functions.iter().filter(|(routine, _)| !routine.is_private());
    let names: BTreeSet<&QualifiedName> =
        declared.clone().map(|(routine, _)| &routine.name).collect();
    for name in names {
        let mut report = Report { table: name, findings: Vec::new() };
        for (routine, function) in declared.clone().filter(|(routine, _)| &routine.name == name) {
            let attributes = &function.attributes;
            if attributes.security_definer && !attributes.settings.contains_key("search_path") {
                report.add(
                    &FUNCTION_SEARCH_PATH_MUTABLE,
                    Part::Table,
                    format!("`{routine}` runs as its owner, and its caller says where its names are looked up"),
                    "write `set(search_path = \"\")` and name the schema of everything in the body",
                );
            }
        }
        allow(resolved.allowed.get(name).map_or(&[][..], Vec::as_slice), &mut report);
        all.append(&mut report.findings);
    }
}
