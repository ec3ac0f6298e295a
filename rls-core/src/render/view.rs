//! Views.

use std::collections::BTreeSet;

use super::closing::closing;
use super::{ident, qualified};
use crate::diff::Pair;
use crate::model::{CheckOption, Grantee, QualifiedName, View, ViewKind};

/// CREATE VIEW. Like a table it is never there with what default privileges give away.
pub(super) fn create(view: &View, revoke_from: &BTreeSet<Grantee>) -> Vec<String> {
    let closing = closing(&format!("TABLE {}", qualified(&view.name)), revoke_from);
    std::iter::once(definition("CREATE", view)).chain(closing).collect()
}

/// The same with another query and other options; who may read it stays.
pub(super) fn replace(view: &View) -> String {
    definition("CREATE OR REPLACE", view)
}

fn definition(create: &str, view: &View) -> String {
    let (name, columns) = (qualified(&view.name), columns(view));
    let set: Vec<_> = options(view)
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} = {}", value?)))
        .collect();
    let with = if set.is_empty() { String::new() } else { format!(" WITH ({})", set.join(", ")) };
    format!("{create} {} {name}{columns}{with} AS\n{}", word(view.kind), view.query.as_str())
}

/// What a view shows, as it is written behind its name.
pub(crate) fn shown_by(view: &View) -> String {
    format!("{} AS\n{}", columns(view), view.query.as_str())
}

/// ALTER VIEW, with what differs.
pub(super) fn alter(views: &Pair<View>) -> Vec<String> {
    let name = qualified(&views.next.name);
    let changed = options(&views.previous).into_iter().zip(options(&views.next));
    let (mut set, mut reset) = (Vec::new(), Vec::new());
    for ((option, was), (_, is)) in changed.filter(|((_, was), (_, is))| was != is) {
        match is {
            Some(value) => set.push(format!("{option} = {value}")),
            None => reset.extend(was.map(|_| option.to_owned())),
        }
    }
    let action = |word: &str, list: Vec<String>| {
        (!list.is_empty()).then(|| format!("ALTER VIEW {name} {word} ({})", list.join(", ")))
    };
    action("SET", set).into_iter().chain(action("RESET", reset)).collect()
}

pub(super) fn drop(name: &QualifiedName, kind: ViewKind) -> String {
    format!("DROP {} {}", word(kind), qualified(name))
}

fn word(kind: ViewKind) -> &'static str {
    match kind {
        ViewKind::Plain => "VIEW",
        ViewKind::Materialized => "MATERIALIZED VIEW",
    }
}

fn columns(view: &View) -> String {
    let names: Vec<_> = view.columns.iter().map(ident).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

/// Each option that there is, and its value where it is not as Postgres has it.
fn options(view: &View) -> [(&'static str, Option<&'static str>); 3] {
    let check = match view.check_option {
        CheckOption::None => None,
        CheckOption::Local => Some("local"),
        CheckOption::Cascaded => Some("cascaded"),
    };
    [
        ("security_invoker", view.security_invoker.then_some("true")),
        ("security_barrier", view.security_barrier.then_some("true")),
        ("check_option", check),
    ]
}
