//! What has a name in a schema and is no table: what its struct or enum says of both.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields};

use super::Ctxt;
use super::attr::{Item, checked};
use super::decl::may_hold_tables;
use crate::model::{Ident, QualifiedName, snake_case};

/// Whether a struct has no fields. Otherwise it is told that `what` is declared by one that has none.
pub(super) fn is_unit(input: &DeriveInput, what: &str, ctxt: &Ctxt) -> bool {
    let unit = matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit));
    if !unit {
        let message = format!("{what} is declared by a struct without fields");
        ctxt.error_help(&input.ident, message, format!("write `struct {};`", input.ident));
    }
    unit
}

/// What it is called, by the items that say so: by default as in Rust, and in `public`.
pub(super) fn called(
    input: &DeriveInput,
    name: Option<&Item>,
    schema: Option<&Item>,
    ctxt: &Ctxt,
) -> Option<QualifiedName> {
    let schema = match schema {
        Some(item) => item.name(ctxt).filter(|name| may_hold_tables(name, item, ctxt))?,
        None => Ident::literal("public"),
    };
    let name = match name {
        Some(item) => item.name(ctxt)?,
        None => checked(&input.ident, snake_case(&input.ident.unraw().to_string()), ctxt)?,
    };
    Some(QualifiedName::new(schema, name))
}
