//! What lets the compiler check a lookup in another table where it is written: each table's struct
//! has a constant for each of its columns, and each lookup names those that it uses.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use rls_core::model::Expr;
use rls_core::resolve::Part;
use rls_core::syntax::Lowered;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput};

/// A constant for each field.
pub(crate) fn columns(input: &DeriveInput) -> TokenStream {
    let Data::Struct(data) = &input.data else { return TokenStream::new() };
    let names: Vec<_> = data
        .fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .map(|field| format_ident!("rls_column_{}", field.unraw()))
        .collect();
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(dead_code, non_upper_case_globals)]
        impl #impl_generics #name #type_generics #where_clause {
            #(#[doc(hidden)] pub const #names: () = ();)*
        }
    }
}

/// The tables and columns that a table's lookups use, each at its token.
pub(crate) fn lookups(lowered: &Lowered) -> TokenStream {
    let mut seen = BTreeSet::new();
    let mut checks = TokenStream::new();
    for (part, tokens) in &lowered.places {
        let Part::Expr(site, 0) = part else { continue };
        let Some(root) = lowered.expression(site) else { continue };
        let place = |node: usize| {
            let part = Part::Expr(site.clone(), node);
            lowered.places.get(&part).cloned().unwrap_or_else(|| tokens.clone())
        };
        let mut next = 0;
        walk(root, &mut Vec::new(), &mut next, &mut |node, path, field| {
            if seen.insert((path.to_owned(), field.map(str::to_owned))) {
                checks.extend(check(path, field, place(node)));
            }
        });
    }
    checks
}

/// The same for a named predicate.
pub(crate) fn lookups_of_predicate(body: &Expr, places: &[TokenStream]) -> TokenStream {
    let mut checks = TokenStream::new();
    walk(body, &mut Vec::new(), &mut 0, &mut |node, path, field| {
        let tokens = places.get(node).cloned().unwrap_or_default();
        checks.extend(check(path, field, tokens));
    });
    checks
}

/// Tells of every table that is looked in, and every column of such a table, with the node's number.
fn walk<'a>(
    e: &'a Expr,
    tables: &mut Vec<&'a str>,
    next: &mut usize,
    found: &mut dyn FnMut(usize, &'a str, Option<&'a str>),
) {
    let node = *next;
    *next += 1;
    if let Expr::Column(column) = e
        && let Some(at) = tables.len().checked_sub(column.up + 1)
    {
        found(node, tables[at], Some(&column.field));
    }
    if let Expr::Exists { table, .. } = e {
        found(node, table, None);
        tables.push(table);
    }
    for part in e.parts() {
        walk(part, tables, next, found);
    }
    if let Expr::Exists { .. } = e {
        tables.pop();
    }
}

fn check(path: &str, field: Option<&str>, tokens: TokenStream) -> TokenStream {
    let Ok(path) = syn::parse_str::<syn::Path>(path) else { return TokenStream::new() };
    match field {
        Some(field) => {
            let span = tokens.into_iter().last().map_or_else(Span::call_site, |last| last.span());
            let column = format_ident!("rls_column_{field}", span = span);
            let path = respanned(quote!(#path), span);
            quote_spanned!(span=> let () = #path::#column;)
        }
        None => {
            let span = inside(tokens);
            let path = respanned(quote!(#path), span);
            quote_spanned! {span=>
                let _: fn() -> p::DeclaredTable = <#path as ::rls_schema::Table>::table;
            }
        }
    }
}

/// Where the first argument of a call stands.
fn inside(tokens: TokenStream) -> Span {
    let mut all = tokens.into_iter();
    let first = all.next();
    let group = all.find_map(|token| match token {
        TokenTree::Group(group) => group.stream().into_iter().next(),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    });
    group.or(first).map_or_else(Span::call_site, |token| token.span())
}

fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
