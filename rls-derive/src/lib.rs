//! The derive macro of `rls-schema`: it reads a struct with the grammar of `rls-core` and writes
//! the resulting table down as a value. No rule lives here.

mod expand;
mod fallback;

use proc_macro::TokenStream;
use rls_core::syntax::{Ctxt, lower};
use syn::{DeriveInput, parse_macro_input};

/// Declares a table and its row-level security next to a struct.
///
/// On the struct: `table`, `schema`, `crud_policy(role, read, modify, insert, update, delete)`.
/// On fields: `column`, `sql_type`, `primary_key`, `identity`, `default`, `unique`, `references`,
/// `index`, `skip`. The README of `rls-schema` shows them all.
#[proc_macro_derive(Table, attributes(rls))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let ctxt = Ctxt::new();
    let lowered = lower(&input, &ctxt);
    let diagnostics = ctxt.into_diagnostics();
    match lowered {
        Some(lowered) if diagnostics.is_empty() => expand::expand(&input, &lowered.table).into(),
        _ => fallback::fallback(&input, &diagnostics).into(),
    }
}
