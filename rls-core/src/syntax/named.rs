//! `#[predicate] fn name(parameter: Type) -> bool { .. }`: a predicate that many tables use.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{FnArg, ItemFn, Pat, ReturnType, Stmt, Type};

use super::predicate::{self, Scope};
use super::{Ctxt, rust_type};
#[cfg(feature = "scan")]
use crate::model::PgType;
use crate::model::{Expr, NamedPredicate};
use crate::policy::link::{self, Others};

/// A named predicate with the tokens of each node of its body, in preorder.
pub struct LoweredPredicate {
    /// The predicate.
    pub predicate: NamedPredicate,
    /// Where the nodes of its body stand.
    pub places: Vec<TokenStream>,
}

/// The parameters of a function, where all of them can be read.
#[cfg(feature = "scan")]
pub(super) fn parameters(input: &ItemFn) -> Option<Vec<(String, PgType)>> {
    let parameter = |input: &FnArg| match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(name) => {
                Some((name.ident.unraw().to_string(), rust_type::known(&typed.ty).ok()?))
            }
            _ => None,
        },
        FnArg::Receiver(_) => None,
    };
    input.sig.inputs.iter().map(parameter).collect()
}

/// Reads a function with `#[predicate]`. None, and the mistakes in `ctxt`, where it is none.
pub fn lower_predicate(input: &ItemFn, ctxt: &Ctxt) -> Option<LoweredPredicate> {
    const HELP: &str = "write `fn name(parameter: Type) -> bool { .. }`";
    let before = ctxt.count();
    let signature = &input.sig;
    let plain = signature.asyncness.is_none()
        && signature.generics.params.is_empty()
        && signature.variadic.is_none();
    if !plain {
        ctxt.error_help(signature, "a predicate is a plain function", HELP);
    }
    let boolean = match &signature.output {
        ReturnType::Type(_, ty) => matches!(&**ty, Type::Path(path) if path.path.is_ident("bool")),
        ReturnType::Default => false,
    };
    if !boolean {
        ctxt.error_help(&signature.ident, "a predicate is true or false", HELP);
    }
    let mut parameters = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(typed) = input else {
            ctxt.error_help(input, "a predicate has no `self`", HELP);
            continue;
        };
        let Pat::Ident(name) = &*typed.pat else {
            ctxt.error_help(&typed.pat, "a parameter has a name", HELP);
            continue;
        };
        match rust_type::known(&typed.ty) {
            Ok(ty) => parameters.push((name.ident.unraw().to_string(), ty)),
            Err(bad) => ctxt.error_help(&typed.ty, bad.message, bad.help),
        }
    }
    let [Stmt::Expr(body, None)] = input.block.stmts.as_slice() else {
        ctxt.error_help(&signature.ident, "a predicate's body is one expression", HELP);
        return None;
    };
    let parsed = predicate::parse(body, &Scope::of_predicate(), ctxt)?;
    let name = signature.ident.unraw().to_string();
    for called in parsed.expr.nodes() {
        if let Expr::Named { path, .. } = called
            && Expr::last_segment(path) == name
        {
            ctxt.error(&signature.ident, format!("the predicate `{name}` is made of itself"));
        }
    }
    let predicate = NamedPredicate { name, parameters, body: parsed.expr };
    parsed.spans.report(link::named(&predicate, Others::Unseen), ctxt);
    let places = parsed.spans.in_order();
    (ctxt.count() == before).then_some(LoweredPredicate { predicate, places })
}
