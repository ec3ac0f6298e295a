//! `#[derive(Sequence)]` on a unit struct: a sequence that no column brings along.

use quote::ToTokens;
use syn::DeriveInput;

use super::attr::{self, Item};
use super::column::{COUNTING, countable, counting};
use super::grant::{self, GrantedOn};
use super::owner::owner;
use super::references::target;
use super::{Ctxt, comment, object};
use crate::model::{BaseType, DeclaredSequence, Ident, PgType, Sequence, SequenceOwner};

/// Reads a struct with `#[derive(Sequence)]`. Mistakes go to `ctxt`.
pub fn lower_sequence(input: &DeriveInput, ctxt: &Ctxt) -> Option<DeclaredSequence> {
    if !object::is_unit(input, "a sequence", ctxt) {
        return None;
    }
    let before = ctxt.count();
    let mut known = vec!["sequence", "schema", "sql_type", "comment", "grant", "owned_by", "owner"];
    known.extend(COUNTING);
    let items = attr::items(&input.attrs, &known, &["grant"], ctxt);
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let name = object::called(input, find("sequence"), find("schema"), ctxt)?;
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
