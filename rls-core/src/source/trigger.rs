//! Triggers as items of the struct of their table or view.

use super::attribute::{Code, Item};
use super::object::string;
use super::{expression, names, text};
use crate::model::{Deferral, Ident, Trigger, TriggerEvent, TriggerState, TriggerTiming};

/// A trigger of something in `schema`; `field` is how a column is called there.
pub(super) fn write(
    name: &Ident,
    trigger: &Trigger,
    schema: &Ident,
    field: impl Fn(&Ident) -> String,
    comment: Option<&String>,
) -> Item {
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
    } = trigger;
    let mut items = vec![string("name", name.as_str())];
    let timing = match timing {
        TriggerTiming::Before => "before",
        TriggerTiming::After => "after",
        TriggerTiming::InsteadOf => "instead_of",
    };
    let events: Vec<_> = events.iter().map(|event| self::event(*event).to_owned()).collect();
    let events = if events.len() == 1 { Code::other(events.concat()) } else { Code::array(events) };
    items.push(Item::Value(timing, events));
    if !columns.is_empty() {
        items.push(Item::Value("of", Code::array(columns.iter().map(field).collect())));
    }
    if !for_each_row {
        items.push(Item::Value("each", Code::other("statement")));
    }
    if let Some(when) = when {
        items.push(Item::Value("when", Code::other(expression::raw(when.as_str()))));
    }
    let function = names::qualified(function, schema);
    items.push(Item::Value("function", Code::other(function)));
    if !arguments.is_empty() {
        let arguments = arguments.iter().map(|text| text::literal(text)).collect();
        items.push(Item::Value("arguments", Code::array(arguments)));
    }
    items.extend(old_table.iter().map(|name| string("old_table", name.as_str())));
    items.extend(new_table.iter().map(|name| string("new_table", name.as_str())));
    if let Some(deferral) = constraint {
        items.push(Item::Flag("constraint"));
        match deferral {
            Deferral::Never => {}
            Deferral::InitiallyImmediate => items.push(Item::Flag("deferrable")),
            Deferral::InitiallyDeferred => items.push(Item::Flag("initially_deferred")),
        }
    }
    let state = match state {
        TriggerState::Origin => None,
        TriggerState::Disabled => Some("disabled"),
        TriggerState::Replica => Some("replica"),
        TriggerState::Always => Some("always"),
    };
    items.extend(state.map(|state| Item::Value("state", Code::other(state))));
    items.extend(comment.map(|comment| string("comment", comment)));
    Item::List("trigger", items)
}

fn event(event: TriggerEvent) -> &'static str {
    match event {
        TriggerEvent::Insert => "insert",
        TriggerEvent::Update => "update",
        TriggerEvent::Delete => "delete",
        TriggerEvent::Truncate => "truncate",
    }
}
