//! What things were called before, as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{Ident, QualifiedName, Renames};

use crate::expand::{ident, qualified};

/// The names before of what one item declares.
pub(crate) fn renames(renames: &Renames) -> TokenStream {
    let Renames { roles, tables, sequences, columns, policies, values } = renames;
    let roles = roles.iter().map(|(now, was)| (ident(now), ident(was)));
    let in_schema = |(now, was): (&QualifiedName, &Ident)| (qualified(now), ident(was));
    let (tables, sequences) = (tables.iter().map(in_schema), sequences.iter().map(in_schema));
    let on_table = |((table, now), was): (&(QualifiedName, Ident), &Ident)| {
        let (table, now) = (qualified(table), ident(now));
        (quote!((#table, #now)), ident(was))
    };
    let columns = columns.iter().map(on_table);
    let policies = policies.iter().map(on_table);
    let values = values.iter().map(|((ty, now), was)| {
        let ty = qualified(ty);
        (quote!((#ty, p::String::from(#now))), quote!(p::String::from(#was)))
    });
    let (roles, tables, sequences) = (map(roles), map(tables), map(sequences));
    let (columns, policies, values) = (map(columns), map(policies), map(values));
    quote! {
        p::Renames {
            roles: #roles,
            tables: #tables,
            sequences: #sequences,
            columns: #columns,
            policies: #policies,
            values: #values,
        }
    }
}

fn map(names: impl Iterator<Item = (TokenStream, TokenStream)>) -> TokenStream {
    let names = names.map(|(now, was)| quote!((#now, #was)));
    quote!(p::BTreeMap::from([#(#names),*]))
}
