//! `#[derive(View)]` on a unit struct: a query that goes by a name. What its columns are only the server
//! knows, so they are named as they are called there.

use std::collections::BTreeMap;

use syn::{DeriveInput, Expr, LitStr};

use super::attr::{self, Item, checked, sql_literal};
use super::constraint::{self, IndexDecl, Read};
use super::decl::{path_name, plain_name};
use super::grant::{self, GrantedOn};
use super::lower_constraint::add;
use super::owner::owner;
use super::{Ctxt, comment, index_key, object, policy, raw_sql, trigger};
use crate::lex;
use crate::model::{
    CheckOption, Commented, DeclaredView, Ident, Index, IndexValue, QualifiedName, Sql, View,
    ViewKind,
};

const KEYS: &[&str] = &[
    "view",
    "schema",
    "query",
    "columns",
    "materialized",
    "security_invoker",
    "security_barrier",
    "check_option",
    "column",
    "index",
    "trigger",
    "grant",
    "allow",
    "comment",
    "owner",
];
const REPEATABLE: &[&str] = &["column", "index", "trigger", "grant", "allow"];
/// What goes for views that keep no rows.
const OF_PLAIN: [&str; 4] = ["security_invoker", "security_barrier", "check_option", "trigger"];

/// Reads a struct with `#[derive(View)]`. Mistakes go to `ctxt`.
pub fn lower_view(input: &DeriveInput, ctxt: &Ctxt) -> Option<DeclaredView> {
    if !object::is_unit(input, "a view", ctxt) {
        return None;
    }
    let before = ctxt.count();
    let items = attr::items(&input.attrs, KEYS, REPEATABLE, ctxt);
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    let name = object::called(input, read.find("view"), read.find("schema"), ctxt)?;
    let query = query(&read, &input.ident);
    let mut view = View::new(name, query.unwrap_or_else(|| Sql::new("SELECT")));
    options(&read, &mut view);
    view.columns = names(&read.columns("columns"), ctxt);
    let mut comments = BTreeMap::new();
    let own = comment::comment(&input.attrs, read.find("comment"), ctxt);
    comments.extend(own.map(|text| (view.commented(), text)));
    for item in &items {
        match item.key.as_str() {
            "index" => index(item, &mut view, &mut comments, ctxt),
            "trigger" => trigger(item, &mut view, &mut comments, ctxt),
            "column" => comments.extend(column(item, &view, ctxt)),
            _ => {}
        }
    }
    let allowed = policy::allowed(&items, ctxt);
    let columns = |columns: &[Expr]| names(columns, ctxt).into_iter().collect();
    let grants = grant::with_columns(&items, GrantedOn::Table, columns, ctxt);
    let owner = read.find("owner").and_then(|item| owner(item, ctxt));
    let declared = DeclaredView { view, owner, grants, comments, allowed };
    (ctxt.count() == before).then_some(declared)
}

/// `query = "SELECT .."` or `query = sql("SELECT ..")`: one statement, which asks for rows and ends where it
/// seems to.
fn query(read: &Read<'_>, at: &syn::Ident) -> Option<Sql> {
    const HELP: &str = "write `query = \"SELECT ..\"`";
    let Some(item) = read.find("query") else {
        if read.complete {
            read.ctxt.error_help(at, "a view has a `query`", HELP);
        }
        return None;
    };
    let text = match sql_literal(item.value(read.ctxt)?) {
        Some(text) => text.clone(),
        None => item.string(read.ctxt)?,
    };
    let value = text.value();
    if value.contains('\0') {
        read.ctxt.error(&text, "SQL cannot contain a NUL byte");
        return None;
    }
    let statements = match lex::statements(&value) {
        Ok(statements) => statements,
        Err(error) => {
            read.ctxt.error(&text, format!("{error} in this query"));
            return None;
        }
    };
    let [one] = statements.as_slice() else {
        let message = match statements.len() {
            0 => "this query is empty".to_owned(),
            several => format!("these are {several} statements, and a view is one query"),
        };
        read.ctxt.error_help(&text, message, HELP);
        return None;
    };
    let sql = &value[one.range.clone()];
    // What follows in a file must not become a part of it.
    if !lex::statements(&format!("{sql};SELECT")).is_ok_and(|found| found.len() == 2) {
        let message = "a bracket in this query is not closed";
        read.ctxt.error_help(&text, message, "balance the brackets");
        return None;
    }
    let tokens = lex::tokens(sql).unwrap_or_default();
    // In brackets too it is one of these.
    let first = tokens.iter().find(|token| token.kind != lex::TokenKind::Punctuation('('));
    let word = first.and_then(|token| token.kind.word());
    if !matches!(word, Some("select" | "with" | "values" | "table")) {
        let help = "a view is `SELECT ..`, `WITH ..`, `VALUES ..` or `TABLE ..`";
        read.ctxt.error_help(&text, "this does not ask for rows", help);
        return None;
    }
    Some(Sql::new(sql))
}

