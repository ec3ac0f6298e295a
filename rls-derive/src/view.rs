//! Views as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{DeclaredView, View};
use rls_core::syntax::lower_view;
use syn::DeriveInput;

use crate::constraint::sql;
use crate::expand::{grant, ident, idents, option, qualified, variant};
use crate::fallback::derived;
use crate::function::allowed;
use crate::index::index;
use crate::sequence::commented;
use crate::trigger::trigger;

/// `impl View for ..`.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let signature = quote!(view() -> ::rls_schema::model::DeclaredView);
    derived(input, lower_view, &quote!(View), &signature, declared)
}

fn declared(declared: &DeclaredView) -> TokenStream {
    let DeclaredView { view, owner, grants, comments, allowed } = declared;
    let view = self::view(view);
    let owner = option(owner.as_ref().map(ident));
    let grants = grants.iter().map(grant);
    let comments = comments.iter().map(|(on, text)| {
        let on = commented(on);
        quote!((#on, p::String::from(#text)))
    });
    let allowed = allowed.iter().map(self::allowed);
    quote! {
        p::DeclaredView {
            view: #view,
            owner: #owner,
            grants: p::vec![#(#grants),*],
            comments: p::BTreeMap::from([#(#comments),*]),
            allowed: p::vec![#(#allowed),*],
        }
    }
}

fn view(view: &View) -> TokenStream {
    let View {
        name,
        query,
        kind,
        columns,
        security_invoker,
        security_barrier,
        check_option,
        indexes,
        triggers,
    } = view;
    let (name, query, columns) = (qualified(name), sql(query), idents(columns));
    let (kind, check_option) = (variant(kind), variant(check_option));
    let indexes = indexes.iter().map(|(name, item)| {
        let (name, item) = (ident(name), index(item, sql));
        quote!((#name, #item))
    });
    let triggers = triggers.iter().map(|(name, item)| {
        let (name, item) = (ident(name), trigger(item));
        quote!((#name, #item))
    });
    quote! {
        p::View {
            name: #name,
            query: #query,
            kind: p::ViewKind::#kind,
            columns: #columns,
            security_invoker: #security_invoker,
            security_barrier: #security_barrier,
            check_option: p::CheckOption::#check_option,
            indexes: p::BTreeMap::from([#(#indexes),*]),
            triggers: p::BTreeMap::from([#(#triggers),*]),
        }
    }
}
