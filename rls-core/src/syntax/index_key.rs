//! A key of an index or a partition: a value, in calls that say how it is sorted and compared:
//! `nulls_last(desc(title))`, `class(title, "text_pattern_ops")`.

use std::collections::BTreeMap;

use syn::Expr as Rust;

use super::attr::{catalog_name, string_literal};
use super::decl::path_name;
use super::{Ctxt, constraint};
use crate::model::{IndexKey, IndexValue, OperatorClass, QualifiedName};

const CALLS: [&str; 6] = ["asc", "desc", "nulls_first", "nulls_last", "collate", "class"];

/// Reads one; `value` reads what stands inside of all calls.
pub(super) fn key<E>(
    rust: &Rust,
    ctxt: &Ctxt,
    value: &mut dyn FnMut(&Rust) -> Option<IndexValue<E>>,
) -> Option<IndexKey<E>> {
    if let Rust::Call(call) = rust
        && let Some(name) = path_name(&call.func)
    {
        let arguments: Vec<_> = call.args.iter().collect();
        match (name.as_str(), arguments.as_slice()) {
            ("asc", [inner]) => return key(inner, ctxt, value),
            ("desc", [inner]) => {
                let key = key(inner, ctxt, value)?;
                return Some(IndexKey { descending: true, nulls_first: true, ..key });
            }
            ("nulls_first", [inner]) => {
                return Some(IndexKey { nulls_first: true, ..key(inner, ctxt, value)? });
            }
            ("nulls_last", [inner]) => {
                return Some(IndexKey { nulls_first: false, ..key(inner, ctxt, value)? });
            }
            ("collate", [inner, text]) => {
                let collation = Some(object(text, ctxt)?);
                return Some(IndexKey { collation, ..key(inner, ctxt, value)? });
            }
            ("class", [inner, text, parameters @ ..]) => {
                let name = object(text, ctxt)?;
                let parameters = self::parameters(parameters, ctxt)?;
                let operator_class = Some(OperatorClass { name, parameters });
                return Some(IndexKey { operator_class, ..key(inner, ctxt, value)? });
            }
            _ => {}
        }
    }
    value(rust).map(IndexKey::of)
}

/// What stands inside of all calls.
pub(super) fn innermost(rust: &Rust) -> &Rust {
    if let Rust::Call(call) = rust
        && path_name(&call.func).is_some_and(|name| CALLS.contains(&name.as_str()))
        && let Some(inner) = call.args.first()
    {
        return innermost(inner);
    }
    rust
}

/// A collation or an operator class.
fn object(text: &Rust, ctxt: &Ctxt) -> Option<QualifiedName> {
    match string_literal(text) {
        Some(literal) => catalog_name(literal, ctxt),
        None => {
            let help = "write `\"C\"` or `\"public.name\"`";
            ctxt.error_help(text, "this is not a name", help);
            None
        }
    }
}

/// `siglen = 32`, behind the name of an operator class.
fn parameters(rust: &[&Rust], ctxt: &Ctxt) -> Option<BTreeMap<String, String>> {
    let one = |parameter: &&Rust| {
        let said = match parameter {
            Rust::Assign(said) => path_name(&said.left).zip(constraint::value(&said.right)),
            _ => None,
        };
        if said.is_none() {
            let help = "write `class(title, \"gist_trgm_ops\", siglen = 32)`";
            ctxt.error_help(parameter, "this is no parameter of a class", help);
        }
        said
    };
    rust.iter().map(one).collect()
}
