//! What stands beside the errors: an impl that compiles, so that one mistake gives one message and
//! not a second one wherever the table is used.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::syntax::Diagnostic;
use syn::DeriveInput;

use crate::witness;

/// The errors and an impl that is never run.
pub(crate) fn fallback(input: &DeriveInput, diagnostics: &[Diagnostic]) -> TokenStream {
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let witnesses = witness::columns(input);
    let errors = diagnostics.iter().map(Diagnostic::to_compile_error);
    quote! {
        #(#errors)*
        #witnesses

        #[automatically_derived]
        impl #impl_generics ::rls_schema::Table for #name #type_generics #where_clause {
            fn table() -> ::rls_schema::model::DeclaredTable {
                ::core::unreachable!()
            }
        }
    }
}
