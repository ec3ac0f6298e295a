//! Method calls in predicates: what a column, a text, an array or a document is asked.

use syn::ext::IdentExt;
use syn::{Expr as Rust, ExprMethodCall, RangeLimits};

use super::Ctxt;
use super::predicate::{Parsed, Scope, compare, joined, parse, source};
use crate::model::{CompareOp, Expr, TextForm};

const METHODS: &[&str] = &[
    "is_null",
    "is_none",
    "is_some",
    "is_in",
    "contains",
    "starts_with",
    "ends_with",
    "like",
    "ilike",
];

pub(super) fn method(found: &ExprMethodCall, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Parsed> {
    let name = found.method.unraw().to_string();
    let arguments: Vec<_> = found.args.iter().collect();
    let form = match name.as_str() {
        "starts_with" => Some(TextForm::StartsWith),
        "ends_with" => Some(TextForm::EndsWith),
        "like" => Some(TextForm::Like),
        "ilike" => Some(TextForm::ILike),
        _ => None,
    };
    match (name.as_str(), arguments.as_slice()) {
        ("is_null" | "is_none", []) => {
            let Parsed { expr, spans } = parse(&found.receiver, scope, ctxt)?;
            Some(Parsed::node(Expr::IsNull(Box::new(expr)), found, vec![spans]))
        }
        ("is_some", []) => {
            let Parsed { expr, spans } = parse(&found.receiver, scope, ctxt)?;
            let null = Parsed::node(Expr::IsNull(Box::new(expr)), found, vec![spans]);
            Some(Parsed::node(Expr::Not(Box::new(null.expr)), found, vec![null.spans]))
        }
        ("is_in", [Rust::Range(range)]) => in_range(found, range, scope, ctxt),
        ("is_in", [Rust::Array(list)]) => {
            let value = parse(&found.receiver, scope, ctxt);
            let items: Vec<_> = list.elems.iter().map(|item| parse(item, scope, ctxt)).collect();
            let items: Vec<_> = items.into_iter().collect::<Option<_>>()?;
            let Parsed { expr, spans } = value?;
            let (list, parts): (Vec<_>, Vec<_>) =
                items.into_iter().map(|item| (item.expr, item.spans)).unzip();
            let parts = std::iter::once(spans).chain(parts).collect();
            Some(Parsed::node(Expr::In { value: Box::new(expr), list }, found, parts))
        }
        ("contains", [value]) => {
            if let Rust::Paren(inner) = &*found.receiver
                && matches!(&*inner.expr, Rust::Range(_))
            {
                let text = source(value);
                let help = format!("write `{text}.is_in({})`", source(&inner.expr));
                ctxt.error_help(found, "the column comes first", help);
                return None;
            }
            let container = parse(&found.receiver, scope, ctxt);
            let value = parse(value, scope, ctxt);
            let (container, value) = (container?, value?);
            let expr =
                Expr::Contains { container: Box::new(container.expr), value: Box::new(value.expr) };
            Some(Parsed::node(expr, found, vec![container.spans, value.spans]))
        }
        (_, [pattern]) if form.is_some() => {
            let value = parse(&found.receiver, scope, ctxt);
            let pattern = parse(pattern, scope, ctxt);
            let (value, pattern) = (value?, pattern?);
            let expr = Expr::Matches {
                form: form?,
                value: Box::new(value.expr),
                pattern: Box::new(pattern.expr),
            };
            Some(Parsed::node(expr, found, vec![value.spans, pattern.spans]))
        }
        (known, _) if METHODS.contains(&known) => {
            let help = match known {
                "is_null" | "is_none" | "is_some" => format!("write `column.{known}()`"),
                "is_in" => {
                    "write `column.is_in([\"a\", \"b\"])` or `column.is_in(1..=5)`".to_owned()
                }
                _ => format!("write `column.{known}(\"..\")`"),
            };
            ctxt.error_help(&found.args, format!("`{known}` is not called so"), help);
            None
        }
        (name, _) => {
            let help = match crate::resolve::nearest(name, METHODS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", super::attr::quoted(METHODS)),
            };
            ctxt.error_help(&found.method, format!("unknown method `{name}`"), help);
            None
        }
    }
}

/// `level.is_in(1..=5)`: one or two comparisons.
fn in_range(
    found: &ExprMethodCall,
    range: &syn::ExprRange,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<Parsed> {
    let value = parse(&found.receiver, scope, ctxt);
    let low = range.start.as_ref().map(|low| parse(low, scope, ctxt));
    let high = range.end.as_ref().map(|high| parse(high, scope, ctxt));
    let below = match range.limits {
        RangeLimits::HalfOpen(_) => CompareOp::Lt,
        RangeLimits::Closed(_) => CompareOp::Le,
    };
    let value = value?;
    let mut bounds = Vec::new();
    if let Some(low) = low {
        bounds.push(compare(CompareOp::Ge, found, value.clone(), low?));
    }
    if let Some(high) = high {
        bounds.push(compare(below, found, value, high?));
    }
    match bounds.len() {
        0 => {
            ctxt.error_help(range, "everything is in this range", "write where it begins or ends");
            None
        }
        1 => bounds.pop(),
        _ => Some(joined(bounds, true, found)),
    }
}
