//! What fills a column without being asked: generation expressions, numbers, sequences.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ExprLit, ExprUnary, Lit, Meta, Token, UnOp};

use super::Ctxt;
use super::attr::{self, Item};
use super::decl::{path_name, qualified_name};
use crate::model::{BaseType, Ident, Identity, PgType, QualifiedName, SequenceOptions};

/// What a column is computed from, still Rust.
pub(super) struct GeneratedFrom {
    pub(super) expr: Expr,
    pub(super) stored: bool,
}

/// The keys that say how something counts.
pub(super) const COUNTING: [&str; 6] = ["start", "increment", "min", "max", "cache", "cycle"];

/// `generated = expr` or `generated(expr, virtual)`; `virtual` is a reserved word of Rust.
pub(super) fn generated(item: &Item, ctxt: &Ctxt) -> Option<GeneratedFrom> {
    struct Listed(Expr, Option<syn::Ident>);
    impl Parse for Listed {
        fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
            let expr = input.parse()?;
            let kind = match input.parse::<Option<Token![,]>>()? {
                Some(_) if !input.is_empty() => Some(syn::Ident::parse_any(input)?),
                _ => None,
            };
            Ok(Listed(expr, kind))
        }
    }
    match &item.meta {
        Meta::NameValue(pair) => Some(GeneratedFrom { expr: pair.value.clone(), stored: true }),
        Meta::List(list) => {
            let Listed(expr, kind) =
                list.parse_args().map_err(|error| ctxt.syn_error(error)).ok()?;
            let stored = match kind.as_ref().map(ToString::to_string).as_deref() {
                None | Some("stored") => true,
                Some("virtual") => false,
                Some(_) => {
                    let help = "write `stored`, or `virtual` for Postgres 18 and later";
                    ctxt.error_help(&kind, "unknown way to keep a generated column", help);
                    return None;
                }
            };
            Some(GeneratedFrom { expr, stored })
        }
        Meta::Path(path) => {
            let help = "write `generated = sql(\"price * quantity\")`, or an expression";
            ctxt.error_help(path, "`generated` needs what the column is computed from", help);
            None
        }
    }
}

/// A column that Postgres numbers.
#[derive(Clone)]
pub(super) struct Numbered {
    pub(super) kind: Identity,
    /// What its sequence is called.
    pub(super) sequence: Option<Ident>,
    pub(super) options: SequenceOptions,
}

/// `identity`, `identity = always`, or `identity(always, start = 100, increment = 10)`.
pub(super) fn identity(item: &Item, ctxt: &Ctxt) -> Option<Numbered> {
    const HELP: &str = "`identity` alone means `by_default`";
    let usual = |kind| Some(Numbered { kind, sequence: None, options: SequenceOptions::default() });
    match &item.meta {
        Meta::Path(_) => usual(Identity::ByDefault),
        Meta::NameValue(pair) => match path_name(&pair.value).as_deref() {
            Some("always") => usual(Identity::Always),
            Some("by_default") => usual(Identity::ByDefault),
            _ => {
                let message = "`identity` is `always` or `by_default`";
                ctxt.error_help(&pair.value, message, HELP);
                None
            }
        },
        Meta::List(list) => {
            let mut known = vec!["always", "by_default", "sequence"];
            known.extend(COUNTING);
            let items = attr::nested(list, &known, ctxt);
            let flag = |key: &str| items.iter().find(|item| item.key == key);
            let (always, by_default) = (flag("always"), flag("by_default"));
            let said = |item: Option<&Item>| item.is_some_and(|item| item.flag(ctxt));
            let kind = match (said(always), said(by_default), by_default) {
                (true, true, Some(item)) => {
                    ctxt.error_help(&item.meta, "`identity` is one of the two", HELP);
                    return None;
                }
                (true, _, _) => Identity::Always,
                (false, _, _) => Identity::ByDefault,
            };
            let sequence = flag("sequence").and_then(|item| item.name(ctxt));
            Some(Numbered { kind, sequence, options: counting(&items, ctxt) })
        }
    }
}

/// A sequence of a column's own: `serial`, `serial = "name"` or `serial(start = 100)`.
pub(super) struct Serial {
    pub(super) name: Option<Ident>,
    pub(super) options: SequenceOptions,
}

pub(super) fn serial(item: &Item, ctxt: &Ctxt) -> Option<Serial> {
    let mut serial = Serial { name: None, options: SequenceOptions::default() };
    match &item.meta {
        Meta::Path(_) => {}
        Meta::NameValue(_) => serial.name = Some(item.name(ctxt)?),
        Meta::List(list) => {
            let mut known = vec!["name"];
            known.extend(COUNTING);
            let items = attr::nested(list, &known, ctxt);
            let name = items.iter().find(|item| item.key == "name");
            serial.name = name.and_then(|item| item.name(ctxt));
            serial.options = counting(&items, ctxt);
        }
    }
    Some(serial)
}

/// How something counts, from among the items.
pub(super) fn counting(items: &[Item], ctxt: &Ctxt) -> SequenceOptions {
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let read = |key: &str| {
        let item = find(key)?;
        let value = item.value(ctxt)?;
        let number = number(value);
        if number.is_none() {
            ctxt.error(value, format!("`{key}` is a whole number that fits `bigint`"));
        }
        Some((number?, item))
    };
    let (start, min, max) = (read("start"), read("min"), read("max"));
    let (increment, cache) = (read("increment"), read("cache"));
    if let Some((0, item)) = increment {
        ctxt.error(&item.meta, "a sequence that adds 0 counts nothing");
    }
    if let Some((cache, item)) = cache.filter(|(cache, _)| *cache < 1) {
        ctxt.error(&item.meta, format!("at least 1 number is taken at a time, not {cache}"));
    }
    for (low, high, low_name, high_name) in
        [(min, max, "min", "max"), (min, start, "min", "start"), (start, max, "start", "max")]
    {
        if let (Some((low, _)), Some((high, item))) = (low, high)
            && low > high
        {
            let message = format!("`{low_name}` is {low} and `{high_name}` is {high}");
            ctxt.error_help(&item.meta, message, "`min`, `start` and `max` go up");
        }
    }
    let value = |read: Option<(i64, &Item)>| read.map(|(number, _)| number);
    SequenceOptions {
        start: value(start),
        increment: value(increment),
        min: value(min),
        max: value(max),
        cache: value(cache),
        cycle: find("cycle").and_then(|item| item.switch(ctxt)).unwrap_or_default(),
    }
}

fn number(value: &Expr) -> Option<i64> {
    match value {
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                format!("-{}", number.base10_digits()).parse().ok()
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether Postgres can number a column of that type.
pub(super) fn countable(ty: &PgType) -> bool {
    !ty.array && [BaseType::SmallInt, BaseType::Integer, BaseType::BigInt].contains(&ty.base)
}

/// `next(order_number)` or `next(billing.order_number)` in the place of a default: the sequence.
pub(super) fn next(value: &Expr, schema: &Ident, ctxt: &Ctxt) -> Option<Option<QualifiedName>> {
    let Expr::Call(call) = value else { return None };
    if path_name(&call.func).as_deref() != Some("next") {
        return None;
    }
    let name = call.args.first().filter(|_| call.args.len() == 1);
    let name = name.and_then(|name| qualified_name(name, schema, ctxt));
    if name.is_none() {
        let help = "write `next(order_number)` or `next(billing.order_number)`";
        ctxt.error_help(value, "this does not name a sequence", help);
    }
    Some(name.flatten())
}
