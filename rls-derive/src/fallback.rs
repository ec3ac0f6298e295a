//! What stands beside the errors: an impl that compiles, so that one mistake gives one message and
//! not a second one wherever the table is used.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::syntax::Diagnostic;
use syn::DeriveInput;

use crate::witness;

/// The errors and an impl that is never run.
pub(crate) fn fallback(input: &DeriveInput, diagnostics: &[Diagnostic]) -> TokenStream {
    let witnesses = witness::columns(input);
    let signature = quote!(table() -> ::rls_schema::model::DeclaredTable);
    let implementation = implement(input, &quote!(Table), &signature, diagnostics, None);
    quote!(#witnesses #implementation)
}

/// The errors, and the impl of a trait with one function. Without a body it is never run.
pub(crate) fn implement(
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
