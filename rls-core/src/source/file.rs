//! What the declarations of one file share: what they import, and what the types among them are called.

use std::collections::{BTreeMap, BTreeSet};

use super::rust_type;
use crate::model::QualifiedName;

/// A file while it is being written.
#[derive(Default)]
pub(super) struct File {
    /// Names besides those of the standard library, by crate.
    imports: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Enums, domains and composite types by what they are called in Rust.
    pub(super) types: BTreeMap<QualifiedName, String>,
}

impl File {
    pub(super) fn import(&mut self, from: &'static str, name: &'static str) {
        self.imports.entry(from).or_default().insert(name);
    }

    /// The lines that begin it.
    pub(super) fn uses(&self) -> String {
        let line = |(from, names): (&&str, &BTreeSet<&str>)| {
            let names: Vec<_> = names.iter().copied().collect();
            match names.as_slice() {
                [name] => format!("use {from}::{name};\n"),
                names => format!("use {from}::{{{}}};\n", names.join(", ")),
            }
        };
        self.imports.iter().map(line).collect()
    }

    /// The lines of Cargo.toml for the crates that are imported.
    pub(super) fn dependencies(&self) -> BTreeSet<&'static str> {
        self.imports.keys().filter_map(|name| rust_type::dependency(name)).collect()
    }
}
