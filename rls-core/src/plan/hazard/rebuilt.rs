//! What goes only to come again, or goes with its table: nobody has to agree to that by itself.

use super::Finder;
use crate::diff::{Change, Named, OnTable, Same, Site};
use crate::lex;
use crate::model::{Check, Index, QualifiedName, Sql};
use crate::plan::online::not_null_stand_in;

impl Finder<'_> {
    /// What is dropped ahead of its table, or dropped and made again around something else.
    pub(super) fn goes_with_its_table(&self, change: &Change) -> bool {
        let next = self.schemas.next;
        let gone =
            |on: &QualifiedName| !next.tables.contains_key(on) && !next.views.contains_key(on);
        if let Change::DropPolicy(policy) = change {
            gone(&policy.table)
        } else if let Change::DropForeignKey(key) = change {
            let again = Change::AddForeignKey(key.clone());
            gone(&key.table) || self.changes.contains(&again)
        } else if let Change::DropTrigger(trigger) = change {
            let again = |change: &Change| matches!(change, Change::CreateTrigger(made) if made.table == trigger.table && made.item.name == trigger.item.name);
            gone(&trigger.table) || self.changes.iter().any(again)
        } else if let Change::DropUnique(unique) = change {
            self.changes.contains(&Change::AddUnique(unique.clone()))
        } else if let Change::DropPrimaryKey(key) = change {
            self.changes.contains(&Change::AddPrimaryKey(key.clone()))
        } else if let Change::DropCheck(check) = change {
            let same = self.same_on(&check.table);
            self.stood_in(check)
                || self.changes.iter().any(|change| {
                    matches!(change, Change::AddCheck(made)
                    if same_place(made, check) && same.check(&check.item.item, &made.item.item))
                })
        } else if let Change::DropExclusion(exclusion) = change {
            let same = self.same_on(&exclusion.table);
            self.changes.iter().any(|change| {
                matches!(change, Change::AddExclusion(made)
                    if same_place(made, exclusion) && same.exclusion(&exclusion.item.item, &made.item.item))
            })
        } else if let Change::DropIndex(index) = change {
            let same = self.same_on(&index.table);
            self.is_leftover(index)
                || self.changes.iter().any(|change| {
                    matches!(change, Change::CreateIndex(made)
                        if same_place(made, index) && same.index(&index.item.item, &made.item.item))
                })
        } else {
            false
        }
    }

    /// What has stood in for a column's NOT NULL while an online plan ran, and says no more than that.
    fn stood_in(&self, check: &OnTable<Named<Check<Sql>>>) -> bool {
        let OnTable { table, item: Named { name, item } } = check;
        let tokens = lex::tokens(item.expr.as_str()).unwrap_or_default();
        let names: Vec<_> = tokens.iter().filter_map(|token| token.kind.name()).collect();
        let columns = self.schemas.next.tables.get(table).into_iter().flat_map(|it| &it.columns);
        columns
            .filter(|column| !column.nullable && not_null_stand_in(&column.name) == *name)
            .any(|column| names == [column.name.as_str(), "is", "not", "null"])
    }

    /// What an online plan has left that did not come to its end.
    fn is_leftover(&self, index: &OnTable<Named<Index<Sql>>>) -> bool {
        let OnTable { table, item } = index;
        let is_it = |change: &Change| {
            let name = if let Change::CreateIndex(made) = change {
                (&made.table, &made.item.name)
            } else if let Change::AddUnique(made) = change {
                (&made.table, &made.item.name)
            } else if let Change::AddPrimaryKey(made) = change {
                (&made.table, &made.item.name)
            } else {
                return false;
            };
            name == (table, &item.name)
        };
        item.item.not_valid && self.changes.iter().any(is_it)
    }

    fn same_on(&self, table: &QualifiedName) -> Same<'_> {
        let site = Site { table: table.clone(), default_of: None };
        Same { canonical: self.canonical, site }
    }
}

fn same_place<T>(one: &OnTable<Named<T>>, other: &OnTable<Named<T>>) -> bool {
    one.table == other.table && one.item.name == other.item.name
}
