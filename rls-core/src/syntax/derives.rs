//! Whether an item is one of ours, told by its attributes.

use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Token};

/// `#[predicate]` or `#[rls_schema::predicate]`.
pub(super) fn predicate_attribute(attrs: &[Attribute]) -> Option<&Attribute> {
    attrs.iter().find(|attr| {
        let path = attr.path();
        path.segments.last().is_some_and(|last| last.ident == "predicate")
            && path
                .segments
                .first()
                .is_some_and(|first| path.segments.len() == 1 || first.ident == "rls_schema")
    })
}

/// The first `#[rls(..)]` on a struct or enum, or on one of its fields or variants.
pub(super) fn rls_attribute(input: &DeriveInput) -> Option<&Attribute> {
    let parts: Vec<_> = match &input.data {
        Data::Struct(data) => data.fields.iter().flat_map(|field| &field.attrs).collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.attrs).collect(),
        Data::Union(_) => Vec::new(),
    };
    let mut attrs = input.attrs.iter().chain(parts);
    attrs.find(|attr| attr.path().is_ident("rls"))
}

/// `derive(Table)` or `derive(rls_schema::Table)`; `derive(other::Table)` is another's, unless
/// `#[rls(..)]` says that the crate goes by another name here.
pub(super) fn derives(name: &str, attrs: &[Attribute], has_rls: bool) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let parse = Punctuated::<syn::Path, Token![,]>::parse_terminated;
        let paths = attr.parse_args_with(parse).unwrap_or_default();
        paths.iter().any(|path| {
            let ours = path.segments.len() == 1
                || has_rls
                || path.segments.first().is_some_and(|first| first.ident == "rls_schema");
            ours && path.segments.last().is_some_and(|last| last.ident == name)
        })
    })
}
