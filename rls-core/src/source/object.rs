//! Declarations that are no tables, and privileges.

use std::collections::BTreeSet;

use super::attribute::{self, Code, Item};
use super::{constraint, names, policy, text};
use crate::model::{
    BaseType, DeclaredGrant, DeclaredSequence, Ident, Privilege, QualifiedName, SequenceOptions,
    snake_case,
};

/// `#[derive(Sequence)] pub struct OrderNumber;`
pub(super) fn sequence(declared: &DeclaredSequence, rust_name: &str) -> String {
    let DeclaredSequence { sequence, comment, owner, grants } = declared;
    let mut items = called("sequence", &sequence.name, rust_name);
    if sequence.ty.base != BaseType::BigInt {
        items.push(string("sql_type", &sequence.ty.to_string()));
    }
    items.extend(counting(&sequence.options));
    if let Some(owner) = &sequence.owner {
        let columns = std::slice::from_ref(&owner.column);
        let target = constraint::target(&owner.table, columns, &sequence.name.schema);
        items.push(Item::Value("owned_by", target.into_other()));
    }
    items.extend(owner.as_ref().map(owned));
    items.extend(grants.iter().map(|granted| grant(granted, names::column)));
    let documentation = documented(comment.as_ref(), 0, &mut items);
    let attributes = attribute::write(items, 0);
    format!("{documentation}#[derive(Sequence)]\n{attributes}pub struct {rust_name};\n")
}

/// `owner = app_owner`
pub(super) fn owned(owner: &Ident) -> Item {
    let code = names::path_or_string(owner.as_str());
    let literal = code.ends_with('"') || code.ends_with('#');
    Item::Value("owner", if literal { Code::literal(code) } else { Code::other(code) })
}

/// What an object is called, and where it is, as far as its struct does not say that.
pub(super) fn called(key: &'static str, name: &QualifiedName, rust_name: &str) -> Vec<Item> {
    let mut items = Vec::new();
    if snake_case(rust_name) != name.name.as_str() {
        items.push(string(key, name.name.as_str()));
    }
    if name.schema.as_str() != "public" {
        items.push(string("schema", name.schema.as_str()));
    }
    items
}

/// `key = ".."`
pub(super) fn string(key: &'static str, value: &str) -> Item {
    Item::Value(key, Code::literal(text::literal(value)))
}

/// A comment as documentation, or where that cannot say it among the items.
pub(super) fn documented(comment: Option<&String>, indent: usize, items: &mut Vec<Item>) -> String {
    let Some(comment) = comment else { return String::new() };
    text::documentation(comment, indent).unwrap_or_else(|| {
        items.push(string("comment", comment));
        String::new()
    })
}

/// A field of a struct, on two lines where one is too long.
pub(super) fn field(name: &str, ty: &str) -> String {
    let (name, line) = (names::code(name), format!("    pub {}: {ty},", names::code(name)));
    if attribute::fits(&line, 0) {
        line + "\n"
    } else {
        format!("    pub {name}:\n        {ty},\n")
    }
}

/// How something counts, as far as that is said.
pub(super) fn counting(options: &SequenceOptions) -> Vec<Item> {
    let SequenceOptions { start, increment, min, max, cache, cycle } = options;
    let numbers =
        [("start", start), ("increment", increment), ("min", min), ("max", max), ("cache", cache)];
    let number = |(key, value): (&'static str, &Option<i64>)| {
        let value = (*value)?;
        let code = value.to_string();
        Some(Item::Value(key, if value < 0 { Code::other(code) } else { Code::literal(code) }))
    };
    let mut items: Vec<_> = numbers.into_iter().filter_map(number).collect();
    items.extend(cycle.then_some(Item::Flag("cycle")));
    items
}

/// `force`, or `force = false`.
pub(super) fn switch(key: &'static str, on: bool) -> Item {
    if on { Item::Flag(key) } else { Item::Value(key, Code::literal("false")) }
}

/// `grant(role = authenticated, privileges = [select, insert])`; `field` is how a column is called.
pub(super) fn grant(declared: &DeclaredGrant, field: impl Fn(&Ident) -> String) -> Item {
    let DeclaredGrant { roles, privileges, columns, grantable } = declared;
    let mut items = vec![
        Item::Value("role", policy::role_code(roles)),
        Item::Value("privileges", privileges_code(privileges)),
    ];
    if !columns.is_empty() {
        items.push(Item::Value("columns", Code::array(columns.iter().map(field).collect())));
    }
    items.extend(grantable.then_some(Item::Flag("grantable")));
    Item::List("grant", items)
}

fn privileges_code(privileges: &BTreeSet<Privilege>) -> Code {
    let words = privileges.iter().map(|privilege| privilege.word());
    match words.collect::<Vec<_>>().as_slice() {
        [one] => Code::other(*one),
        several => Code::array(several.iter().map(|word| (*word).to_owned()).collect()),
    }
}
