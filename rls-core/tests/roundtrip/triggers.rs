//! Triggers, of all the sorts that tables have.

use std::collections::BTreeSet;

use rls_core::model::*;
use rls_core::render::ident;

use super::draft::{Need, id};
use super::functions::FOR_TRIGGERS;
use super::kinds;
use super::maker::Maker;

pub const NAMES: [&str; 4] = ["on change", "a_trigger", "Trigger \"x\"", "события"];

impl Maker {
    pub fn triggers(&mut self, table: &mut Table<Sql>) {
        for name in self.dice.some(&NAMES, 2) {
            if self.dice.one_in(2) {
                let trigger = self.trigger(table);
                table.triggers.insert(id(name), trigger);
            }
        }
    }

    fn trigger(&mut self, table: &Table<Sql>) -> Trigger {
        use TriggerEvent::{Delete, Insert, Truncate, Update};
        let for_each_row = !self.dice.one_in(3);
        let events = if for_each_row {
            vec![Insert, Update, Delete]
        } else {
            vec![Insert, Update, Delete, Truncate]
        };
        let mut chosen: BTreeSet<_> = self.dice.some(&events, 3).into_iter().collect();
        if chosen.is_empty() {
            chosen.insert(Update);
        }
        let timing = self.dice.any(&[TriggerTiming::Before, TriggerTiming::After]).unwrap();
        let after = timing == TriggerTiming::After;
        let columns = table.columns.iter().filter(|column| column.generated.is_none());
        let columns: Vec<_> = columns.map(|column| column.name.clone()).collect();
        let mut trigger = Trigger {
            timing,
            columns: BTreeSet::new(),
            for_each_row,
            when: None,
            function: {
                let (schema, name) = self.dice.any(&FOR_TRIGGERS).unwrap();
                QualifiedName::new(id(schema), id(name))
            },
            arguments: {
                let some = self.dice.some(&["a", "it's", "", "b\\c"], 2);
                some.into_iter().map(str::to_owned).collect()
            },
            old_table: None,
            new_table: None,
            constraint: None,
            state: TriggerState::Origin,
            events: chosen,
        };
        if trigger.events.contains(&Update) && self.dice.one_in(3) {
            trigger.columns = self.dice.some(&columns, 2).into_iter().collect();
        }
        if for_each_row && self.dice.one_in(2) {
            trigger.when = self.when(table, &trigger.events);
        }
        if after && for_each_row && self.dice.one_in(3) {
            let deferrals = [Deferral::InitiallyDeferred, Deferral::InitiallyImmediate];
            let deferral = self.dice.any(&[Deferral::Never, deferrals[0], deferrals[1]]);
            trigger.constraint = deferral;
        } else if after && table.partitioning.is_none() && self.dice.one_in(3) {
            self.transition(&mut trigger);
        }
        let states = [TriggerState::Disabled, TriggerState::Replica, TriggerState::Always];
        if self.dice.one_in(4) {
            trigger.state = self.dice.any(&states).unwrap();
        }
        trigger
    }

    /// The rows before and after, which one event has, and no choice of columns.
    fn transition(&mut self, trigger: &mut Trigger) {
        let event =
            self.dice.any(&[TriggerEvent::Insert, TriggerEvent::Update, TriggerEvent::Delete]);
        let event = event.unwrap();
        trigger.events = BTreeSet::from([event]);
        (trigger.columns, trigger.when) = (BTreeSet::new(), None);
        if event != TriggerEvent::Insert {
            trigger.old_table = Some(id("were"));
        }
        if event != TriggerEvent::Delete {
            trigger.new_table = Some(id("Are \"now\""));
        }
    }

    fn when(&mut self, table: &Table<Sql>, events: &BTreeSet<TriggerEvent>) -> Option<Sql> {
        let mut rows = Vec::new();
        rows.extend((!events.contains(&TriggerEvent::Delete)).then_some("NEW"));
        rows.extend((!events.contains(&TriggerEvent::Insert)).then_some("OLD"));
        let row = self.dice.any(&rows)?;
        let testable = table.columns.iter().filter(|column| {
            column.generated.is_none() && !kinds::of(&column.name).tests.is_empty()
        });
        let column = self.dice.any(&testable.cloned().collect::<Vec<_>>())?.name;
        let (tests, ordered) = (kinds::of(&column).tests, kinds::of(&column).is_all_ordered());
        let test = self.dice.pick(tests).replace('§', &format!("{row}.{}", ident(&column)));
        let text = match (rows.len(), self.dice.below(3)) {
            (2, 0) if ordered => format!("OLD.{} IS DISTINCT FROM NEW.{0}", ident(&column)),
            (2, 1) => "OLD.* IS DISTINCT FROM NEW.*".to_owned(),
            _ => test,
        };
        Some(self.draft.sql(text, [Need::Own(column)]))
    }
}

/// Takes out what such a table or its columns have no more.
pub fn repair(table: &mut Table<Sql>, functions: &std::collections::BTreeMap<Routine, Function>) {
    let mut triggers = std::mem::take(&mut table.triggers);
    let plain = |name: &Ident| table.column(name).is_some_and(|it| it.generated.is_none());
    let spread = table.partitioning.is_some();
    triggers.retain(|_, trigger| {
        trigger.columns.retain(&plain);
        let called =
            functions.keys().any(|it| it.name == trigger.function && it.arguments.is_empty());
        called && !(spread && (trigger.old_table.is_some() || trigger.new_table.is_some()))
    });
    table.triggers = triggers;
}
