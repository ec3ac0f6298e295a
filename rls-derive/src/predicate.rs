//! A named predicate as a function that returns it.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::syntax::{Ctxt, Diagnostic, lower_predicate};
use syn::{FnArg, ItemFn, Pat};

use crate::{expr, witness};

pub(crate) fn expand(input: &ItemFn) -> TokenStream {
    let ctxt = Ctxt::new();
    let lowered = lower_predicate(input, &ctxt);
    let diagnostics = ctxt.into_diagnostics();
    let (attrs, visibility, name) = (&input.attrs, &input.vis, &input.sig.ident);
    let body = match &lowered {
        Some(lowered) if diagnostics.is_empty() => {
            let checks = witness::lookups_of_predicate(&lowered.predicate.body, &lowered.places);
            let predicate = expr::predicate(&lowered.predicate);
            // The types are named, so that a misspelt one is an error of the compiler's.
            let types = input.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(typed) => Some(&typed.ty),
                FnArg::Receiver(_) => None,
            });
            quote! {
                use ::rls_schema::__private as p;
                const _: p::Option<fn(#(#types),*)> = p::Option::None;
                #checks
                #predicate
            }
        }
        _ => quote!(::core::unreachable!()),
    };
    let parameters = input.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(name) => Some(&name.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    let errors = diagnostics.iter().map(Diagnostic::to_compile_error);
    quote! {
        #(#errors)*

        #(#attrs)*
        #[allow(dead_code, unused_variables)]
        #visibility fn #name(#(#parameters: ::rls_schema::__private::Argument),*) -> ::rls_schema::model::NamedPredicate {
            #body
        }
    }
}
