//! The macros of `rls-schema`: they read structs and predicates with the grammar of `rls-core` and
//! write the result down as a value. No rule lives here.

mod constraint;
mod expand;
mod expr;
mod fallback;
mod function;
mod index;
mod partition;
mod predicate;
mod rename;
mod sequence;
mod trigger;
mod user_type;
mod view;
mod witness;

use proc_macro::TokenStream;
use rls_core::syntax::{Ctxt, lower, lower_enum, lower_type};
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Declares a table and its row-level security next to a struct.
///
/// On the struct: `table`, `schema`, `was`, `crud_policy(..)`, `policy(..)`, `tenant = ..`, `force`,
/// `row_security`, `policy_indexes`, `trigger(..)`, `allow(lint, reason = "..")`. On fields: `column`, `was`, `sql_type`,
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

/// Declares an enum of the database: `#[rls(name = "mood", rename_all = "snake_case")]` on an enum whose
/// variants hold nothing.
///
/// Keys: `name`, `schema`, `rename_all`, `comment`; on variants `value`, `was`. A table with a field of the
/// enum brings it along.
#[proc_macro_derive(PgEnum, attributes(rls))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    user_type::expand(&parse_macro_input!(input as DeriveInput), lower_enum).into()
}

/// Declares what a struct is in the database: `domain = ".."` over the type of its one field,
/// `composite = ".."` of its named fields, or `transparent`, which is the type of its one field.
///
/// Keys of domains: `check = ..` about `value`, `not_null`, `default`, `collation`, `sql_type`; of domains
/// and composite types: `schema`, `comment`. On fields of composite types: `name`, `sql_type`,
/// `collation`, `comment`.
#[proc_macro_derive(PgType, attributes(rls))]
pub fn derive_type(input: TokenStream) -> TokenStream {
    user_type::expand(&parse_macro_input!(input as DeriveInput), lower_type).into()
}

/// Declares a function or a procedure on a struct without fields: `#[rls(function = "slugify",
/// arguments = ["title text"], returns = "text", volatility = immutable, body = "SELECT lower(title)")]`.
///
/// Keys: `function` or `procedure`, `schema`, `arguments`, `returns`, `language`, `volatility`,
/// `parallel`, `strict`, `security_definer`, `leakproof`, `cost`, `rows`, `set(..)`, `body`, `grant(..)`,
/// `allow(..)`, `comment`. A trigger calls it by `function = slugify`.
#[proc_macro_derive(Function, attributes(rls))]
pub fn derive_function(input: TokenStream) -> TokenStream {
    function::expand(&parse_macro_input!(input as DeriveInput)).into()
}

/// Declares a view on a struct without fields: `#[rls(view = "activity",
/// query = "SELECT owner, count(*) AS todos FROM public.todos GROUP BY owner")]`. It reads as whoever asks,
/// which is what keeps the policies of its tables.
///
/// Keys: `view`, `schema`, `query`, `columns`, `security_invoker`, `security_barrier`, `check_option`,
/// `materialized`, `index(..)`, `trigger(..)`, `column(..)`, `grant(..)`, `allow(..)`, `comment`, `owner`.
#[proc_macro_derive(View, attributes(rls))]
pub fn derive_view(input: TokenStream) -> TokenStream {
    view::expand(&parse_macro_input!(input as DeriveInput)).into()
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
