//! The macros of `rls-schema`: they read structs and predicates with the grammar of `rls-core` and
//! write the result down as a value. No rule lives here.

mod constraint;
mod expand;
mod expr;
mod fallback;
mod index;
mod partition;
mod predicate;
mod sequence;
mod trigger;
mod witness;

use proc_macro::TokenStream;
use rls_core::syntax::{Ctxt, lower};
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Declares a table and its row-level security next to a struct.
///
/// On the struct: `table`, `schema`, `crud_policy(..)`, `policy(..)`, `tenant = ..`, `force`,
/// `row_security`, `policy_indexes`, `trigger(..)`, `allow(lint, reason = "..")`. On fields: `column`, `sql_type`,
/// `primary_key`, `identity`, `default`, `unique`, `references`, `index`, `skip`, `serial`,
/// `generated`, `comment`. The README of
/// `rls-schema` shows them all.
#[proc_macro_derive(Table, attributes(rls))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let ctxt = Ctxt::new();
    let lowered = lower(&input, &ctxt);
    let diagnostics = ctxt.into_diagnostics();
    match lowered {
        Some(lowered) if diagnostics.is_empty() => expand::expand(&input, &lowered).into(),
        _ => fallback::fallback(&input, &diagnostics).into(),
    }
}

/// Declares a sequence that belongs to no column: `#[rls(sequence = "order_number", start = 1000)]` on
/// a struct without fields.
///
/// Keys: `sequence`, `schema`, `sql_type`, `start`, `increment`, `min`, `max`, `cache`, `cycle`,
/// `comment`. A column counts with it by `default = next(order_number)`.
#[proc_macro_derive(Sequence, attributes(rls))]
pub fn derive_sequence(input: TokenStream) -> TokenStream {
    sequence::expand(&parse_macro_input!(input as DeriveInput)).into()
}

/// Declares a predicate that the policies of many tables can use by its name.
///
/// `#[predicate] fn is_member(team: Uuid) -> bool { exists(Member, |m| m.team_id == team) }`: the
/// parameters stand for columns or other values of those types, and the body is one expression in
/// the language of policies.
#[proc_macro_attribute]
pub fn predicate(_: TokenStream, item: TokenStream) -> TokenStream {
    predicate::expand(&parse_macro_input!(item as ItemFn)).into()
}
