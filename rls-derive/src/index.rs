//! Indexes as tokens, and the keys that they have in common with exclusion constraints and partitions.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{Index, IndexKey, IndexValue, OperatorClass};

use crate::expand::{ident, idents, option, qualified};

/// `write` is how its expressions are written.
pub(crate) fn index<E>(index: &Index<E>, write: impl Fn(&E) -> TokenStream) -> TokenStream {
    let Index { method, unique, nulls_not_distinct, keys, include, predicate, with, not_valid } =
        index;
    let (method, include, with) = (ident(method), idents(include), parameters(with));
    let keys = keys.iter().map(|key| self::key(key, &write));
    let predicate = option(predicate.as_ref().map(&write));
    quote! {
        p::Index {
            method: #method,
            unique: #unique,
            nulls_not_distinct: #nulls_not_distinct,
            keys: p::vec![#(#keys),*],
            include: #include,
            predicate: #predicate,
            with: #with,
            not_valid: #not_valid,
        }
    }
}

pub(crate) fn key<E>(key: &IndexKey<E>, write: impl Fn(&E) -> TokenStream) -> TokenStream {
    let IndexKey { value, collation, operator_class, descending, nulls_first } = key;
    let value = match value {
        IndexValue::Column(name) => {
            let name = ident(name);
            quote!(p::IndexValue::Column(#name))
        }
        IndexValue::Expr(value) => {
            let value = write(value);
            quote!(p::IndexValue::Expr(#value))
        }
    };
    let collation = option(collation.as_ref().map(qualified));
    let operator_class = operator_class.as_ref().map(|OperatorClass { name, parameters }| {
        let (name, parameters) = (qualified(name), self::parameters(parameters));
        quote!(p::OperatorClass { name: #name, parameters: #parameters })
    });
    let operator_class = option(operator_class);
    quote! {
        p::IndexKey {
            value: #value,
            collation: #collation,
            operator_class: #operator_class,
            descending: #descending,
            nulls_first: #nulls_first,
        }
    }
}

fn parameters(parameters: &BTreeMap<String, String>) -> TokenStream {
    let each = parameters
        .iter()
        .map(|(name, value)| quote!((p::String::from(#name), p::String::from(#value))));
    quote!(p::BTreeMap::from([#(#each),*]))
}
