//! What lets the compiler find what a declaration names elsewhere, and blame the token that names it:
//! each table's struct has a constant for each of its columns, which lookups in it refer to, and named
//! predicates are functions, which are called with as many arguments.

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
        walk(root, &mut Vec::new(), &mut next, &mut |node, found| {
            if seen.insert(found) {
                checks.extend(check(found, place(node)));
            }
        });
    }
    checks
}

/// The same for a named predicate.
pub(crate) fn lookups_of_predicate(body: &Expr, places: &[TokenStream]) -> TokenStream {
    let mut seen = BTreeSet::new();
    let mut checks = TokenStream::new();
    walk(body, &mut Vec::new(), &mut 0, &mut |node, found| {
        if seen.insert(found) {
            checks.extend(check(found, places.get(node).cloned().unwrap_or_default()));
        }
    });
    checks
}

/// What an expression names outside of its own table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named<'a> {
    Table(&'a str),
    Column { table: &'a str, field: &'a str },
    Predicate { path: &'a str, arguments: usize },
}

/// Tells of everything that is named, with the node's number.
fn walk<'a>(
    e: &'a Expr,
    tables: &mut Vec<&'a str>,
    next: &mut usize,
    tell: &mut dyn FnMut(usize, Named<'a>),
) {
    let node = *next;
    *next += 1;
    if let Expr::Column(column) = e
        && let Some(at) = tables.len().checked_sub(column.up + 1)
    {
        tell(node, Named::Column { table: tables[at], field: &column.field });
    }
    if let Expr::Named { path, predicate: _, arguments } = e {
        tell(node, Named::Predicate { path, arguments: arguments.len() });
    }
    if let Expr::Exists { table, .. } = e {
        tell(node, Named::Table(table));
        tables.push(table);
    }
    for part in e.parts() {
        walk(part, tables, next, tell);
    }
    if let Expr::Exists { .. } = e {
        tables.pop();
    }
}

fn check(named: Named<'_>, tokens: TokenStream) -> TokenStream {
    let (Named::Table(path) | Named::Column { table: path, .. } | Named::Predicate { path, .. }) =
        named;
    let Ok(path) = syn::parse_str::<syn::Path>(path) else { return TokenStream::new() };
    let first = || tokens.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
    let last = || tokens.clone().into_iter().last().map_or_else(Span::call_site, |t| t.span());
    match named {
        Named::Table(_) => {
            let span = inside(tokens);
            let path = respanned(quote!(#path), span);
            quote_spanned! {span=>
                let _: fn() -> p::DeclaredTable = <#path as ::rls_schema::Table>::table;
            }
        }
        Named::Column { field, .. } => {
            let span = last();
            let column = format_ident!("rls_column_{field}", span = span);
            let path = respanned(quote!(#path), span);
            quote_spanned!(span=> let () = #path::#column;)
        }
        Named::Predicate { path: text, arguments } => {
            let span = first();
            let name = predicate_name(text);
            let path = respanned(quote!(#path), span);
            // Without a place of their own: the compiler would suggest text to write there.
            let arguments = std::iter::repeat_n(quote!(p::Argument), arguments);
            let arguments = quote!((#(#arguments),*));
            quote_spanned!(span=> let #name: p::NamedPredicate = #path #arguments;)
        }
    }
}

/// The variable that holds a named predicate.
pub(crate) fn predicate_name(path: &str) -> proc_macro2::Ident {
    format_ident!("rls_predicate_{}", path.replace("r#", "").replace("::", "__"))
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
