//! `#[derive(Sequence)]` on a unit struct: a sequence that no column brings along.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields};

use super::attr::{self, Item, checked};
use super::column::{COUNTING, countable, counting};
use super::decl::may_hold_tables;
use super::grant::{self, GrantedOn};
use super::owner::owner;
use super::references::target;
use super::{Ctxt, comment};
use crate::model::{
    BaseType, DeclaredSequence, Ident, PgType, QualifiedName, Sequence, SequenceOwner, snake_case,
};

/// Reads a struct with `#[derive(Sequence)]`. Mistakes go to `ctxt`.
pub fn lower_sequence(input: &DeriveInput, ctxt: &Ctxt) -> Option<DeclaredSequence> {
    let unit = matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit));
    if !unit {
        ctxt.error_help(
            &input.ident,
            "a sequence is declared by a struct without fields",
            format!("write `struct {};`", input.ident),
        );
        return None;
    }
    let before = ctxt.count();
    let mut known = vec!["sequence", "schema", "sql_type", "comment", "grant", "owned_by", "owner"];
    known.extend(COUNTING);
    let items = attr::items(&input.attrs, &known, &["grant"], ctxt);
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let schema = match find("schema") {
        Some(item) => item.name(ctxt).filter(|name| may_hold_tables(name, item, ctxt))?,
        None => Ident::new("public").ok()?,
    };
    let name = match find("sequence") {
        Some(item) => item.name(ctxt)?,
        None => checked(&input.ident, snake_case(&input.ident.unraw().to_string()), ctxt)?,
    };
    let ty = match find("sql_type") {
        None => PgType::plain(BaseType::BigInt),
        Some(item) => {
            let text = item.string(ctxt)?;
            let ty = PgType::parse(&text.value());
            match ty.ok().filter(countable) {
                Some(ty) => ty,
                None => {
                    let help = "write `smallint`, `integer` or `bigint`";
                    ctxt.error_help(text.to_token_stream(), "a sequence counts in integers", help);
                    return None;
                }
            }
        }
    };
    let options = counting(&items, ctxt).as_kept(&ty.base);
    let comment = comment::comment(&input.attrs, find("comment"), ctxt);
    let name = QualifiedName::new(schema, name);
    let owned_by = find("owned_by").and_then(|item| column(item, &name.schema, ctxt));
    let owner = find("owner").and_then(|item| owner(item, ctxt));
    if let (Some(_), Some(item)) = (&owned_by, find("owner")) {
        let help = "say `owner` of the table";
        ctxt.error_help(
            &item.meta,
            "a sequence of a column belongs to whom the table belongs",
            help,
        );
    }
    let sequence = Sequence { name, ty, options, owner: owned_by };
    let grants = grant::whole(&items, GrantedOn::Sequence, ctxt);
    (ctxt.count() == before).then_some(DeclaredSequence { sequence, comment, owner, grants })
}

/// `owned_by = orders(number)`: the column with which it goes.
fn column(item: &Item, schema: &Ident, ctxt: &Ctxt) -> Option<SequenceOwner> {
    let value = item.value(ctxt)?;
    let (table, columns) = target(value, schema, ctxt).unzip();
    match (table, columns.as_deref()) {
        (Some(table), Some([column])) => Some(SequenceOwner { table, column: column.clone() }),
        _ => {
            let help = "write `owned_by = orders(number)`";
            ctxt.error_help(value, "this is not a table and a column", help);
            None
        }
    }
}