fn options(read: &Read<'_>, view: &mut View) {
    let ctxt = read.ctxt;
    if read.switch("materialized") {
        view.kind = ViewKind::Materialized;
    }
    let plain = view.kind.is_plain();
    for item in read.items.iter().filter(|item| !plain && OF_PLAIN.contains(&item.key.as_str())) {
        let (message, help) = match item.key.as_str() {
            "trigger" | "check_option" => {
                ("nothing is written to a view that keeps its rows", "leave it out")
            }
            _ => (
                "a view that keeps its rows shows them to whoever may read it",
                "leave it out, and grant it to those who may see all of them",
            ),
        };
        ctxt.error_help(&item.meta, message, help);
    }
    if let Some(item) = read.find("index").filter(|_| plain) {
        let help = "write `materialized`, or index the tables that it reads";
        ctxt.error_help(&item.meta, "a view that keeps no rows has no indexes", help);
    }
    let invoker = read.find("security_invoker").and_then(|item| item.switch(ctxt));
    view.security_invoker = plain && invoker.unwrap_or(true);
    view.security_barrier = read.switch("security_barrier");
    if let Some(value) = read.find("check_option").and_then(|item| item.value(ctxt)) {
        view.check_option = match path_name(value).as_deref() {
            Some("local") => CheckOption::Local,
            Some("cascaded") => CheckOption::Cascaded,
            _ => {
                let help = "write `check_option = local` or `check_option = cascaded`";
                ctxt.error_help(value, "unknown check of what is written to a view", help);
                CheckOption::None
            }
        };
    }
}

/// Names of columns, as they are or in quotation marks.
fn names(each: &[Expr], ctxt: &Ctxt) -> Vec<Ident> {
    let mut names = Vec::new();
    for value in each {
        let Some(name) = plain_name(value) else {
            ctxt.error_help(value, "this is not a column", "write its name");
            continue;
        };
        let Some(name) = checked(value, name, ctxt) else { continue };
        if names.contains(&name) {
            ctxt.error(value, format!("`{name}` is named twice"));
        }
        names.push(name);
    }
    names
}

/// `column(name = total, comment = "..")`.
fn column(item: &Item, view: &View, ctxt: &Ctxt) -> Option<(Commented, String)> {
    const HELP: &str = "write `column(name = total, comment = \"..\")`";
    let before = ctxt.count();
    let items = attr::nested(item.list(ctxt)?, &["name", "comment"], ctxt);
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    let (Some(name), Some(comment)) = (read.find("name"), read.find("comment")) else {
        if read.complete {
            ctxt.error_help(&item.meta, "`column` says of which one what", HELP);
        }
        return None;
    };
    let name = names(&[name.value(ctxt)?.clone()], ctxt).pop()?;
    let text = comment.string(ctxt)?.value();
    if text.contains('\0') {
        ctxt.error(&comment.meta, "a comment cannot hold a NUL byte");
    }
    Some((Commented::Column(view.name.clone(), name), text))
}

/// `index(columns = [owner, sql("lower(title)")], unique)` of a view that keeps its rows.
fn index(item: &Item, view: &mut View, comments: &mut BTreeMap<Commented, String>, ctxt: &Ctxt) {
    let Some(declared) = constraint::index(item, None, ctxt) else { return };
    let before = ctxt.count();
    let mut value = |rust: &Expr| self::value(rust, ctxt);
    let keys: Vec<_> =
        declared.keys.iter().filter_map(|rust| index_key::key(rust, ctxt, &mut value)).collect();
    let predicate = declared.predicate.as_ref().and_then(|rust| match self::value(rust, ctxt)? {
        IndexValue::Expr(sql) => Some(sql),
        IndexValue::Column(name) => Some(Sql::new(crate::render::ident(&name))),
    });
    let include = names(&declared.include, ctxt);
    let name = declared.name.clone().or_else(|| free_name(&declared, view));
    if ctxt.count() > before {
        return;
    }
    let index = Index {
        unique: declared.unique,
        nulls_not_distinct: declared.nulls_not_distinct,
        keys,
        include,
        predicate,
        with: declared.with.iter().cloned().collect(),
        ..Index::btree([])
    };
    if let (Some(name), Some(text)) = (&name, declared.comment) {
        let index = QualifiedName::new(view.name.schema.clone(), name.clone());
        comments.insert(Commented::Index(index), text);
    }
    let method = declared.method.clone().unwrap_or_else(|| index.method.clone());
    add(&mut view.indexes, name, Index { method, ..index }, &declared.meta, ctxt);
}

/// A column by name, or an expression in `sql("..")`.
fn value(rust: &Expr, ctxt: &Ctxt) -> Option<IndexValue<Sql>> {
    if let Some(text) = sql_literal(rust) {
        return expression(text, ctxt).map(IndexValue::Expr);
    }
    let Some(name) = plain_name(rust) else {
        let help = "write the name of a column, or `sql(\"lower(title)\")`";
        ctxt.error_help(rust, "this is not a column", help);
        return None;
    };
    checked(rust, name, ctxt).map(IndexValue::Column)
}

fn expression(text: &LitStr, ctxt: &Ctxt) -> Option<Sql> {
    raw_sql::lexical(text, None, ctxt)?;
    Some(Sql::new(text.value().trim()))
}

/// `view_columns_idx`, with a number where it is taken.
fn free_name(declared: &IndexDecl, view: &View) -> Option<Ident> {
    let of: Vec<_> = declared
        .keys
        .iter()
        .map(|key| plain_name(index_key::innermost(key)).unwrap_or_else(|| "expr".to_owned()))
        .collect();
    let usual = format!("{}_{}_idx", view.name.name, of.join("_"));
    let numbered = (1..).map(|number| format!("{usual}{number}"));
    let mut names = std::iter::once(usual.clone()).chain(numbered);
    names.find_map(|name| Ident::shortened(&name).ok().filter(|it| !view.indexes.contains_key(it)))
}

fn trigger(item: &Item, view: &mut View, comments: &mut BTreeMap<Commented, String>, ctxt: &Ctxt) {
    let Some(declared) = trigger::trigger(item, &view.name.schema, ctxt) else { return };
    let Some((name, trigger)) = declared.lower_on_view(names, ctxt) else { return };
    let commented = Commented::Trigger(view.name.clone(), name.clone());
    comments.extend(declared.comment.map(|text| (commented, text)));
    add(&mut view.triggers, Some(name), trigger, &declared.meta, ctxt);
}
