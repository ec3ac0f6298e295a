//! Partitions as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::{DeclaredPartition, Partition, PartitionBound, Partitioning, RangeEnd};

use crate::expand::{grant, ident, option, qualified, variant};
use crate::expr::{expr, literal};
use crate::index;

pub(crate) fn partitioning(partitioning: &Partitioning) -> TokenStream {
    let Partitioning { strategy, keys, keep_undeclared, partitions } = partitioning;
    let (strategy, keys) = (variant(strategy), keys.iter().map(|key| index::key(key, expr)));
    let partitions = partitions.values().map(|partition| {
        let (name, partition) = (qualified(&partition.name), self::partition(partition));
        quote!((#name, #partition))
    });
    quote! {
        p::Partitioning {
            strategy: p::PartitionStrategy::#strategy,
            keys: p::vec![#(#keys),*],
            keep_undeclared: #keep_undeclared,
            partitions: p::BTreeMap::from([#(#partitions),*]),
        }
    }
}

/// What a partition says of itself.
pub(crate) fn said(said: &DeclaredPartition) -> TokenStream {
    let DeclaredPartition { force, owner, grants } = said;
    let force = option(force.map(|force| quote!(#force)));
    let owner = option(owner.as_ref().map(ident));
    let grants = grants.iter().map(grant);
    quote! {
        p::DeclaredPartition { force: #force, owner: #owner, grants: p::vec![#(#grants),*] }
    }
}

fn partition(partition: &Partition) -> TokenStream {
    let Partition { name, bound, row_security, partitioning } = partition;
    let (name, row_security) = (qualified(name), variant(row_security));
    let bound = self::bound(bound);
    let partitioning = option(partitioning.as_ref().map(self::partitioning));
    quote! {
        p::Partition {
            name: #name,
            bound: #bound,
            row_security: p::RowSecurity::#row_security,
            partitioning: #partitioning,
        }
    }
}

fn bound(bound: &PartitionBound) -> TokenStream {
    match bound {
        PartitionBound::Range { from, to } => {
            let (from, to) = (from.iter().map(end), to.iter().map(end));
            quote!(p::PartitionBound::Range { from: p::vec![#(#from),*], to: p::vec![#(#to),*] })
        }
        PartitionBound::List(values) => {
            let values = values.iter().map(|value| option(value.as_ref().map(literal)));
            quote!(p::PartitionBound::List(p::vec![#(#values),*]))
        }
        PartitionBound::Hash { modulus, remainder } => {
            quote!(p::PartitionBound::Hash { modulus: #modulus, remainder: #remainder })
        }
        PartitionBound::Default => quote!(p::PartitionBound::Default),
    }
}

fn end(end: &RangeEnd) -> TokenStream {
    match end {
        RangeEnd::MinValue => quote!(p::RangeEnd::MinValue),
        RangeEnd::Value(value) => {
            let value = literal(value);
            quote!(p::RangeEnd::Value(#value))
        }
        RangeEnd::MaxValue => quote!(p::RangeEnd::MaxValue),
    }
}
