//! Differences in partitions. How rows are spread cannot be altered, so another strategy or another
//! key makes the table, or the partition, anew. What a partition holds can: it is taken off and put on
//! again. Every partition is closed, whoever made it.

use std::collections::BTreeSet;

use super::column::is_retyped;
use super::constraint::Same;
use super::{Canonical, Change, OnTable, Pair, Site};
use crate::lex;
use crate::model::{
    Grantee, IndexKey, IndexValue, Literal, Partition, PartitionBound, Partitioning, QualifiedName,
    RangeEnd, RowSecurity, Schema, Sql, Table,
};
use crate::render;

/// Whether a table has to be made anew, because its rows are to be spread in another way.
pub(super) fn is_anew(tables: Pair<&Table<Sql>>, canonical: &Canonical) -> bool {
    let Pair { previous, next } = tables;
    let both = Pair { previous: previous.partitioning.as_ref(), next: next.partitioning.as_ref() };
    !Spread { tables, canonical }.same(both)
}

/// The changes between the partitions of two states of one table.
pub(super) fn alter(
    tables: Pair<&Table<Sql>>,
    grantees: &BTreeSet<Grantee>,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) {
    let Pair { previous, next } = tables;
    let both = previous.partitioning.as_ref().zip(next.partitioning.as_ref());
    let Some((previous, partitioning)) = both else { return };
    let spread = Spread { tables, canonical };
    let floor = next.row_security.of_partitions();
    Level { spread, floor, grantees, changes }
        .alter(&next.name, Pair { previous, next: partitioning });
}

/// Before version 18, Postgres reads what is said of a table once more for each of its partitions, under
/// whose name that of the table means nothing: columns go by their names alone there.
pub(super) fn read_for_each(next: &Schema, changes: &mut [Change]) {
    for change in changes {
        let (table, text) = if let Change::AddCheck(on) = change {
            (&on.table, Some(&mut on.item.item.expr))
        } else if let Change::AddColumn(on) = change {
            (&on.table, on.item.generated.as_mut().map(|generated| &mut generated.expr))
        } else {
            continue;
        };
        let spread = next.tables.get(table).filter(|table| table.partitioning.is_some());
        let (Some(table), Some(text)) = (spread, text) else { continue };
        let is_column = |name: &str| table.columns.iter().any(|it| it.name.as_str() == name);
        *text = Sql::new(lex::without_table(text.as_str(), table.name.name.as_str(), is_column));
    }
}

/// The changes that make the partitions of a table that is made.
pub(super) fn create(next: &Table<Sql>, grantees: &BTreeSet<Grantee>, changes: &mut Vec<Change>) {
    if let Some(partitioning) = &next.partitioning {
        create_all(&next.name, partitioning, grantees, changes);
    }
}

fn create_all(
    of: &QualifiedName,
    partitioning: &Partitioning<Sql>,
    grantees: &BTreeSet<Grantee>,
    changes: &mut Vec<Change>,
) {
    for partition in partitioning.partitions.values() {
        changes.push(Change::CreatePartition {
            partition: on(of, Box::new(partition.clone())),
            revoke_from: grantees.clone(),
        });
        if let Some(inner) = &partition.partitioning {
            create_all(&partition.name, inner, grantees, changes);
        }
    }
}

fn on<T>(table: &QualifiedName, item: T) -> OnTable<T> {
    OnTable { table: table.clone(), item }
}

/// The partitions of a table, or of a partition of it.
struct Level<'a> {
    spread: Spread<'a>,
    /// How much every partition is closed at least.
    floor: RowSecurity,
    grantees: &'a BTreeSet<Grantee>,
    changes: &'a mut Vec<Change>,
}

