//! A table of the model as the tokens that make it again. Structs are taken apart with no `..`, so
//! that a new field cannot be left out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use rls_core::model::{
    BaseType, Column, DeclaredGrant, DeclaredTable, Generated, Grantee, Ident, Modifier, PgType,
    Policy, QualifiedName, SequenceOptions, Table,
};
use rls_core::syntax::Lowered;
use syn::DeriveInput;

use crate::expr::expr;
use crate::{
    constraint, function, index, partition, rename, sequence, trigger, user_type, witness,
};

/// `impl Table for …`, and what other tables' lookups are checked against.
pub(crate) fn expand(input: &DeriveInput, lowered: &Lowered) -> TokenStream {
    let name = &input.ident;
    let DeclaredTable {
        table,
        rust_name,
        fields,
        skipped,
        policy_indexes,
        force,
        policy_columns,
        implied_checks,
        allowed,
        // What the fields' types bring along is known to these alone.
        types: _,
        sequences,
        partitions,
        owner,
        grants,
        comments,
        renames,
    } = &lowered.table;
    let renames = rename::renames(renames);
    let table = self::table(table);
    let force = option(force.map(|force| quote!(#force)));
    let policy_columns = map(policy_columns, |columns| {
        let columns = columns.iter().map(ident);
        quote!(p::BTreeSet::from([#(#columns),*]))
    });
    let implied_checks = implied_checks.iter().map(ident);
    let allowed = allowed.iter().map(function::allowed);
    let sequences = sequences.iter().map(sequence::sequence);
    let partitions = partitions.iter().map(|(name, said)| {
        let (name, said) = (qualified(name), partition::said(said));
        quote!((#name, #said))
    });
    let owner = option(owner.as_ref().map(ident));
    let grants = grants.iter().map(grant);
    let comments = comments.iter().map(|(on, text)| {
        let on = sequence::commented(on);
        quote!((#on, p::String::from(#text)))
    });
    // Only where there are some: the rest is one expression.
    let (declare, types) = if lowered.declared.is_empty() {
        (TokenStream::new(), TokenStream::new())
    } else {
        let types = lowered.declared.iter().map(|(field, ty)| {
            let ty = user_type::typed(ty);
            quote!(declared.set_type(#field, #ty);)
        });
        (quote!(let mut declared =), quote!(; #(#types)* declared))
    };
    let witnesses = witness::columns(input);
    let lookups = witness::lookups(lowered);
    quote! {
        #witnesses

        #[automatically_derived]
        impl ::rls_schema::Table for #name {
            fn table() -> ::rls_schema::model::DeclaredTable {
                use ::rls_schema::__private as p;
                #lookups
                #declare p::DeclaredTable {
                    table: #table,
                    rust_name: p::String::from(#rust_name),
                    fields: p::vec![#(p::String::from(#fields)),*],
                    skipped: p::vec![#(p::String::from(#skipped)),*],
                    policy_indexes: #policy_indexes,
                    force: #force,
                    policy_columns: #policy_columns,
                    implied_checks: p::BTreeSet::from([#(#implied_checks),*]),
                    allowed: p::vec![#(#allowed),*],
                    types: p::vec![],
                    sequences: p::vec![#(#sequences),*],
                    partitions: p::BTreeMap::from([#(#partitions),*]),
                    owner: #owner,
                    grants: p::vec![#(#grants),*],
                    comments: p::BTreeMap::from([#(#comments),*]),
                    renames: #renames,
                }
                #types
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
        checks,
        foreign_keys,
        exclusions,
        indexes,
        triggers,
        partitioning,
        row_security,
        policies,
    } = table;
    let name = qualified(name);
    let columns = columns.iter().map(column);
    let primary_key = option(primary_key.as_ref().map(constraint::primary_key));
    let uniques = map(uniques, constraint::unique);
    let checks = map(checks, constraint::check);
    let foreign_keys = map(foreign_keys, constraint::foreign_key);
    let exclusions = map(exclusions, constraint::exclusion);
    let indexes = map(indexes, |index| index::index(index, expr));
    let triggers = map(triggers, trigger::trigger);
    let partitioning = option(partitioning.as_ref().map(partition::partitioning));
    let row_security = variant(row_security);
    let policies = map(policies, policy);
    quote! {
        p::Table {
            name: #name,
            columns: p::vec![#(#columns),*],
            primary_key: #primary_key,
            uniques: #uniques,
            checks: #checks,
            foreign_keys: #foreign_keys,
            exclusions: #exclusions,
            indexes: #indexes,
            triggers: #triggers,
            partitioning: #partitioning,
            row_security: p::RowSecurity::#row_security,
            policies: #policies,
        }
    }
}

fn column(column: &Column) -> TokenStream {
    let Column { name, ty, collation, nullable, default, identity, numbering, sequence, generated } =
        column;
    let name = ident(name);
    let ty = pg_type(ty);
    let default = option(default.as_ref().map(expr));
    let identity = option(identity.as_ref().map(|identity| {
        let identity = variant(identity);
        quote!(p::Identity::#identity)
    }));
    let collation = option(collation.as_ref().map(qualified));
    let numbering = sequence_options(numbering);
    let sequence = option(sequence.as_ref().map(ident));
    let generated = option(generated.as_ref().map(|Generated { expr, stored }| {
        let expr = self::expr(expr);
        quote!(p::Generated { expr: #expr, stored: #stored })
    }));
    quote! {
        p::Column {
            name: #name,
            ty: #ty,
            collation: #collation,
            nullable: #nullable,
            default: #default,
            identity: #identity,
            numbering: #numbering,
            sequence: #sequence,
            generated: #generated,
        }
    }
}

pub(crate) fn sequence_options(options: &SequenceOptions) -> TokenStream {
    let SequenceOptions { start, increment, min, max, cache, cycle } = options;
    let number = |value: &Option<i64>| option(value.map(|value| quote!(#value)));
    let (start, increment, min) = (number(start), number(increment), number(min));
    let (max, cache) = (number(max), number(cache));
    quote! {
        p::SequenceOptions {
            start: #start,
            increment: #increment,
            min: #min,
            max: #max,
            cache: #cache,
            cycle: #cycle,
        }
    }
}

pub(crate) fn pg_type(ty: &PgType) -> TokenStream {
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
    let modifiers = modifiers.iter().map(|modifier| match modifier {
        Modifier::Number(number) => quote!(p::Modifier::Number(#number)),
        Modifier::Word(word) => quote!(p::Modifier::Word(p::String::from(#word))),
        Modifier::Fields(fields) => {
            let fields = variant(fields);
            quote!(p::Modifier::Fields(p::IntervalFields::#fields))
        }
    });
    quote!(p::PgType { base: #base, modifiers: p::vec![#(#modifiers),*], array: #array })
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

pub(crate) fn grant(grant: &DeclaredGrant) -> TokenStream {
    let DeclaredGrant { roles, privileges, columns, grantable } = grant;
    let roles = self::roles(roles);
    let privileges = privileges.iter().map(variant);
    let columns = columns.iter().map(ident);
    quote! {
        p::DeclaredGrant {
            roles: #roles,
            privileges: p::BTreeSet::from([#(p::Privilege::#privileges),*]),
            columns: p::BTreeSet::from([#(#columns),*]),
            grantable: #grantable,
        }
    }
}

/// The variant of a plain enum, whose `Debug` is its name.
pub(crate) fn variant(value: &impl std::fmt::Debug) -> proc_macro2::Ident {
    format_ident!("{value:?}")
}

pub(crate) fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(p::Option::Some(#value)),
        None => quote!(p::Option::None),
    }
}

pub(crate) fn map<T>(
    items: &BTreeMap<Ident, T>,
    tokens: impl Fn(&T) -> TokenStream,
) -> TokenStream {
    let items = items.iter().map(|(name, item)| {
        let (name, item) = (ident(name), tokens(item));
        quote!((#name, #item))
    });
    quote!(p::BTreeMap::from([#(#items),*]))
}

pub(crate) fn idents(names: &[Ident]) -> TokenStream {
    let names = names.iter().map(ident);
    quote!(p::vec![#(#names),*])
}

pub(crate) fn ident(name: &Ident) -> TokenStream {
    let name = name.as_str();
    quote!(p::ident(#name))
}

pub(crate) fn qualified(name: &QualifiedName) -> TokenStream {
    let QualifiedName { schema, name } = name;
    let (schema, name) = (ident(schema), ident(name));
    quote!(p::QualifiedName { schema: #schema, name: #name })
}
