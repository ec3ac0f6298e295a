//! From the model back to Rust: declarations as source text, laid out as rustfmt would.
//!
//! ```text
//! Schema (what was read) ──declare──▶ Declared ──write──▶ src/schema.rs
//!                         names, recognise         table, policy, constraint, object
//! ```
//! What is written and then scanned is the declaration that it was written from: the grammar that reads
//! is in [`syntax`](crate::syntax), which this room does not know.

mod attribute;
mod beside;
mod constraint;
mod declare;
mod expression;
mod file;
mod function;
mod names;
mod object;
mod partition;
mod policy;
mod recognise;
mod rust_type;
mod table;
mod text;
mod trigger;
mod user_type;
mod view;

use std::collections::BTreeSet;

use crate::model::{DeclaredTable, DeclaredType};
use crate::resolve::Declared;
use file::File;
use names::Structs;

pub use declare::{Known, Names, Unsaid, declare, take_back_mistakes};
pub use recognise::{Words, default, predicate, value};

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
    let Declared { tables, sequences, types, functions, views } = declared;
    let mut file = File::default();
    let mut structs = Structs::of(tables);
    let types = every(types, tables);
    for declared in &types {
        let name = &declared.ty.name;
        file.types.insert(name.clone(), structs.called(name, "Type"));
    }
    let mut items = Vec::new();
    for declared in types {
        let rust_name = file.types.get(&declared.ty.name).cloned().unwrap_or_default();
        items.push(user_type::write(declared, &rust_name, &mut file));
    }
    for declared in sequences {
        let rust_name = structs.called(&declared.sequence.name, "Sequence");
        items.push(object::sequence(declared, &rust_name));
        file.import("rls_schema", "Sequence");
    }
    items.extend(tables.iter().map(|table| table::write(table, &mut file)));
    items.extend(function::write_all(functions, &mut structs, &mut file));
    items.extend(view::write_all(views, &mut structs, &mut file));
    let dependencies = file.dependencies();
    let mut text: String =
        preamble.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect();
    if !dependencies.is_empty() {
        text += "//!\n//! Needs, in Cargo.toml:\n//!\n//! ```toml\n";
        text.extend(dependencies.iter().map(|line| format!("//! {line}\n")));
        text += "//! ```\n";
    }
    text.push('\n');
    text += &file.uses();
    for item in items {
        text.push('\n');
        text += &item;
    }
    Source { text, dependencies }
}

/// Types, each once: those that tables bring along, and the others.
fn every<'a>(free: &'a [DeclaredType], tables: &'a [DeclaredTable]) -> Vec<&'a DeclaredType> {
    let all = tables.iter().flat_map(|table| &table.types).chain(free);
    let mut names = BTreeSet::new();
    all.filter(|declared| names.insert(&declared.ty.name)).collect()
}