impl Level<'_> {
    fn alter(&mut self, of: &QualifiedName, levels: Pair<&Partitioning<Sql>>) {
        let Pair { previous, next } = levels;
        let keys = Pair { previous: previous.keys.as_slice(), next: next.keys.as_slice() };
        for (name, partition) in &next.partitions {
            let Some(was) = previous.partitions.get(name) else {
                self.create(of, partition);
                continue;
            };
            self.one(of, keys, Pair { previous: was, next: partition });
        }
        for gone in previous.partitions.values() {
            if next.partitions.contains_key(&gone.name) {
                continue;
            }
            if next.keep_undeclared {
                self.close(gone, self.floor);
                let inner = gone.partitioning.iter().flat_map(Partitioning::all);
                inner.for_each(|inner| self.close(inner, self.floor));
            } else {
                self.changes.push(Change::DropPartition(on(of, gone.name.clone())));
            }
        }
    }

    fn one(
        &mut self,
        of: &QualifiedName,
        keys: Pair<&[IndexKey<Sql>]>,
        partitions: Pair<&Partition<Sql>>,
    ) {
        let Partition { name, bound, row_security, partitioning } = partitions.next;
        let previous = partitions.previous;
        let inner = Pair { previous: previous.partitioning.as_ref(), next: partitioning.as_ref() };
        if !self.spread.same(inner) {
            self.changes.push(Change::DropPartition(on(of, name.clone())));
            self.create(of, partitions.next);
            return;
        }
        if !self.spread.same_bound(keys, Pair { previous: &previous.bound, next: bound }) {
            self.changes.push(Change::DetachPartition(on(of, name.clone())));
            let attached = on(of, Box::new(partitions.next.clone()));
            self.changes.push(Change::AttachPartition(attached));
        }
        self.close(previous, *row_security);
        if let (Some(previous), Some(next)) = (inner.previous, inner.next) {
            self.alter(name, Pair { previous, next });
        }
    }

    fn create(&mut self, of: &QualifiedName, partition: &Partition<Sql>) {
        self.changes.push(Change::CreatePartition {
            partition: on(of, Box::new(partition.clone())),
            revoke_from: self.grantees.clone(),
        });
        if let Some(inner) = &partition.partitioning {
            create_all(&partition.name, inner, self.grantees, self.changes);
        }
    }

    /// Only ever more, as for tables.
    fn close(&mut self, previous: &Partition<Sql>, wanted: RowSecurity) {
        let Partition { name, bound: _, row_security, partitioning: _ } = previous;
        if *row_security < wanted {
            if *row_security == RowSecurity::Disabled {
                self.changes.push(Change::EnableRowSecurity(name.clone()));
            }
            if wanted == RowSecurity::Forced {
                self.changes.push(Change::ForceRowSecurity(name.clone()));
            }
        }
    }
}

/// Compares how rows are spread.
struct Spread<'a> {
    tables: Pair<&'a Table<Sql>>,
    canonical: &'a Canonical,
}

impl Spread<'_> {
    fn site(&self) -> Site {
        Site { table: self.tables.next.name.clone(), default_of: None }
    }

    /// Whether rows are spread in the same way, by columns that stay as they are.
    fn same(&self, levels: Pair<Option<&Partitioning<Sql>>>) -> bool {
        let (previous, next) = match (levels.previous, levels.next) {
            (None, None) => return true,
            (Some(_), None) | (None, Some(_)) => return false,
            (Some(previous), Some(next)) => (previous, next),
        };
        let Partitioning { strategy, keys, keep_undeclared: _, partitions: _ } = next;
        let same = Same { canonical: self.canonical, site: self.site() };
        &previous.strategy == strategy
            && previous.keys.len() == keys.len()
            && previous.keys.iter().zip(keys).all(|(previous, next)| same.key(previous, next))
            && !keys.iter().any(|key| self.is_retyped(key))
    }

    /// Postgres changes no type of what tells partitions apart.
    fn is_retyped(&self, key: &IndexKey<Sql>) -> bool {
        let Pair { previous, next } = self.tables;
        let retyped = next.columns.iter().filter(|column| {
            let was = previous.column(&column.name).cloned();
            was.is_some_and(|was| is_retyped(&Pair { previous: was, next: (*column).clone() }))
        });
        let names: Vec<_> = retyped.map(|column| column.name.as_str()).collect();
        match &key.value {
            IndexValue::Column(name) => names.contains(&name.as_str()),
            IndexValue::Expr(sql) => lex::has_name(sql.as_str(), |name| names.contains(&name)),
        }
    }

    fn same_bound(&self, keys: Pair<&[IndexKey<Sql>]>, bounds: Pair<&PartitionBound>) -> bool {
        // The keys say the same, or the rows would be spread anew.
        let same = |at: usize, previous: &Literal, next: &Literal| {
            let key = |keys: &[IndexKey<Sql>], value: &Literal| {
                keys.get(at).map(|key| render::key_equals(&key.value, value))
            };
            let texts = (key(keys.previous, previous), key(keys.next, next));
            previous == next
                || self.canonical.same(&self.site(), texts.0.as_ref(), texts.1.as_ref())
        };
        let same_ends = |previous: &[RangeEnd], next: &[RangeEnd]| {
            let same = |(at, ends): (usize, (&RangeEnd, &RangeEnd))| match ends {
                (RangeEnd::Value(previous), RangeEnd::Value(next)) => same(at, previous, next),
                (previous, next) => previous == next,
            };
            previous.len() == next.len() && previous.iter().zip(next).enumerate().all(same)
        };
        match (bounds.previous, bounds.next) {
            (
                PartitionBound::Range { from: was_from, to: was_to },
                PartitionBound::Range { from, to },
            ) => same_ends(was_from, from) && same_ends(was_to, to),
            (PartitionBound::List(previous), PartitionBound::List(next)) => {
                // In any order.
                let among = |value: &Option<Literal>| {
                    previous.iter().any(|was| match (was, value) {
                        (Some(was), Some(value)) => same(0, was, value),
                        (was, value) => was == value,
                    })
                };
                previous.len() == next.len() && next.iter().all(among)
            }
            (previous, next) => previous == next,
        }
    }
}
