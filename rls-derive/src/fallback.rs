//! What stands beside the errors: an impl that compiles, so that one mistake gives one message and
//! not a second one wherever the table is used.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::syntax::{Ctxt, Diagnostic};
use syn::DeriveInput;

use crate::witness;

/// The errors and an impl that is never run.
pub(crate) fn fallback(input: &DeriveInput, diagnostics: &[Diagnostic]) -> TokenStream {
    let witnesses = witness::columns(input);
    let signature = quote!(table() -> ::rls_schema::model::DeclaredTable);
    let implementation = implement(input, &quote!(Table), &signature, diagnostics, None);
    quote!(#witnesses #implementation)
}

/// What a derive for something beside tables makes: what was declared, or the errors.
pub(crate) fn derived<T>(
    input: &DeriveInput,
    lower: impl Fn(&DeriveInput, &Ctxt) -> Option<T>,
    implemented: &TokenStream,
    signature: &TokenStream,
    write: impl Fn(&T) -> TokenStream,
) -> TokenStream {
    let ctxt = Ctxt::new();
    let lowered = lower(input, &ctxt);
    let diagnostics = ctxt.into_diagnostics();
    let sound = lowered.as_ref().filter(|_| diagnostics.is_empty());
    let body = sound.map(|lowered| {
        let value = write(lowered);
        quote! {
            use ::rls_schema::__private as p;
            #value
        }
    });
    implement(input, implemented, signature, &diagnostics, body)
}

/// The errors, and the impl of a trait with one function. Without a body it is never run.
fn implement(
    input: &DeriveInput,
    implemented: &TokenStream,
    signature: &TokenStream,
    diagnostics: &[Diagnostic],
    body: Option<TokenStream>,
) -> TokenStream {
    let name = &input.ident;
    let errors = diagnostics.iter().map(Diagnostic::to_compile_error);
    let body = body.unwrap_or_else(|| quote!(::core::unreachable!()));
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #(#errors)*

        #[automatically_derived]
        impl #impl_generics ::rls_schema::#implemented for #name #type_generics #where_clause {
            fn #signature {
                #body
            }
        }
    }
}
