//! Differences in triggers. Postgres alters no more of one than in which sessions it runs: for anything
//! else it is dropped and made anew.

use std::collections::BTreeMap;

use super::table::On;
use super::{Canonical, Change, Named, OnTable, Pair, Site};
use crate::model::{Ident, QualifiedName, Sql, Trigger};
use crate::render;

/// The changes of the triggers of a table.
pub(super) fn alter(
    on: On<'_>,
    triggers: Pair<&BTreeMap<Ident, Trigger>>,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) {
    for (name, next) in triggers.next {
        match triggers.previous.get(name) {
            None => changes.push(Change::CreateTrigger(on.named(name, next))),
            Some(previous) if same(on.0, Pair { previous, next }, canonical) => {
                if previous.state != next.state {
                    let item = Named { name: name.clone(), item: next.state };
                    let table = on.0.clone();
                    changes.push(Change::EnableTrigger(OnTable { table, item }));
                }
            }
            Some(previous) => {
                changes.push(Change::DropTrigger(on.named(name, previous)));
                changes.push(Change::CreateTrigger(on.named(name, next)));
            }
        }
    }
    let gone = triggers.previous.iter().filter(|(name, _)| !triggers.next.contains_key(*name));
    changes.extend(gone.map(|(name, trigger)| Change::DropTrigger(on.named(name, trigger))));
}

/// Whether two triggers do the same, wherever they run.
pub(crate) fn same(table: &QualifiedName, triggers: Pair<&Trigger>, canonical: &Canonical) -> bool {
    let Trigger {
        timing,
        events,
        columns,
        for_each_row,
        when,
        function,
        arguments,
        old_table,
        new_table,
        constraint,
        state: _,
    } = triggers.next;
    let previous = triggers.previous;
    let site = Site { table: table.clone(), default_of: None };
    let condition = |when: Option<&Sql>| when.map(|when| condition(table, when));
    let (was, is) = (condition(previous.when.as_ref()), condition(when.as_ref()));
    &previous.timing == timing
        && &previous.events == events
        && &previous.columns == columns
        && &previous.for_each_row == for_each_row
        && &previous.function == function
        && &previous.arguments == arguments
        && &previous.old_table == old_table
        && &previous.new_table == new_table
        && &previous.constraint == constraint
        && canonical.same(&site, was.as_ref(), is.as_ref())
}

/// When a trigger runs, as a query that the server can be asked about: OLD and NEW are two rows of the
/// table.
pub(crate) fn condition(table: &QualifiedName, when: &Sql) -> Sql {
    let (table, when) = (render::qualified(table), when.as_str());
    Sql::new(format!("SELECT 1 FROM {table} AS old, {table} AS new WHERE ({when}\n)"))
}
