//! Triggers as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use rls_core::model::Trigger;

use crate::constraint::{deferral, sql};
use crate::expand::{ident, option, qualified, variant};

pub(crate) fn trigger(trigger: &Trigger) -> TokenStream {
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
    let (timing, state, function) = (variant(timing), variant(state), qualified(function));
    let (events, columns) = (events.iter().map(variant), columns.iter().map(ident));
    let when = option(when.as_ref().map(sql));
    let old_table = option(old_table.as_ref().map(ident));
    let new_table = option(new_table.as_ref().map(ident));
    let constraint = option(constraint.map(deferral));
    quote! {
        p::Trigger {
            timing: p::TriggerTiming::#timing,
            events: p::BTreeSet::from([#(p::TriggerEvent::#events),*]),
            columns: p::BTreeSet::from([#(#columns),*]),
            for_each_row: #for_each_row,
            when: #when,
            function: #function,
            arguments: p::vec![#(p::String::from(#arguments)),*],
            old_table: #old_table,
            new_table: #new_table,
            constraint: #constraint,
            state: p::TriggerState::#state,
        }
    }
}
