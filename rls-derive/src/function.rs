//! Functions as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{
    AllowedLint, Argument, Attributes, Body, DeclaredFunction, Function, ReturnedColumn, Returns,
    Routine,
};
use rls_core::syntax::lower_function;
use syn::DeriveInput;

use crate::constraint::sql;
use crate::expand::{grant, ident, option, pg_type, qualified, variant};
use crate::fallback::derived;

/// `impl Function for ..`.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let signature = quote!(function() -> ::rls_schema::model::DeclaredFunction);
    derived(input, lower_function, &quote!(Function), &signature, declared)
}

fn declared(declared: &DeclaredFunction) -> TokenStream {
    let DeclaredFunction { function, owner, grants, comment, allowed } = declared;
    let function = self::function(function);
    let owner = option(owner.as_ref().map(ident));
    let grants = grants.iter().map(grant);
    let comment = option(comment.as_ref().map(|text| quote!(p::String::from(#text))));
    let allowed = allowed.iter().map(self::allowed);
    quote! {
        p::DeclaredFunction {
            function: #function,
            owner: #owner,
            grants: p::vec![#(#grants),*],
            comment: #comment,
            allowed: p::vec![#(#allowed),*],
        }
    }
}

pub(crate) fn allowed(allowed: &AllowedLint) -> TokenStream {
    let AllowedLint { lint, reason } = allowed;
    quote!(p::AllowedLint { lint: p::String::from(#lint), reason: p::String::from(#reason) })
}

fn function(function: &Function) -> TokenStream {
    let Function { name, arguments, returns, attributes, body } = function;
    let name = qualified(name);
    let arguments = arguments.iter().map(argument);
    let (returns, attributes) = (self::returns(returns), self::attributes(attributes));
    let body = match body {
        Body::Text(text) => quote!(p::Body::Text(p::String::from(#text))),
        Body::Standard { standard } => {
            let standard = sql(standard);
            quote!(p::Body::Standard { standard: #standard })
        }
    };
    quote! {
        p::Function {
            name: #name,
            arguments: p::vec![#(#arguments),*],
            returns: #returns,
            attributes: #attributes,
            body: #body,
        }
    }
}

fn argument(argument: &Argument) -> TokenStream {
    let Argument { name, ty, mode, default } = argument;
    let (name, ty, mode) = (option(name.as_ref().map(ident)), pg_type(ty), variant(mode));
    let default = option(default.as_ref().map(sql));
    quote! {
        p::FunctionArgument {
            name: #name,
            ty: #ty,
            mode: p::ArgumentMode::#mode,
            default: #default,
        }
    }
}

fn returns(returns: &Returns) -> TokenStream {
    match returns {
        Returns::Value(ty) => {
            let ty = pg_type(ty);
            quote!(p::Returns::Value(#ty))
        }
        Returns::SetOf { set_of } => {
            let set_of = pg_type(set_of);
            quote!(p::Returns::SetOf { set_of: #set_of })
        }
        Returns::Table { table } => {
            let columns = table.iter().map(|ReturnedColumn { name, ty }| {
                let (name, ty) = (ident(name), pg_type(ty));
                quote!(p::ReturnedColumn { name: #name, ty: #ty })
            });
            quote!(p::Returns::Table { table: p::vec![#(#columns),*] })
        }
        Returns::Procedure => quote!(p::Returns::Procedure),
    }
}

fn attributes(attributes: &Attributes) -> TokenStream {
    let Attributes {
        language,
        volatility,
        parallel,
        strict,
        security_definer,
        leakproof,
        cost,
        rows,
        settings,
    } = attributes;
    let (language, volatility, parallel) =
        (ident(language), variant(volatility), variant(parallel));
    let number = |value: &Option<u32>| option(value.map(|value| quote!(#value)));
    let (cost, rows) = (number(cost), number(rows));
    let settings = settings.iter().map(
        |(name, values)| quote!((p::String::from(#name), p::vec![#(p::String::from(#values)),*])),
    );
    quote! {
        p::Attributes {
            language: #language,
            volatility: p::Volatility::#volatility,
            parallel: p::Parallel::#parallel,
            strict: #strict,
            security_definer: #security_definer,
            leakproof: #leakproof,
            cost: #cost,
            rows: #rows,
            settings: p::BTreeMap::from([#(#settings),*]),
        }
    }
}

/// What tells a function from others.
pub(crate) fn routine(routine: &Routine) -> TokenStream {
    let Routine { name, arguments } = routine;
    let (name, arguments) = (qualified(name), arguments.iter().map(pg_type));
    quote!(p::Routine { name: #name, arguments: p::vec![#(#arguments),*] })
}
