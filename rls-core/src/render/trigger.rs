//! Triggers.

use super::change::alter;
use super::{constraint, ident, literal, qualified};
use crate::diff::Named;
use crate::model::{Ident, QualifiedName, Trigger, TriggerEvent, TriggerState, TriggerTiming};

/// CREATE TRIGGER, and in which sessions it runs where that is not as usual.
pub(super) fn create(table: &QualifiedName, trigger: &Named<Trigger>) -> Vec<String> {
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
        state,
    } = &trigger.item;
    let kind = if constraint.is_some() { "CONSTRAINT TRIGGER" } else { "TRIGGER" };
    let timing = match timing {
        TriggerTiming::Before => "BEFORE",
        TriggerTiming::After => "AFTER",
        TriggerTiming::InsteadOf => "INSTEAD OF",
    };
    let columns: Vec<_> = columns.iter().map(ident).collect();
    let events = events.iter().map(|event| match event {
        TriggerEvent::Insert => "INSERT".to_owned(),
        TriggerEvent::Update if columns.is_empty() => "UPDATE".to_owned(),
        TriggerEvent::Update => format!("UPDATE OF {}", columns.join(", ")),
        TriggerEvent::Delete => "DELETE".to_owned(),
        TriggerEvent::Truncate => "TRUNCATE".to_owned(),
    });
    let events = events.collect::<Vec<_>>().join(" OR ");
    let mut text =
        format!("CREATE {kind} {} {timing} {events} ON {}", ident(&trigger.name), qualified(table));
    if let Some(deferral) = constraint {
        text += constraint::deferred(*deferral);
    }
    let seen = [("OLD", old_table), ("NEW", new_table)];
    let seen: Vec<_> = seen
        .into_iter()
        .filter_map(|(rows, name)| Some(format!("{rows} TABLE AS {}", ident(name.as_ref()?))))
        .collect();
    if !seen.is_empty() {
        text += &format!("\n    REFERENCING {}", seen.join(" "));
    }
    text += if *for_each_row { "\n    FOR EACH ROW" } else { "\n    FOR EACH STATEMENT" };
    if let Some(when) = when {
        text += &format!("\n    WHEN ({})", when.as_str());
    }
    let arguments: Vec<_> = arguments.iter().map(|argument| literal(argument)).collect();
    text += &format!("\n    EXECUTE FUNCTION {}({})", qualified(function), arguments.join(", "));
    let mut statements = vec![text];
    if !state.is_usual() {
        statements.push(enable(table, &trigger.name, *state));
    }
    statements
}

/// In which sessions it runs.
pub(super) fn enable(table: &QualifiedName, name: &Ident, state: TriggerState) -> String {
    let enable = match state {
        TriggerState::Origin => "ENABLE",
        TriggerState::Disabled => "DISABLE",
        TriggerState::Replica => "ENABLE REPLICA",
        TriggerState::Always => "ENABLE ALWAYS",
    };
    alter(table, &format!("{enable} TRIGGER {}", ident(name)))
}
