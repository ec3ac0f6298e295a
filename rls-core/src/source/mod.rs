//! From the model back to Rust: declarations as source text, laid out as rustfmt would.
//!
//! ```text
//! Schema (what was read) ──declare──▶ Declared ──write──▶ src/schema.rs
//!                         names, recognise         table, policy, constraint, object
//! ```
//! What is written and then scanned is the declaration that it was written from: the grammar that reads
//! is in [`syntax`](crate::syntax), which this room does not know.

mod attribute;
mod constraint;
mod declare;
mod expression;
mod names;
mod object;
mod partition;
mod policy;
mod recognise;
mod rust_type;
mod table;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::resolve::Declared;
use names::Structs;

pub use declare::{Known, Names, Unsaid, declare};
pub use recognise::{Words, default, predicate, value};

/// What a file needs besides the standard library: names by crate.
pub(crate) type Imports = BTreeMap<&'static str, BTreeSet<&'static str>>;

/// A file of declarations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The text.
    pub text: String,
    /// The crates that it names, besides `rls_schema`, as Cargo.toml lists them.
    pub dependencies: BTreeSet<&'static str>,
}

/// Writes declarations as one file, under a comment that `preamble` begins.
pub fn write(declared: &Declared, preamble: &str) -> Source {
    // Types are read as `sql_type` says them; functions are not discovered yet.
    let Declared { tables, sequences, types: _, functions: _, views: _ } = declared;
    let mut imports = Imports::new();
    let mut items = Vec::new();
    let mut structs = Structs::of(tables);
    for declared in sequences {
        let rust_name = structs.name(&declared.sequence.name);
        items.push(object::sequence(declared, &rust_name));
        import(&mut imports, "rls_schema", "Sequence");
    }
    for table in tables {
        items.push(table::write(table, &mut imports));
        import(&mut imports, "rls_schema", "Table");
    }
    let dependencies: BTreeSet<_> =
        imports.keys().filter_map(|name| rust_type::dependency(name)).collect();
    let mut text: String =
        preamble.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect();
    if !dependencies.is_empty() {
        text += "//!\n//! Needs, in Cargo.toml:\n//!\n//! ```toml\n";
        text.extend(dependencies.iter().map(|line| format!("//! {line}\n")));
        text += "//! ```\n";
    }
    text.push('\n');
    text += &uses(&imports);
    for item in items {
        text.push('\n');
        text += &item;
    }
    Source { text, dependencies }
}

fn import(imports: &mut Imports, from: &'static str, name: &'static str) {
    imports.entry(from).or_default().insert(name);
}

fn uses(imports: &Imports) -> String {
    let line = |(from, names): (&&str, &BTreeSet<&str>)| {
        let names: Vec<_> = names.iter().copied().collect();
        match names.as_slice() {
            [name] => format!("use {from}::{name};\n"),
            names => format!("use {from}::{{{}}};\n", names.join(", ")),
        }
    };
    imports.iter().map(line).collect()
}
