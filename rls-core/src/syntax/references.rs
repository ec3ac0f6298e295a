//! What a column, or several, refer to: `references(..)` on a field, `foreign_key(..)` on a struct.

use syn::ext::IdentExt;
use syn::{Expr, Meta};

use super::Ctxt;
use super::attr::{self, Item, checked};
use super::constraint::{Read, deferral, first_of};
use super::decl::{path_name, plain_name, qualified_name};
use crate::model::{Deferral, Ident, QualifiedName, ReferentialAction};

/// A foreign key as declared.
pub(super) struct References {
    pub(super) meta: Meta,
    pub(super) name: Option<Ident>,
    pub(super) comment: Option<String>,
    /// The fields that refer; none on a field of its own.
    pub(super) columns: Vec<Expr>,
    pub(super) table: QualifiedName,
    /// The columns that are referred to.
    pub(super) targets: Vec<Ident>,
    pub(super) on_delete: ReferentialAction,
    pub(super) on_update: ReferentialAction,
    pub(super) set_columns: Vec<Expr>,
    pub(super) match_full: bool,
    pub(super) deferral: Deferral,
    pub(super) not_valid: bool,
}

const KEYS: &[&str] = &[
    "name",
    "comment",
    "on_delete",
    "on_update",
    "set_columns",
    "match_full",
    "deferrable",
    "initially_deferred",
    "not_valid",
];
const STRUCT_KEYS: &[&str] = &[
    "columns",
    "references",
    "name",
    "comment",
    "on_delete",
    "on_update",
    "set_columns",
    "match_full",
    "deferrable",
    "initially_deferred",
    "not_valid",
];

/// `references = users(id)`, or with options `references(users(id), on_delete = cascade)`; or, for
/// several columns, `foreign_key(columns = [a, b], references = t(c, d))`.
pub(super) fn references(
    item: &Item,
    schema: &Ident,
    several: bool,
    ctxt: &Ctxt,
) -> Option<References> {
    const HELP: &str =
        "write `references = table(column)` or `references(table(column), on_delete = cascade)`";
    let (target, items) = match &item.meta {
        Meta::NameValue(pair) if !several => (pair.value.clone(), Vec::new()),
        Meta::List(list) if several => {
            let items = attr::nested(list, STRUCT_KEYS, ctxt);
            let target = items.iter().find(|item| item.key == "references");
            let Some(target) = target else {
                let help = "write `foreign_key(columns = [a, b], references = table(c, d))`";
                ctxt.error_help(list, "`foreign_key` does not say to what", help);
                return None;
            };
            (target.value(ctxt)?.clone(), items)
        }
        Meta::List(list) if !list.tokens.is_empty() => {
            let (target, options) = first_of(list, ctxt)?;
            (target, attr::known(options, KEYS, ctxt))
        }
        Meta::Path(_) | Meta::NameValue(_) | Meta::List(_) => {
            let message = format!("`{}` needs a table and a column", item.key);
            ctxt.error_help(&item.meta, message, HELP);
            return None;
        }
    };
    let Some((table, targets)) = self::target(&target, schema, ctxt) else {
        ctxt.error_help(&target, "this is not a table and a column", HELP);
        return None;
    };
    let read = Read { items: &items, ctxt, complete: true };
    Some(References {
        meta: item.meta.clone(),
        name: read.name("name"),
        comment: read.comment(),
        columns: read.columns("columns"),
        table,
        targets,
        on_delete: action(&read, "on_delete", ctxt),
        on_update: action(&read, "on_update", ctxt),
        set_columns: read.columns("set_columns"),
        match_full: read.switch("match_full"),
        deferral: deferral(&items, ctxt),
        not_valid: read.switch("not_valid"),
    })
}

/// `users(id)` or `auth.users(id)`; names that are no Rust identifiers as strings, `"app.my users"(id)`.
/// Where no schema is named it is the one given.
pub(super) fn target(
    target: &Expr,
    schema: &Ident,
    ctxt: &Ctxt,
) -> Option<(QualifiedName, Vec<Ident>)> {
    let (table, arguments) = match target {
        Expr::Call(call) => (qualified_name(&call.func, schema, ctxt)??, &call.args),
        Expr::MethodCall(call) => {
            let schema = checked(target, plain_name(&call.receiver)?, ctxt)?;
            let name = checked(target, call.method.unraw().to_string(), ctxt)?;
            (QualifiedName::new(schema, name), &call.args)
        }
        _ => return None,
    };
    let columns = arguments.iter().map(|column| checked(target, plain_name(column)?, ctxt));
    let columns = columns.collect::<Option<Vec<_>>>()?;
    (!columns.is_empty()).then_some((table, columns))
}

fn action(read: &Read<'_>, key: &str, ctxt: &Ctxt) -> ReferentialAction {
    let value = read.find(key).and_then(|item| item.value(ctxt));
    let Some(value) = value else { return ReferentialAction::NoAction };
    match path_name(value).as_deref() {
        Some("no_action") => ReferentialAction::NoAction,
        Some("restrict") => ReferentialAction::Restrict,
        Some("cascade") => ReferentialAction::Cascade,
        Some("set_null") => ReferentialAction::SetNull,
        Some("set_default") => ReferentialAction::SetDefault,
        _ => {
            let help = "known are `no_action`, `restrict`, `cascade`, `set_null` and `set_default`";
            ctxt.error_help(value, "unknown action", help);
            ReferentialAction::NoAction
        }
    }
}
