//! `was = ".."`: what something was called before.

use std::fmt::Display;

use syn::LitStr;

use super::attr::{Item, checked};
use super::decl::Decl;
use super::{Ctxt, lower};
use crate::model::{EnumType, Ident, Renames};
use crate::resolve::mistake;

/// A name before, and where it is said.
pub(super) struct Was<T = Ident> {
    pub(super) name: T,
    pub(super) at: LitStr,
}

/// The name before of something that has a name in the database.
pub(super) fn was(item: Option<&Item>, ctxt: &Ctxt) -> Option<Was> {
    let at = item?.string(ctxt)?;
    Some(Was { name: checked(&at, at.value(), ctxt)?, at })
}

/// The name before of a table.
pub(super) fn table_was(item: Option<&Item>, ctxt: &Ctxt) -> Option<Was> {
    let was = was(item, ctxt)?;
    if let Some((_, name)) = was.name.as_str().split_once('.') {
        let help = format!("write `was = \"{name}\"`, the name without its schema");
        ctxt.error_help(&was.at, "a table stays in its schema when it gets another name", help);
        return None;
    }
    Some(was)
}

/// What a value of an enum was.
pub(super) fn value_was(item: Option<&Item>, ctxt: &Ctxt) -> Option<Was<String>> {
    let at = item?.string(ctxt)?;
    let was = Was { name: at.value(), at };
    if !EnumType::can_hold(&was.name) {
        let message = "a value of an enum has at most 63 bytes, and none of them is NUL";
        ctxt.error(&was.at, message);
        return None;
    }
    Some(was)
}

/// Compares the names of things that share a name space, those before with those now.
pub(super) fn check<N: Display, T: Display>(all: &[(N, Option<&Was<T>>)], ctxt: &Ctxt) {
    let texts: Vec<_> = all
        .iter()
        .map(|(now, was)| (now.to_string(), was.map(|was| was.name.to_string())))
        .collect();
    let names: Vec<_> = texts.iter().map(|(now, was)| (now.as_str(), was.as_deref())).collect();
    for (at, (_, was)) in all.iter().enumerate() {
        if let (Some(was), Some((message, help))) = (was, mistake(at, &names)) {
            ctxt.error_help(&was.at, message, help);
        }
    }
}

/// What a table, its columns and its policies were called before, and the sequences that are called after
/// those. `policies` are all that it has.
pub(super) fn renames<'a>(
    decl: &Decl<'_>,
    policies: impl Iterator<Item = &'a Ident>,
    ctxt: &Ctxt,
) -> Renames {
    let table = &decl.name;
    check(&[(&table.name, decl.was.as_ref())], ctxt);
    let columns = decl.fields.iter().filter(|field| !field.skip);
    let columns: Vec<_> = columns.map(|field| (&field.column, field.was.as_ref())).collect();
    check(&columns, ctxt);
    let of_policy = |name: &Ident| {
        let declared = decl.policies.iter().find(|policy| policy.name == *name);
        declared.and_then(|policy| policy.was.as_ref())
    };
    let policies: Vec<_> = policies.map(|name| (name, of_policy(name))).collect();
    check(&policies, ctxt);
    let sequences = decl.fields.iter().filter_map(|field| {
        let now = &lower::own_sequence(table, field)?.name;
        let of = decl.was.as_ref().map_or(&table.name, |was| &was.name);
        let column = field.was.as_ref().map_or(&field.column, |was| &was.name);
        let is_usual = now.name == lower::usual_sequence(&table.name, &field.column)?;
        let was = lower::usual_sequence(of, column)?;
        (is_usual && was != now.name).then(|| (now.clone(), was))
    });
    let on_table = |(now, was): (&Ident, Option<&Was>)| {
        Some(((table.clone(), now.clone()), was?.name.clone()))
    };
    Renames {
        tables: decl.was.iter().map(|was| (table.clone(), was.name.clone())).collect(),
        sequences: sequences.collect(),
        columns: columns.into_iter().filter_map(on_table).collect(),
        policies: policies.into_iter().filter_map(on_table).collect(),
        ..Renames::default()
    }
}
