//! `owner = app_owner`: the role that something belongs to.

use super::Ctxt;
use super::attr::{Item, checked};
use super::decl::plain_name;
use crate::model::{Ident, Owned};

/// The role behind `owner`.
pub(super) fn owner(item: &Item, ctxt: &Ctxt) -> Option<Ident> {
    let value = item.value(ctxt)?;
    let Some(name) = plain_name(value) else {
        let help = "write `owner = app_owner` or a string";
        ctxt.error_help(value, "this is not a role", help);
        return None;
    };
    let name = checked(value, name, ctxt)?;
    let refused = |message| ctxt.error_help(value, message, "name the role itself");
    Owned::checked_owner(name).map_err(refused).ok()
}
