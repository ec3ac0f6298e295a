//! `#[derive(Function)]` on a unit struct: a function or a procedure.

use std::collections::BTreeMap;

use syn::ext::IdentExt;
use syn::{DeriveInput, Expr, ExprLit, Lit, LitStr, Meta};

use super::attr::{self, Item, quoted, sql_literal, string_literal};
use super::constraint::Read;
use super::decl::plain_name;
use super::grant::{self, GrantedOn};
use super::owner::owner;
use super::{Ctxt, comment, object, policy, signature};
use crate::lex::{self, TokenKind};
use crate::model::{
    Argument, ArgumentMode, Attributes, Body, DeclaredFunction, Function, Ident, Parallel, Returns,
    Sql, Volatility,
};
use crate::resolve::nearest;

const KEYS: &[&str] = &[
    "function",
    "procedure",
    "schema",
    "arguments",
    "returns",
    "language",
    "volatility",
    "parallel",
    "strict",
    "security_definer",
    "leakproof",
    "cost",
    "rows",
    "set",
    "body",
    "grant",
    "allow",
    "comment",
    "owner",
];

/// Reads a struct with `#[derive(Function)]`. Mistakes go to `ctxt`.
pub fn lower_function(input: &DeriveInput, ctxt: &Ctxt) -> Option<DeclaredFunction> {
    if !object::is_unit(input, "a function", ctxt) {
        return None;
    }
    let before = ctxt.count();
    let items = attr::items(&input.attrs, KEYS, &["grant", "allow"], ctxt);
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    let name = read.find("function").or(read.find("procedure"));
    let name = object::called(input, name, read.find("schema"), ctxt)?;
    let texts = strings(&read, "arguments");
    let mut arguments: Vec<Argument> = Vec::new();
    for text in &texts {
        let Some(argument) = signature::argument(text, ctxt) else { continue };
        let goes_in = argument.mode != ArgumentMode::Out;
        let before = arguments.iter().any(|argument| argument.default.is_some());
        if before && goes_in && argument.default.is_none() {
            let help = "write `DEFAULT ..` behind it";
            ctxt.error_help(text, "one before it has a default, so this needs one too", help);
        }
        arguments.push(argument);
    }
    let told = read.find("returns").and_then(|item| item.string(ctxt));
    let returns = match read.find("procedure") {
        None => signature::returns(told.as_ref(), &arguments, ctxt),
        Some(_) => Some(Returns::Procedure),
    };
    if let (Some(_), Some(item)) = (read.find("procedure"), read.find("returns")) {
        ctxt.error(&item.meta, "a procedure returns nothing");
    }
    let body = body(&read, &input.ident);
    let attributes = attributes(&read);
    let allowed = policy::allowed(&items, ctxt);
    let grants = grant::whole(&items, GrantedOn::Function, ctxt);
    let comment = comment::comment(&input.attrs, read.find("comment"), ctxt);
    let owner = read.find("owner").and_then(|item| owner(item, ctxt));
    let function =
        Function { name, arguments, returns: returns?, attributes: attributes?, body: body? };
    suits_its_language(&function, &read);
    let function = function.as_kept();
    let declared = DeclaredFunction { function, owner, grants, comment, allowed };
    (ctxt.count() == before).then_some(declared)
}

/// `body = ".."`, text of the language, or `body = sql("RETURN ..")`, which Postgres reads at once.
fn body(read: &Read<'_>, at: &syn::Ident) -> Option<Body> {
    const HELP: &str = "write `body = \"..\"`, or `body = sql(\"RETURN ..\")`";
    let Some(item) = read.find("body") else {
        if read.complete {
            read.ctxt.error_help(at, "a function has a `body`", HELP);
        }
        return None;
    };
    let value = item.value(read.ctxt)?;
    match (sql_literal(value), string_literal(value)) {
        (Some(text), _) => standard_body(text, read.ctxt),
        (None, Some(text)) if text.value().contains('\0') => {
            read.ctxt.error(text, "SQL cannot contain a NUL byte");
            None
        }
        (None, Some(text)) => Some(Body::Text(text.value())),
        (None, None) => {
            read.ctxt.error_help(value, "this is no body", HELP);
            None
        }
    }
}

/// One that ends where it seems to: nothing stands behind it.
fn standard_body(text: &LitStr, ctxt: &Ctxt) -> Option<Body> {
    let value = text.value();
    // Semicolons in a body are known for what they are behind the head of a function only.
    const HEAD: &str = "CREATE FUNCTION f() ";
    // What follows in a file must not become a part of it.
    const NEXT: &str = "SELECT";
    let whole = format!("{HEAD}{value}\n;{NEXT}");
    let statements = lex::statements(&whole).map_err(|error| ctxt.error(text, error.to_string()));
    let statements = statements.ok()?;
    let tokens = lex::tokens(&value).ok()?;
    let word = tokens.first().and_then(|token| token.kind.word());
    match (statements.as_slice(), word) {
        ([one, next], Some("return" | "begin")) if whole[next.range.clone()] == *NEXT => {
            let standard = Sql::new(whole[HEAD.len()..one.range.end].trim_start());
            Some(Body::Standard { standard })
        }
        _ => {
            let help = "write `RETURN expression` or `BEGIN ATOMIC statement; .. END`";
            ctxt.error_help(text, "this is no body that Postgres reads at once", help);
            None
        }
    }
}

