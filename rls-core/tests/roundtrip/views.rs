//! Views and materialized views, on tables and on each other.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::*;
use rls_core::render::{ident, qualified};

use super::draft::{Draft, Need, id};
use super::functions::FOR_TRIGGERS;
use super::maker::Maker;
use super::{repair, triggers};

const NAMES: [&str; 4] = ["open items", "v", "Totals \"x\"", "z_view"];

impl Maker {
    pub fn views(&mut self) {
        for name in self.dice.some(&NAMES, 3) {
            if !self.dice.one_in(2) {
                continue;
            }
            let name = QualifiedName::new(self.some_schema(), id(name));
            let tables: Vec<_> = self.draft.schema.tables.values().cloned().collect();
            let Some(table) = self.dice.any(&tables) else { return };
            let mut view = View::new(name.clone(), self.query(&table));
            if self.dice.one_in(2) {
                view.kind = ViewKind::Materialized;
            }
            view.security_invoker = self.draft.version >= 15 && !self.dice.one_in(3);
            view.security_barrier = self.dice.one_in(4);
            let options = [CheckOption::None, CheckOption::Local, CheckOption::Cascaded];
            view.check_option = self.dice.any(&options).unwrap();
            if let Some(shown) = self.draft.shown(&view) {
                self.on_view(&mut view, shown);
            }
            self.draft.schema.views.insert(name, view);
        }
    }

    fn query(&mut self, table: &Table<Sql>) -> Sql {
        let from = qualified(&table.name);
        let need = |name: &Ident| Need::Column(table.name.clone(), name.clone());
        let mut columns: Vec<_> = table.columns.iter().map(|it| it.name.clone()).collect();
        let views: Vec<_> = self.draft.schema.views.keys().cloned().collect();
        match self.dice.below(7) {
            0 => {
                let all = columns.iter().map(need).collect::<Vec<_>>();
                self.draft.sql(format!("SELECT * FROM {from}"), all.into_iter().take(1))
            }
            1 => {
                let name = columns.remove(self.dice.below(columns.len()));
                let text = format!("SELECT count({}) AS n, now() AS at FROM {from}", ident(&name));
                self.draft.sql(text, [need(&name)])
            }
            2 if !views.is_empty() => {
                let view = self.dice.any(&views).unwrap();
                let text = format!("SELECT count(*) AS n FROM {} AS of", qualified(&view));
                self.draft.sql(text, [Need::View(view)])
            }
            3 => {
                let name = ident(&columns[0]);
                let text = format!(
                    "WITH all_of AS (SELECT a.{name} FROM {from} AS a)\nSELECT x.{name} FROM all_of AS x LIMIT 3"
                );
                self.draft.sql(text, [need(&columns[0])])
            }
            _ => {
                let columns = self.dice.some(&columns, 6);
                let test = if self.dice.one_in(2) { self.test(table, true) } else { None };
                let mut needs: Vec<_> = columns.iter().map(need).collect();
                let mut text = columns.iter().map(ident).collect::<Vec<_>>().join(", ");
                text = format!("SELECT {text} FROM {from}");
                if let Some(test) = test {
                    text = format!("{text} WHERE {}", test.as_str());
                    needs.extend(self.draft.needs_of(&test).iter().filter_map(|it| match it {
                        Need::Own(name) => Some(need(name)),
                        _ => None,
                    }));
                }
                needs.extend(table.columns.first().map(|it| need(&it.name)));
                let query = self.draft.sql(text, needs);
                self.draft.show(&query, &table.name, columns);
                query
            }
        }
    }

    /// What belongs to a view that shows columns of a table.
    fn on_view(&mut self, view: &mut View, mut shown: Table<Sql>) {
        if view.kind == ViewKind::Materialized {
            for _ in 0..2 {
                self.indexes(&mut shown);
            }
            view.indexes = shown.indexes;
            return;
        }
        if self.dice.one_in(4) {
            let names = ["one", "Two", "th\"ree"];
            let names = names.into_iter().take(self.dice.below(4)).map(id);
            view.columns = names.collect();
        }
        if self.dice.one_in(3) {
            let trigger = self.trigger_on_view(view, &shown);
            view.triggers.insert(id(self.dice.pick(&triggers::NAMES)), trigger);
        }
    }

    fn trigger_on_view(&mut self, view: &View, shown: &Table<Sql>) -> Trigger {
        use TriggerEvent::{Delete, Insert, Update};
        let timings = [TriggerTiming::InsteadOf, TriggerTiming::Before, TriggerTiming::After];
        let timing = self.dice.any(&timings).unwrap();
        let for_each_row = timing == TriggerTiming::InsteadOf;
        let mut events: BTreeSet<_> =
            self.dice.some(&[Insert, Update, Delete], 3).into_iter().collect();
        events.insert(Update);
        let mut columns = BTreeSet::new();
        if !for_each_row && view.columns.is_empty() && self.dice.one_in(3) {
            let all: Vec<_> = shown.columns.iter().map(|it| it.name.clone()).collect();
            columns.extend(self.dice.some(&all, 2));
        }
        let sometimes = !for_each_row && self.dice.one_in(3);
        let (schema, name) = self.dice.any(&FOR_TRIGGERS).unwrap();
        Trigger {
            timing,
            events,
            columns,
            for_each_row,
            when: sometimes.then(|| Sql::new("current_user <> 'nobody'")),
            function: QualifiedName::new(id(schema), id(name)),
            arguments: if self.dice.one_in(3) { vec!["a".to_owned()] } else { Vec::new() },
            old_table: None,
            new_table: None,
            constraint: None,
            state: TriggerState::Origin,
        }
    }
}

/// Takes out views that show what is not there, and of the others what they cannot have.
pub fn repair(draft: &mut Draft) {
    let mut views = std::mem::take(&mut draft.schema.views);
    draft.schema.views = views.clone();
    let nothing = Table::new(QualifiedName::new(id("public"), id("none")), RowSecurity::Enabled);
    views.retain(|_, view| draft.holds(&nothing, &view.query));
    // What Postgres keeps rows of is read under the policies that bind the owner, which may ask in a circle.
    let forced = |table: &Table<Sql>| table.row_security == RowSecurity::Forced;
    let binds = draft.schema.tables.values().any(forced);
    views.retain(|_, view| view.kind == ViewKind::Plain || !binds);
    for view in views.values_mut() {
        let shown = draft.shown(view).filter(|it| !it.columns.is_empty());
        if shown.is_none() {
            view.check_option = CheckOption::None;
            (view.indexes, view.triggers) = (BTreeMap::new(), BTreeMap::new());
            view.columns.clear();
        }
        view.security_invoker &= draft.version >= 15;
        *view = view.as_kept();
        if let Some(mut shown) = shown {
            let most = if view.kind == ViewKind::Plain { shown.columns.len() } else { 0 };
            view.columns.truncate(most);
            (shown.indexes, shown.triggers) =
                (std::mem::take(&mut view.indexes), std::mem::take(&mut view.triggers));
            let renamed = !view.columns.is_empty();
            shown.triggers.retain(|_, trigger| trigger.columns.is_empty() || !renamed);
            repair::parts(draft, &mut shown);
            (view.indexes, view.triggers) = (shown.indexes, shown.triggers);
        }
    }
    draft.schema.views = views;
}
