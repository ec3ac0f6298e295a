//! Sequences and comments as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{Commented, DeclaredSequence, Sequence, SequenceOwner};
use rls_core::syntax::lower_sequence;
use syn::DeriveInput;

use crate::expand::{grant, ident, option, pg_type, qualified, sequence_options};
use crate::fallback::derived;
use crate::function;

/// `impl Sequence for ..`.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let signature = quote!(sequence() -> ::rls_schema::model::DeclaredSequence);
    derived(input, lower_sequence, &quote!(Sequence), &signature, declared)
}

fn declared(declared: &DeclaredSequence) -> TokenStream {
    let DeclaredSequence { sequence, comment, owner, grants } = declared;
    let sequence = self::sequence(sequence);
    let comment = option(comment.as_ref().map(|text| quote!(p::String::from(#text))));
    let owner = option(owner.as_ref().map(ident));
    let grants = grants.iter().map(grant);
    quote! {
        p::DeclaredSequence {
            sequence: #sequence,
            comment: #comment,
            owner: #owner,
            grants: p::vec![#(#grants),*],
        }
    }
}

pub(crate) fn sequence(sequence: &Sequence) -> TokenStream {
    let Sequence { name, ty, options, owner } = sequence;
    let (name, ty, options) = (qualified(name), pg_type(ty), sequence_options(options));
    let owner = option(owner.as_ref().map(|SequenceOwner { table, column }| {
        let (table, column) = (qualified(table), ident(column));
        quote!(p::SequenceOwner { table: #table, column: #column })
    }));
    quote!(p::Sequence { name: #name, ty: #ty, options: #options, owner: #owner })
}

pub(crate) fn commented(on: &Commented) -> TokenStream {
    let of = |table, name| {
        let (table, name) = (qualified(table), ident(name));
        quote!(#table, #name)
    };
    match on {
        Commented::Schema(name) => {
            let name = ident(name);
            quote!(p::Commented::Schema(#name))
        }
        Commented::Type(name) => {
            let name = qualified(name);
            quote!(p::Commented::Type(#name))
        }
        Commented::Sequence(name) => {
            let name = qualified(name);
            quote!(p::Commented::Sequence(#name))
        }
        Commented::Table(name) => {
            let name = qualified(name);
            quote!(p::Commented::Table(#name))
        }
        Commented::View(name) => {
            let name = qualified(name);
            quote!(p::Commented::View(#name))
        }
        Commented::MaterializedView(name) => {
            let name = qualified(name);
            quote!(p::Commented::MaterializedView(#name))
        }
        Commented::Index(name) => {
            let name = qualified(name);
            quote!(p::Commented::Index(#name))
        }
        Commented::Column(table, name) => {
            let of = of(table, name);
            quote!(p::Commented::Column(#of))
        }
        Commented::Constraint(table, name) => {
            let of = of(table, name);
            quote!(p::Commented::Constraint(#of))
        }
        Commented::Policy(table, name) => {
            let of = of(table, name);
            quote!(p::Commented::Policy(#of))
        }
        Commented::Function(routine) => {
            let routine = function::routine(routine);
            quote!(p::Commented::Function(#routine))
        }
        Commented::Trigger(table, name) => {
            let of = of(table, name);
            quote!(p::Commented::Trigger(#of))
        }
    }
}
