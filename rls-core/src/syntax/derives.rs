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

/// The first `#[rls(..)]` on a struct or one of its fields.
pub(super) fn rls_attribute(input: &DeriveInput) -> Option<&Attribute> {
    let fields = match &input.data {
        Data::Struct(data) => Some(data.fields.iter().flat_map(|field| &field.attrs)),
        Data::Enum(_) | Data::Union(_) => None,
    };
    let mut attrs = input.attrs.iter().chain(fields.into_iter().flatten());
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
