//! A table of the model as the tokens that make it again. Structs are taken apart with no `..`, so
//! that a new field cannot be left out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use rls_core::model::{
    BaseType, Column, Expr, ForeignKey, Grantee, Ident, Index, Literal, PgType, Policy, PrimaryKey,
    QualifiedName, Table, Unique,
};
use syn::DeriveInput;

/// `impl Table for …`.
pub(crate) fn expand(input: &DeriveInput, table: &Table) -> TokenStream {
    let name = &input.ident;
    let table = self::table(table);
    quote! {
        #[automatically_derived]
        impl ::rls_schema::Table for #name {
            fn table() -> ::rls_schema::model::Table {
                use ::rls_schema::__private as p;
                #table
            }
        }
    }
}

fn table(table: &Table) -> TokenStream {
    let Table {
        name,
        columns,
        primary_key,
        uniques,
        foreign_keys,
        indexes,
        row_security,
        policies,
    } = table;
    let name = qualified(name);
    let columns = columns.iter().map(column);
    let primary_key = option(primary_key.as_ref().map(self::primary_key));
    let uniques = map(uniques, |Unique { columns }| {
        let columns = idents(columns);
        quote!(p::Unique { columns: #columns })
    });
    let foreign_keys = map(foreign_keys, foreign_key);
    let indexes = map(indexes, |Index { columns }| {
        let columns = idents(columns);
        quote!(p::Index { columns: #columns })
    });
    let row_security = variant(row_security);
    let policies = map(policies, policy);
    quote! {
        p::Table {
            name: #name,
            columns: p::vec![#(#columns),*],
            primary_key: #primary_key,
            uniques: #uniques,
            foreign_keys: #foreign_keys,
            indexes: #indexes,
            row_security: p::RowSecurity::#row_security,
            policies: #policies,
        }
    }
}

fn column(column: &Column) -> TokenStream {
    let Column { name, ty, nullable, default, identity } = column;
    let name = ident(name);
    let ty = pg_type(ty);
    let default = option(default.as_ref().map(expr));
    let identity = option(identity.as_ref().map(|identity| {
        let identity = variant(identity);
        quote!(p::Identity::#identity)
    }));
    quote! {
        p::Column { name: #name, ty: #ty, nullable: #nullable, default: #default, identity: #identity }
    }
}

fn pg_type(ty: &PgType) -> TokenStream {
    let PgType { base, modifiers, array } = ty;
    let base = match base {
        BaseType::Named(name) => {
            let name = qualified(name);
            quote!(p::BaseType::Named(#name))
        }
        builtin => {
            let name = format_ident!("{}", builtin.variant_name().unwrap_or_default());
            quote!(p::BaseType::#name)
        }
    };
    quote!(p::PgType { base: #base, modifiers: p::vec![#(#modifiers),*], array: #array })
}

fn primary_key(key: &PrimaryKey) -> TokenStream {
    let PrimaryKey { name, columns } = key;
    let (name, columns) = (ident(name), idents(columns));
    quote!(p::PrimaryKey { name: #name, columns: #columns })
}

fn foreign_key(key: &ForeignKey) -> TokenStream {
    let ForeignKey { columns, table, references, on_delete, on_update } = key;
    let (columns, references) = (idents(columns), idents(references));
    let table = qualified(table);
    let (on_delete, on_update) = (variant(on_delete), variant(on_update));
    quote! {
        p::ForeignKey {
            columns: #columns,
            table: #table,
            references: #references,
            on_delete: p::ReferentialAction::#on_delete,
            on_update: p::ReferentialAction::#on_update,
        }
    }
}

fn policy(policy: &Policy) -> TokenStream {
    let Policy { kind, command, roles, using, with_check } = policy;
    let (kind, command) = (variant(kind), variant(command));
    let roles = self::roles(roles);
    let using = option(using.as_ref().map(expr));
    let with_check = option(with_check.as_ref().map(expr));
    quote! {
        p::Policy {
            kind: p::PolicyKind::#kind,
            command: p::Command::#command,
            roles: #roles,
            using: #using,
            with_check: #with_check,
        }
    }
}

fn roles(roles: &BTreeSet<Grantee>) -> TokenStream {
    let roles = roles.iter().map(|role| match role {
        Grantee::Public => quote!(p::Grantee::Public),
        Grantee::Role(name) => {
            let name = ident(name);
            quote!(p::Grantee::Role(#name))
        }
    });
    quote!(p::BTreeSet::from([#(#roles),*]))
}

fn expr(e: &Expr) -> TokenStream {
    match e {
        Expr::Literal(literal) => {
            let literal = match literal {
                Literal::Bool(value) => quote!(Bool(#value)),
                Literal::Number(digits) => quote!(Number(p::String::from(#digits))),
                Literal::Text(text) => quote!(Text(p::String::from(#text))),
            };
            quote!(p::Expr::Literal(p::Literal::#literal))
        }
        Expr::Column(name) => {
            let name = ident(name);
            quote!(p::Expr::Column(#name))
        }
        Expr::Now => quote!(p::Expr::Now),
        Expr::AuthUid(ty) => {
            let ty = variant(ty);
            quote!(p::Expr::AuthUid(p::SubjectType::#ty))
        }
        Expr::Claim(path) => quote!(p::Expr::Claim(p::vec![#(p::String::from(#path)),*])),
        Expr::Compare { op, left, right } => {
            let op = variant(op);
            let (left, right) = (boxed(left), boxed(right));
            quote!(p::Expr::Compare { op: p::CompareOp::#op, left: #left, right: #right })
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
        Expr::Sql(text) => quote!(p::Expr::Sql(p::String::from(#text))),
    }
}

fn boxed(e: &Expr) -> TokenStream {
    let e = expr(e);
    quote!(p::Box::new(#e))
}

/// The variant of a plain enum, whose `Debug` is its name.
fn variant(value: &impl std::fmt::Debug) -> proc_macro2::Ident {
    format_ident!("{value:?}")
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(p::Option::Some(#value)),
        None => quote!(p::Option::None),
    }
}

fn map<T>(items: &BTreeMap<Ident, T>, tokens: impl Fn(&T) -> TokenStream) -> TokenStream {
    let items = items.iter().map(|(name, item)| {
        let (name, item) = (ident(name), tokens(item));
        quote!((#name, #item))
    });
    quote!(p::BTreeMap::from([#(#items),*]))
}

fn idents(names: &[Ident]) -> TokenStream {
    let names = names.iter().map(ident);
    quote!(p::vec![#(#names),*])
}

fn ident(name: &Ident) -> TokenStream {
    let name = name.as_str();
    quote!(p::ident(#name))
}

fn qualified(name: &QualifiedName) -> TokenStream {
    let QualifiedName { schema, name } = name;
    let (schema, name) = (ident(schema), ident(name));
    quote!(p::QualifiedName { schema: #schema, name: #name })
}
