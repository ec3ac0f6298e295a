//! Functions.

use std::collections::BTreeSet;

use super::change::grantees;
use super::quote::dollar_quoted;
use super::{ident, qualified};
use crate::model::{Argument, Function, Grantee, Routine};

/// CREATE FUNCTION, and at once the end of what Postgres lets everybody do with a new one.
///
/// What it reads it reads with its owner's rights, so nothing of the caller's may reach into it: not
/// the path, and no text that is put together. It writes nothing, which makes it safe in parallel.
pub(super) fn create(function: &Function, revoke_from: &BTreeSet<Grantee>) -> Vec<String> {
    let Function { name, arguments, returns, body } = &function.as_kept();
    let arguments: Vec<_> =
        arguments.iter().map(|Argument { name, ty }| format!("{} {ty}", ident(name))).collect();
    let create = format!(
        "CREATE FUNCTION {}({}) RETURNS {returns}\n    \
         LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''\n    AS {}",
        qualified(name),
        arguments.join(", "),
        dollar_quoted("fn", body.as_str())
    );
    let mut everyone = revoke_from.clone();
    everyone.insert(Grantee::Public);
    let routine = routine(&function.routine());
    vec![create, format!("REVOKE ALL ON FUNCTION {routine} FROM {}", grantees(&everyone))]
}

/// What stands in the way may be a procedure or an aggregate.
pub(super) fn drop(function: &Routine) -> String {
    format!("DROP ROUTINE {}", routine(function))
}

fn routine(routine: &Routine) -> String {
    let Routine { name, arguments } = routine;
    let types: Vec<_> = arguments.iter().map(ToString::to_string).collect();
    format!("{}({})", qualified(name), types.join(", "))
}
