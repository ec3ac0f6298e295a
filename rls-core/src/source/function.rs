//! Functions and procedures as structs without fields.

use std::collections::BTreeMap;

use super::attribute::{self, Code, Item};
use super::file::File;
use super::names::{self, Structs};
use super::object::{documented, grant, owned, string};
use super::{expression, policy, text};
use crate::model::{
    Argument, ArgumentMode, Attributes, BaseType, Body, DeclaredFunction, Function, Ident,
    Parallel, PgType, QualifiedName, ReturnedColumn, Returns, Volatility, is_pseudo_type,
    snake_case,
};
use crate::render;

/// All of them. Several of one name are told from each other by what goes in.
pub(super) fn write_all(
    functions: &[DeclaredFunction],
    structs: &mut Structs,
    file: &mut File,
) -> Vec<String> {
    let mut of_name: BTreeMap<&QualifiedName, usize> = BTreeMap::new();
    for declared in functions {
        *of_name.entry(&declared.function.name).or_default() += 1;
    }
    let write = |declared: &DeclaredFunction| {
        let name = &declared.function.name;
        let routine = declared.function.routine();
        let arguments = of_name.get(name).is_some_and(|count| *count > 1);
        let arguments = if arguments { routine.arguments.as_slice() } else { &[] };
        write(declared, &structs.of_routine(name, arguments), file)
    };
    functions.iter().map(write).collect()
}

fn write(declared: &DeclaredFunction, rust_name: &str, file: &mut File) -> String {
    file.import("rls_schema", "Function");
    let DeclaredFunction { function, owner, grants, comment, allowed } = declared;
    let mut items = called(function, rust_name);
    items.extend(signature(function));
    items.extend(attributes(&function.attributes));
    items.extend(owner.as_ref().map(owned));
    items.extend(grants.iter().map(|granted| grant(granted, names::column)));
    items.extend(allowed.iter().map(policy::allow));
    let documentation = documented(comment.as_ref(), 0, &mut items);
    items.push(Item::Value("body", body(&function.body)));
    // rustfmt would move lines about in a list of literals: this is none then.
    if function.body.as_str().contains('\n') && attribute::is_known(&items) {
        items.insert(0, Item::Value("arguments", Code::array(Vec::new())));
    }
    let attributes = attribute::write(items, 0);
    format!("{documentation}#[derive(Function)]\n{attributes}pub struct {rust_name};\n")
}

/// What it is called and where it is. That it is a procedure is said with its name.
fn called(function: &Function, rust_name: &str) -> Vec<Item> {
    let name = &function.name;
    let own = name.name.as_str();
    let mut items = Vec::new();
    match function.returns {
        Returns::Procedure => items.push(string("procedure", own)),
        Returns::Value(_) | Returns::SetOf { .. } | Returns::Table { .. } => {
            items.extend((snake_case(rust_name) != own).then(|| string("function", own)));
        }
    }
    let schema = name.schema.as_str();
    items.extend((schema != "public").then(|| string("schema", schema)));
    items
}

/// What goes in and what comes out, as SQL says it.
fn signature(function: &Function) -> Vec<Item> {
    let mut items = Vec::new();
    if !function.arguments.is_empty() {
        let arguments =
            function.arguments.iter().map(|argument| text::literal(&self::argument(argument)));
        items.push(Item::Value("arguments", Code::array(arguments.collect())));
    }
    let returns = match &function.returns {
        Returns::Procedure => None,
        // What goes out among the arguments says it.
        Returns::Value(ty) if *ty == Returns::made_of(&function.arguments) => None,
        Returns::Value(ty) => Some(type_text(ty)),
        Returns::SetOf { set_of } => Some(format!("setof {}", type_text(set_of))),
        Returns::Table { table } => {
            let column = |ReturnedColumn { name, ty }: &ReturnedColumn| {
                format!("{} {}", render::ident(name), type_text(ty))
            };
            Some(format!("table({})", table.iter().map(column).collect::<Vec<_>>().join(", ")))
        }
    };
    items.extend(returns.map(|returns| string("returns", &returns)));
    items
}

fn argument(Argument { name, ty, mode, default }: &Argument) -> String {
    let mode = match mode {
        ArgumentMode::In => None,
        ArgumentMode::Out => Some("OUT".to_owned()),
        ArgumentMode::InOut => Some("INOUT".to_owned()),
        ArgumentMode::Variadic => Some("VARIADIC".to_owned()),
    };
    let default = default.as_ref().map(|sql| format!("DEFAULT {}", sql.as_str().trim()));
    let name = name.as_ref().map(render::ident);
    let words = mode.into_iter().chain(name).chain([type_text(ty)]).chain(default);
    words.collect::<Vec<_>>().join(" ")
}

/// Types that only functions have go by their names alone.
fn type_text(ty: &PgType) -> String {
    match &ty.base {
        BaseType::Named(name) if is_pseudo_type(ty) => name.name.as_str().to_owned(),
        _ => ty.to_string(),
    }
}

/// How it runs, where that is not as Postgres has it.
fn attributes(attributes: &Attributes) -> Vec<Item> {
    let Attributes {
        language,
        volatility,
        parallel,
        strict,
        security_definer,
        leakproof,
        cost,
        rows,
        settings,
    } = attributes;
    let word = |key, word: &'static str| Item::Value(key, Code::other(word));
    let mut items = Vec::new();
    items.extend((language.as_str() != "sql").then(|| string("language", language.as_str())));
    items.extend(match volatility {
        Volatility::Immutable => Some(word("volatility", "immutable")),
        Volatility::Stable => Some(word("volatility", "stable")),
        Volatility::Volatile => None,
    });
    items.extend(match parallel {
        Parallel::Safe => Some(word("parallel", "safe")),
        Parallel::Restricted => Some(word("parallel", "restricted")),
        Parallel::Unsafe => None,
    });
    let flags =
        [("strict", strict), ("security_definer", security_definer), ("leakproof", leakproof)];
    items.extend(flags.into_iter().filter(|(_, is)| **is).map(|(flag, _)| Item::Flag(flag)));
    for (key, number) in [("cost", cost), ("rows", rows)] {
        items.extend(number.map(|number| Item::Value(key, Code::literal(number.to_string()))));
    }
    if !settings.is_empty() {
        let settings = settings.iter().map(|(name, values)| setting(name, values));
        items.push(Item::List("set", settings.collect()));
    }
    items
}

/// `search_path = "public, pg_temp"`, `app::user = "nobody"`
fn setting(name: &str, values: &[String]) -> Item {
    let path: Vec<_> = name.split('.').map(names::code).collect();
    let value = match (name, values) {
        ("search_path", [empty]) if empty.is_empty() => String::new(),
        ("search_path", schemas) => {
            schemas.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
        }
        (_, values) => values.join(", "),
    };
    Item::Bare(Code::literal(format!("{} = {}", path.join("::"), text::literal(&value))))
}

/// A schema in a path. Names are read there as everywhere else in SQL.
fn quoted(name: &str) -> String {
    Ident::new(name).map_or_else(|_| "\"\"".to_owned(), |name| render::ident(&name))
}

/// Whether the names of its settings are names in Rust too.
pub(super) fn can_be_said(function: &Function) -> bool {
    let word = |word: &str| {
        let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        begins
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !names::NEVER.contains(&word)
    };
    function.attributes.settings.keys().all(|name| name.split('.').all(word))
}

fn body(body: &Body) -> Code {
    match body {
        Body::Text(body) => Code::literal(text::block(body)),
        Body::Standard { standard } => Code::other(expression::raw(standard.as_str())),
    }
}
