//! A declared expression as the tokens that make it again.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{ColumnRef, Expr, Interval, Literal, NamedPredicate};

use crate::expand::{pg_type, variant};
use crate::witness;

pub(crate) fn literal(literal: &Literal) -> TokenStream {
    match literal {
        Literal::Bool(value) => quote!(p::Literal::Bool(#value)),
        Literal::Number(digits) => quote!(p::Literal::Number(p::String::from(#digits))),
        Literal::Text(text) => quote!(p::Literal::Text(p::String::from(#text))),
    }
}

pub(crate) fn expr(e: &Expr) -> TokenStream {
    match e {
        Expr::Literal(literal) => {
            let literal = self::literal(literal);
            quote!(p::Expr::Literal(#literal))
        }
        Expr::Column(ColumnRef { up, field }) => {
            quote!(p::Expr::Column(p::ColumnRef { up: #up, field: p::String::from(#field) }))
        }
        Expr::Parameter(name) => quote!(p::Expr::Parameter(p::String::from(#name))),
        Expr::Now => quote!(p::Expr::Now),
        Expr::Interval(Interval { count, unit }) => {
            let unit = variant(unit);
            quote!(p::Expr::Interval(p::Interval { count: #count, unit: p::TimeUnit::#unit }))
        }
        Expr::Shift { op, time, by } => {
            let (op, time, by) = (variant(op), boxed(time), boxed(by));
            quote!(p::Expr::Shift { op: p::ShiftOp::#op, time: #time, by: #by })
        }
        Expr::AuthUid => quote!(p::Expr::AuthUid),
        Expr::Claim(path) => quote!(p::Expr::Claim(p::vec![#(p::String::from(#path)),*])),
        Expr::Role => quote!(p::Expr::Role),
        Expr::Json { value, path } => {
            let value = boxed(value);
            quote!(p::Expr::Json { value: #value, path: p::vec![#(p::String::from(#path)),*] })
        }
        Expr::Cast { value, ty } => {
            let (value, ty) = (boxed(value), pg_type(ty));
            quote!(p::Expr::Cast { value: #value, ty: #ty })
        }
        Expr::Compare { op, left, right } => {
            let (op, left, right) = (variant(op), boxed(left), boxed(right));
            quote!(p::Expr::Compare { op: p::CompareOp::#op, left: #left, right: #right })
        }
        Expr::In { value, list } => {
            let (value, list) = (boxed(value), list.iter().map(expr));
            quote!(p::Expr::In { value: #value, list: p::vec![#(#list),*] })
        }
        Expr::Matches { form, value, pattern } => {
            let (form, value, pattern) = (variant(form), boxed(value), boxed(pattern));
            quote!(p::Expr::Matches { form: p::TextForm::#form, value: #value, pattern: #pattern })
        }
        Expr::Contains { container, value } => {
            let (container, value) = (boxed(container), boxed(value));
            quote!(p::Expr::Contains { container: #container, value: #value })
        }
        Expr::And(all) => {
            let all = all.iter().map(expr);
            quote!(p::Expr::And(p::vec![#(#all),*]))
        }
        Expr::Or(any) => {
            let any = any.iter().map(expr);
            quote!(p::Expr::Or(p::vec![#(#any),*]))
        }
        Expr::Not(inner) => {
            let inner = boxed(inner);
            quote!(p::Expr::Not(#inner))
        }
        Expr::IsNull(inner) => {
            let inner = boxed(inner);
            quote!(p::Expr::IsNull(#inner))
        }
        Expr::Exists { table, alias, filter } => {
            let filter = boxed(filter);
            quote! {
                p::Expr::Exists {
                    table: p::String::from(#table),
                    alias: p::String::from(#alias),
                    filter: #filter,
                }
            }
        }
        Expr::Definer(inner) => {
            let inner = boxed(inner);
            quote!(p::Expr::Definer(#inner))
        }
        Expr::Named { path, predicate: _, arguments } => {
            let predicate = witness::predicate_name(path);
            let arguments = arguments.iter().map(expr);
            quote! {
                p::Expr::Named {
                    path: p::String::from(#path),
                    predicate: p::Option::Some(p::Box::new(#predicate.clone())),
                    arguments: p::vec![#(#arguments),*],
                }
            }
        }
        Expr::Sql(text) => quote!(p::Expr::Sql(p::String::from(#text))),
    }
}

/// A named predicate.
pub(crate) fn predicate(predicate: &NamedPredicate) -> TokenStream {
    let NamedPredicate { name, parameters, body } = predicate;
    let parameters = parameters.iter().map(|(name, ty)| {
        let ty = pg_type(ty);
        quote!((p::String::from(#name), #ty))
    });
    let body = expr(body);
    quote! {
        p::NamedPredicate {
            name: p::String::from(#name),
            parameters: p::vec![#(#parameters),*],
            body: #body,
        }
    }
}

fn boxed(e: &Expr) -> TokenStream {
    let e = expr(e);
    quote!(p::Box::new(#e))
}
