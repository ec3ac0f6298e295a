//! What Postgres does not carry over when a column gets a type of another kind: conditions and indexes
//! whose text holds constants of the old one. They are dropped before, and made again behind.

use std::collections::BTreeSet;

use super::constraint::{Same, again, matched};
use super::table::On;
use super::{Canonical, Change, Pair, Site};
use crate::lex;
use crate::model::{
    Exclusion, Ident, Index, IndexKey, IndexValue, QualifiedName, Schema, Sql, Table,
};

/// Adds the dropping and making again of what stays as it is, on columns of another type.
pub(super) fn rebuild(schemas: Pair<&Schema>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let mut touched: BTreeSet<(QualifiedName, Ident)> = BTreeSet::new();
    let mut types = BTreeSet::new();
    for change in changes.iter() {
        if let Change::AlterColumn(on) = change
            && (&on.item.previous.ty.base, on.item.previous.ty.array)
                != (&on.item.next.ty.base, on.item.next.ty.array)
        {
            touched.insert((on.table.clone(), on.item.next.name.clone()));
        } else if let Change::RenameType { name, to: _ } = change {
            types.insert(name.name.clone());
        }
    }
    if touched.is_empty() && types.is_empty() {
        return;
    }
    let mut again = Vec::new();
    for next in schemas.next.tables.values() {
        let Some(previous) = schemas.previous.tables.get(&next.name) else { continue };
        let columns = touched.iter().filter(|(table, _)| table == &next.name);
        let names = columns.map(|(_, column)| column).chain(&types).collect();
        let found = Found { names, changes, again: &mut again };
        found.on_table(Pair { previous, next }, canonical);
    }
    changes.extend(again);
}

struct Found<'a> {
    /// The columns with another type, and types that are made anew.
    names: BTreeSet<&'a Ident>,
    changes: &'a [Change],
    again: &'a mut Vec<Change>,
}

impl Found<'_> {
    fn on_table(mut self, tables: Pair<&Table<Sql>>, canonical: &Canonical) {
        let Pair { previous, next } = tables;
        let on = On(&next.name);
        let site = Site { table: next.name.clone(), default_of: None };
        let same = Same { canonical, site };
        let checks = matched(&previous.checks, &next.checks, |one, other| same.check(one, other));
        for (name, check) in checks.both {
            let reads = self.is_named_in(&check.previous.expr);
            let dropped = Change::DropCheck(on.named(name, check.previous));
            self.rebuild(reads, dropped, Change::AddCheck(on.named(name, &again(check))));
        }
        let exclusions = matched(&previous.exclusions, &next.exclusions, |one, other| {
            same.exclusion(one, other)
        });
        for (name, exclusion) in exclusions.both {
            let Exclusion { elements, predicate, .. } = exclusion.previous;
            let reads = self.is_in(elements.iter().map(|it| &it.key), predicate.as_ref());
            let dropped = Change::DropExclusion(on.named(name, exclusion.previous));
            self.rebuild(reads, dropped, Change::AddExclusion(on.named(name, exclusion.next)));
        }
        let indexes =
            matched(&previous.indexes, &next.indexes, |one, other| same.index(one, other));
        for (name, index) in indexes.both {
            let Index { keys, predicate, .. } = index.previous;
            let reads = self.is_in(keys.iter(), predicate.as_ref());
            let dropped = Change::DropIndex(on.named(name, index.previous));
            self.rebuild(reads, dropped, Change::CreateIndex(on.named(name, index.next)));
        }
    }

    fn rebuild(&mut self, reads: bool, dropped: Change, made: Change) {
        if reads && !self.changes.contains(&dropped) {
            self.again.extend([dropped, made]);
        }
    }

    /// An index on plain columns is Postgres's to put over.
    fn is_in<'k>(
        &self,
        mut keys: impl Iterator<Item = &'k IndexKey<Sql>>,
        predicate: Option<&Sql>,
    ) -> bool {
        let in_key = keys.any(|key| match &key.value {
            IndexValue::Column(_) => false,
            IndexValue::Expr(sql) => self.is_named_in(sql),
        });
        in_key || predicate.is_some_and(|sql| self.is_named_in(sql))
    }

    fn is_named_in(&self, sql: &Sql) -> bool {
        lex::has_name(sql.as_str(), |name| self.names.iter().any(|ident| ident.as_str() == name))
    }
}
