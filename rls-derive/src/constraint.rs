//! Constraints as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{
    Check, Deferral, Exclusion, ExclusionElement, ForeignKey, PrimaryKey, Sql, Unique,
};

use crate::expand::{ident, idents, option, qualified, variant};
use crate::expr::expr;
use crate::index;

pub(crate) fn primary_key(key: &PrimaryKey) -> TokenStream {
    let PrimaryKey { name, columns, include, deferral } = key;
    let (name, columns, include) = (ident(name), idents(columns), idents(include));
    let deferral = self::deferral(*deferral);
    quote! {
        p::PrimaryKey { name: #name, columns: #columns, include: #include, deferral: #deferral }
    }
}

pub(crate) fn unique(unique: &Unique) -> TokenStream {
    let Unique { columns, include, nulls_not_distinct, deferral } = unique;
    let (columns, include) = (idents(columns), idents(include));
    let deferral = self::deferral(*deferral);
    quote! {
        p::Unique {
            columns: #columns,
            include: #include,
            nulls_not_distinct: #nulls_not_distinct,
            deferral: #deferral,
        }
    }
}

pub(crate) fn check(check: &Check) -> TokenStream {
    let Check { expr, no_inherit, not_valid } = check;
    let expr = self::expr(expr);
    quote!(p::Check { expr: #expr, no_inherit: #no_inherit, not_valid: #not_valid })
}

pub(crate) fn foreign_key(key: &ForeignKey) -> TokenStream {
    let ForeignKey {
        columns,
        table,
        references,
        on_delete,
        on_update,
        set_columns,
        match_full,
        deferral,
        not_valid,
    } = key;
    let (columns, references, set_columns) =
        (idents(columns), idents(references), idents(set_columns));
    let (table, deferral) = (qualified(table), self::deferral(*deferral));
    let (on_delete, on_update) = (variant(on_delete), variant(on_update));
    quote! {
        p::ForeignKey {
            columns: #columns,
            table: #table,
            references: #references,
            on_delete: p::ReferentialAction::#on_delete,
            on_update: p::ReferentialAction::#on_update,
            set_columns: #set_columns,
            match_full: #match_full,
            deferral: #deferral,
            not_valid: #not_valid,
        }
    }
}

pub(crate) fn exclusion(exclusion: &Exclusion) -> TokenStream {
    let Exclusion { method, elements, include, predicate, deferral } = exclusion;
    let (method, include) = (ident(method), idents(include));
    let elements = elements.iter().map(|ExclusionElement { key, operator }| {
        let (key, operator) = (index::key(key, expr), sql(operator));
        quote!(p::ExclusionElement { key: #key, operator: #operator })
    });
    let predicate = option(predicate.as_ref().map(expr));
    let deferral = self::deferral(*deferral);
    quote! {
        p::Exclusion {
            method: #method,
            elements: p::vec![#(#elements),*],
            include: #include,
            predicate: #predicate,
            deferral: #deferral,
        }
    }
}

pub(crate) fn deferral(deferral: Deferral) -> TokenStream {
    let deferral = variant(&deferral);
    quote!(p::Deferral::#deferral)
}

pub(crate) fn sql(sql: &Sql) -> TokenStream {
    let text = sql.as_str();
    quote!(p::Sql::new(#text))
}
