//! Calls in predicates: the functions that the language has, and predicates by name.

use quote::ToTokens;
use syn::{Expr as Rust, ExprCall, ExprLit, GenericArgument, Lit, PathArguments};

use super::attr::{quoted, string_literal};
use super::predicate::{Parsed, Scope, claim_path, closure, compare, parse, raw, source};
use super::{Ctxt, rust_type};
use crate::model::{CompareOp, Expr, Interval, PgType, TimeUnit};
use crate::resolve::nearest;

const FUNCTIONS: &[&str] = &[
    "auth_uid", "claim", "role", "now", "exists", "definer", "is_null", "sql", "seconds",
    "minutes", "hours", "days", "weeks", "months", "years",
];

pub(super) fn function(call: &ExprCall, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Parsed> {
    let Some((path, claimed)) = called(&call.func, ctxt) else {
        ctxt.error_help(
            &call.func,
            format!("unknown function `{}`", source(&call.func)),
            format!("known are {}; others can be called in `sql(\"..\")`", quoted(FUNCTIONS)),
        );
        return None;
    };
    let arguments: Vec<_> = call.args.iter().collect();
    match (path.as_str(), arguments.as_slice()) {
        ("auth_uid", []) => Some(Parsed::leaf(Expr::AuthUid, call)),
        ("auth_uid", [column]) => {
            let column = parse(column, scope, ctxt)?;
            let subject = Parsed::leaf(Expr::AuthUid, &call.func);
            Some(compare(CompareOp::Eq, call, subject, column))
        }
        ("claim", [path]) => {
            let claim = Parsed::leaf(Expr::Claim(claim_path(path, ctxt)?), call);
            Some(match claimed {
                Some(ty) => {
                    let expr = Expr::Cast { value: Box::new(claim.expr), ty };
                    Parsed::node(expr, call, vec![claim.spans])
                }
                None => claim,
            })
        }
        ("role", []) => Some(Parsed::leaf(Expr::Role, call)),
        ("now", []) => Some(Parsed::leaf(Expr::Now, call)),
        ("is_null", [inner]) => {
            let Parsed { expr, spans } = parse(inner, scope, ctxt)?;
            Some(Parsed::node(Expr::IsNull(Box::new(expr)), call, vec![spans]))
        }
        ("exists", [table, Rust::Closure(filter)]) => {
            let table = table_path(table, ctxt);
            let filter = closure(filter, scope, ctxt);
            let (table, (alias, Parsed { expr, spans })) = (table?, filter?);
            let filter = Box::new(expr);
            Some(Parsed::node(Expr::Exists { table, alias, filter }, call, vec![spans]))
        }
        ("definer", [lookup]) => {
            let Parsed { expr, spans } = parse(lookup, scope, ctxt)?;
            Some(Parsed::node(Expr::Definer(Box::new(expr)), call, vec![spans]))
        }
        ("sql", [text]) => match string_literal(text) {
            Some(text) => raw(text, call, scope, ctxt),
            None => {
                ctxt.error_help(text, "`sql` takes a string literal", "write `sql(\"..\")`");
                None
            }
        },
        (unit, [count]) if time_unit(unit).is_some() => {
            let Rust::Lit(ExprLit { lit: Lit::Int(digits), .. }) = count else {
                ctxt.error_help(count, "this is no whole number", format!("write `{unit}(7)`"));
                return None;
            };
            let parsed = digits.base10_parse::<i32>().map_err(|error| ctxt.syn_error(error));
            let count = i64::from(parsed.ok()?);
            Some(Parsed::leaf(Expr::Interval(Interval { count, unit: time_unit(unit)? }), call))
        }
        (known, _) if FUNCTIONS.contains(&known) => {
            let (takes, example) = usage(known);
            ctxt.error_help(call, format!("`{known}` takes {takes}"), format!("write `{example}`"));
            None
        }
        (path, _) => named(call, path, scope, ctxt),
    }
}

/// A predicate by its name. One segment that is nearly a function's name is taken for a slip.
fn named(call: &ExprCall, path: &str, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Parsed> {
    if let Some(near) = nearest(path, FUNCTIONS.iter().copied()).filter(|_| !path.contains("::")) {
        ctxt.error_help(
            &call.func,
            format!("unknown function `{path}`"),
            format!("did you mean `{near}`? A predicate of your own is called by a path, as in `crate::{path}(..)`"),
        );
        return None;
    }
    let arguments: Vec<_> = call.args.iter().map(|value| parse(value, scope, ctxt)).collect();
    let arguments: Vec<_> = arguments.into_iter().collect::<Option<_>>()?;
    let (arguments, parts): (Vec<_>, Vec<_>) =
        arguments.into_iter().map(|argument| (argument.expr, argument.spans)).unzip();
    let expr = Expr::Named { path: path.to_owned(), predicate: None, arguments };
    Some(Parsed::node(expr, call, parts))
}

/// What is called, and for `claim::<T>` as what type.
fn called(function: &Rust, ctxt: &Ctxt) -> Option<(String, Option<PgType>)> {
    let Rust::Path(path) = function else { return None };
    let last = path.path.segments.last()?;
    let name = plain_path(&path.path)?;
    let PathArguments::AngleBracketed(generic) = &last.arguments else {
        return Some((name, None));
    };
    match generic.args.first() {
        Some(GenericArgument::Type(ty)) if name == "claim" => {
            let known = rust_type::known(ty);
            Some((name, known.map_err(|bad| ctxt.error_help(ty, bad.message, bad.help)).ok()))
        }
        _ => None,
    }
}

/// `a::b::C` as text, without what stands in angle brackets.
fn plain_path(path: &syn::Path) -> Option<String> {
    let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let leading = if path.leading_colon.is_some() { "::" } else { "" };
    (!names.is_empty()).then(|| format!("{leading}{}", names.join("::")))
}

fn table_path(table: &Rust, ctxt: &Ctxt) -> Option<String> {
    let path = match table {
        Rust::Path(path) if path.qself.is_none() => plain_path(&path.path),
        _ => None,
    };
    if path.is_none() {
        ctxt.error_help(table, "this is not a table", "name a struct that derives `Table`");
    }
    path
}

fn time_unit(name: &str) -> Option<TimeUnit> {
    Some(match name {
        "seconds" => TimeUnit::Seconds,
        "minutes" => TimeUnit::Minutes,
        "hours" => TimeUnit::Hours,
        "days" => TimeUnit::Days,
        "weeks" => TimeUnit::Weeks,
        "months" => TimeUnit::Months,
        "years" => TimeUnit::Years,
        _ => return None,
    })
}

/// What a function takes, and how it is written.
fn usage(name: &str) -> (&'static str, String) {
    let (takes, example) = match name {
        "auth_uid" => ("one column", "auth_uid(column)"),
        "claim" => ("one path", "claim(\"path\")"),
        "exists" => ("a table and what is said of its row", "exists(Table, |row| ..)"),
        "definer" => ("a lookup", "definer(exists(Table, |row| ..))"),
        "is_null" => ("one column", "column.is_null()"),
        "sql" => ("one string", "sql(\"..\")"),
        "now" | "role" => return ("nothing", format!("{name}()")),
        unit => return ("a whole number", format!("{unit}(7)")),
    };
    (takes, example.to_owned())
}

/// Whether an expression names the row before or after a change.
pub(super) fn states(rust: &Rust) -> super::predicate::States {
    let text = rust.to_token_stream();
    let mut states = super::predicate::States::default();
    mentions(text, &mut states);
    states
}

fn mentions(tokens: proc_macro2::TokenStream, states: &mut super::predicate::States) {
    use proc_macro2::TokenTree;
    let tokens: Vec<_> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => mentions(group.stream(), states),
            TokenTree::Ident(name) => {
                let dot = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == '.');
                // `old.is_null()` asks something of a column that is called so.
                let method = matches!(tokens.get(at + 3), Some(TokenTree::Group(group)) if group.delimiter() == proc_macro2::Delimiter::Parenthesis);
                let row =
                    dot(tokens.get(at + 1)) && !(at > 0 && dot(tokens.get(at - 1))) && !method;
                states.old |= row && name == "old";
                states.new |= row && name == "new";
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