fn attributes(read: &Read<'_>) -> Option<Attributes> {
    let language = match read.find("language") {
        Some(item) => item.name(read.ctxt)?,
        None => Ident::literal("sql"),
    };
    Some(Attributes {
        volatility: one_of(
            read,
            "volatility",
            &[
                ("immutable", Volatility::Immutable),
                ("stable", Volatility::Stable),
                ("volatile", Volatility::Volatile),
            ],
        )?,
        parallel: one_of(
            read,
            "parallel",
            &[
                ("safe", Parallel::Safe),
                ("restricted", Parallel::Restricted),
                ("unsafe", Parallel::Unsafe),
            ],
        )?,
        strict: read.switch("strict"),
        security_definer: read.switch("security_definer"),
        leakproof: read.switch("leakproof"),
        cost: number(read, "cost"),
        rows: number(read, "rows"),
        settings: settings(read),
        ..Attributes::of(language)
    })
}

/// A word of a list; what goes without saying is the default.
fn one_of<T: Copy + Default>(read: &Read<'_>, key: &str, known: &[(&str, T)]) -> Option<T> {
    let Some(item) = read.find(key) else { return Some(T::default()) };
    let value = item.value(read.ctxt)?;
    // `unsafe` is a word of Rust's own.
    let name = plain_name(value).unwrap_or_default();
    let found = known.iter().find(|(word, _)| *word == name);
    if found.is_none() {
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        let help = match nearest(&name, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", quoted(&words)),
        };
        read.ctxt.error_help(value, format!("unknown {key}"), help);
    }
    found.map(|(_, value)| *value)
}

fn number(read: &Read<'_>, key: &str) -> Option<u32> {
    let value = read.find(key)?.value(read.ctxt)?;
    let number = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<u32>().ok(),
        _ => None,
    };
    if number.is_none_or(|number| number == 0) {
        let help = format!("write `{key} = 100`");
        read.ctxt.error_help(value, format!("`{key}` is a whole number above 0"), help);
    }
    number
}

/// `set(search_path = "", work_mem = "64MB")`; names with dots in quotes are keys like any other.
fn settings(read: &Read<'_>) -> BTreeMap<String, Vec<String>> {
    let ctxt = read.ctxt;
    let mut settings = BTreeMap::new();
    let Some(list) = read.find("set").and_then(|item| item.list(ctxt)) else { return settings };
    for meta in attr::metas(list, ctxt) {
        let value = match &meta {
            Meta::NameValue(pair) => string_literal(&pair.value),
            Meta::Path(_) | Meta::List(_) => None,
        };
        let Some(value) = value else {
            let help = "write `set(search_path = \"\")`";
            ctxt.error_help(&meta, "this is no setting and its value", help);
            continue;
        };
        let parts = meta.path().segments.iter().map(|segment| segment.ident.unraw().to_string());
        let name = parts.collect::<Vec<_>>().join(".");
        let values = if name == "search_path" { path(value, ctxt) } else { vec![value.value()] };
        if settings.insert(name.clone(), values).is_some() {
            ctxt.error(&meta, format!("`{name}` is set twice"));
        }
    }
    settings
}

/// The schemas of a path, which an empty one has none of: to Postgres that is one without a name.
fn path(text: &LitStr, ctxt: &Ctxt) -> Vec<String> {
    let value = text.value();
    if value.trim().is_empty() {
        return vec![String::new()];
    }
    let tokens = lex::tokens(&value).unwrap_or_default();
    let mut names = Vec::new();
    for (at, token) in tokens.into_iter().enumerate() {
        match token.kind {
            TokenKind::Word(name) | TokenKind::Quoted(name) if at % 2 == 0 => names.push(name),
            TokenKind::Punctuation(',') if at % 2 == 1 => {}
            _ => {
                let help = "write `search_path = \"\"` or `search_path = \"public, pg_temp\"`";
                ctxt.error_help(text, "this is no list of schemas", help);
                break;
            }
        }
    }
    names
}

/// A list of strings.
fn strings(read: &Read<'_>, key: &str) -> Vec<LitStr> {
    let Some(value) = read.find(key).and_then(|item: &Item| item.value(read.ctxt)) else {
        return Vec::new();
    };
    let all: Vec<Expr> = match value {
        Expr::Array(list) => list.elems.iter().cloned().collect(),
        one => vec![one.clone()],
    };
    let mut strings = Vec::new();
    for value in &all {
        match string_literal(value) {
            Some(text) => strings.push(text.clone()),
            None => {
                let help = "write `arguments = [\"title text\", \"max integer DEFAULT 10\"]`";
                read.ctxt.error_help(value, "an argument is a string", help);
            }
        }
    }
    strings
}

/// Source: Postgres manual, `CREATE FUNCTION`.
fn suits_its_language(function: &Function, read: &Read<'_>) {
    let sql = function.attributes.language.as_str() == "sql";
    if let (Body::Standard { .. }, false, Some(item)) = (&function.body, sql, read.find("language"))
    {
        let help = "write the body as a string";
        read.ctxt.error_help(&item.meta, "only SQL is read at once", help);
    }
    let returns_set = matches!(function.returns, Returns::SetOf { .. } | Returns::Table { .. });
    if let (Some(item), false) = (read.find("rows"), returns_set) {
        read.ctxt.error(&item.meta, "only a function that returns a set has `rows`");
    }
}
