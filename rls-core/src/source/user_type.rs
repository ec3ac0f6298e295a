//! Enums, domains and composite types as Rust types.

use super::attribute::{self, Code, Item};
use super::file::File;
use super::object::{called, documented, field, owned, string};
use super::{expression, names, rust_type};
use crate::model::{
    Attribute, CASES, Case, Commented, Composite, DeclaredType, Domain, EnumType, Ident, TypeForm,
};

/// The enum or the struct, under its attributes.
pub(super) fn write(declared: &DeclaredType, rust_name: &str, file: &mut File) -> String {
    match &declared.ty.form {
        TypeForm::Enum(values) => enumeration(declared, values, rust_name, file),
        TypeForm::Domain(domain) => self::domain(declared, domain, rust_name, file),
        TypeForm::Composite(composite) => self::composite(declared, composite, rust_name, file),
    }
}

fn enumeration(
    declared: &DeclaredType,
    EnumType { values }: &EnumType,
    rust_name: &str,
    file: &mut File,
) -> String {
    file.import("rls_schema", "PgEnum");
    let variants = names::variants(values);
    let (case_name, case) = case(values, &variants);
    let mut items = called("name", &declared.ty.name, rust_name);
    items.extend((case != Case::Snake).then(|| string("rename_all", case_name)));
    let lines = values.iter().zip(&variants).map(|(value, variant)| {
        let said = (case.of(variant) != *value).then(|| string("value", value));
        format!("{}    {variant},\n", attribute::write(said.into_iter().collect(), 4))
    });
    let lines = lines.collect::<String>();
    format!("{}pub enum {rust_name} {}\n", head("PgEnum", declared, items), braces(&lines))
}

/// The way that says the most values; of several the first, which goes without saying.
fn case(values: &[String], variants: &[String]) -> (&'static str, Case) {
    let said = |case: Case| {
        let pairs = values.iter().zip(variants);
        pairs.filter(|(value, variant)| case.of(variant) == **value).count()
    };
    CASES.into_iter().rev().max_by_key(|(_, case)| said(*case)).unwrap_or(CASES[0])
}

fn domain(
    declared: &DeclaredType,
    Domain { base, collation, not_null, default, checks }: &Domain,
    rust_name: &str,
    file: &mut File,
) -> String {
    file.import("rls_schema", "PgType");
    let name = &declared.ty.name;
    let mut items = form("domain", declared, rust_name);
    let inner = rust_type::of(base, false, file);
    items.extend((!inner.exact).then(|| string("sql_type", &base.to_string())));
    let named = collation.as_ref().map(names::of_catalog);
    items.extend(named.map(|named| Item::Value("collation", Code::literal(named))));
    items.extend(not_null.then_some(Item::Flag("not_null")));
    items.extend(default.as_ref().map(|it| Item::Value("default", expression::code(it))));
    // One without a name takes the usual one, so it comes first.
    let usual = Ident::shortened(&format!("{}_check", name.name)).ok();
    let (unnamed, named): (Vec<_>, Vec<_>) =
        checks.iter().partition(|(own, check)| usual.as_ref() == Some(own) && !check.not_valid);
    for (own, check) in unnamed.into_iter().chain(named) {
        let code = expression::code(&check.expr);
        items.push(match usual.as_ref() == Some(own) && !check.not_valid {
            true => Item::Value("check", code),
            false => {
                let mut said = vec![string("name", own.as_str()), Item::Value("expr", code)];
                said.extend(check.not_valid.then_some(Item::Flag("not_valid")));
                Item::List("check", said)
            }
        });
    }
    let head = head("PgType", declared, items);
    let line = format!("pub struct {rust_name}(pub {});", inner.text);
    match attribute::fits(&line, 0) {
        true => format!("{head}{line}\n"),
        false => format!("{head}pub struct {rust_name}(\n    pub {},\n);\n", inner.text),
    }
}

fn composite(
    declared: &DeclaredType,
    Composite { attributes }: &Composite,
    rust_name: &str,
    file: &mut File,
) -> String {
    file.import("rls_schema", "PgType");
    let items = form("composite", declared, rust_name);
    let own: Vec<_> = attributes.iter().map(|attribute| &attribute.name).collect();
    let mut lines = String::new();
    for (Attribute { name, ty, collation }, field) in attributes.iter().zip(names::fields(&own)) {
        let mut items = Vec::new();
        items.extend((name.as_str() != field).then(|| string("name", name.as_str())));
        let rust = rust_type::of(ty, true, file);
        items.extend((!rust.exact).then(|| string("sql_type", &ty.to_string())));
        let sorted = collation.as_ref().map(names::of_catalog);
        items.extend(sorted.map(|sorted| Item::Value("collation", Code::literal(sorted))));
        let on = Commented::Column(declared.ty.name.clone(), name.clone());
        let documentation = documented(declared.comments.get(&on), 4, &mut items);
        lines += &documentation;
        lines += &attribute::write(items, 4);
        lines += &self::field(&field, &rust.text);
    }
    format!("{}pub struct {rust_name} {}\n", head("PgType", declared, items), braces(&lines))
}

/// `domain`, or `domain = ".."` where the struct does not say the name.
fn form(key: &'static str, declared: &DeclaredType, rust_name: &str) -> Vec<Item> {
    let mut items = called(key, &declared.ty.name, rust_name);
    if !items.iter().any(|item| matches!(item, Item::Value(said, _) if *said == key)) {
        items.insert(0, Item::Flag(key));
    }
    items
}

/// Documentation, derive and attributes.
fn head(derive: &str, declared: &DeclaredType, mut items: Vec<Item>) -> String {
    items.extend(declared.owner.as_ref().map(owned));
    let comment = declared.comments.get(&Commented::Type(declared.ty.name.clone()));
    let documentation = documented(comment, 0, &mut items);
    format!("{documentation}#[derive({derive})]\n{}", attribute::write(items, 0))
}

fn braces(lines: &str) -> String {
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{lines}}}") }
}
