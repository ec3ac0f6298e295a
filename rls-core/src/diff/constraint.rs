//! Differences in keys, constraints and indexes. They are compared by what they say, and not by name:
//! an adopted database keeps the names it has. Expressions are the server's to compare.

use std::collections::BTreeMap;

use super::table::On;
use super::{Canonical, Change, Named, OnTable, Pair, Site};
use crate::model::{
    Check, Exclusion, ExclusionElement, ForeignKey, Ident, Index, IndexKey, IndexValue, PrimaryKey,
    QualifiedName, Sql, Table,
};

/// The changes of everything but columns and policies.
pub(super) fn alter(tables: Pair<&Table<Sql>>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let Pair { previous, next } = tables;
    let on = On(&next.name);
    let same = Same { canonical, site: Site { table: next.name.clone(), default_of: None } };
    primary_key(
        on,
        Pair { previous: previous.primary_key.as_ref(), next: next.primary_key.as_ref() },
        changes,
    );

    let uniques = matched(&previous.uniques, &next.uniques, |one, other| one == other);
    changes.extend(uniques.gone.map(|(name, item)| Change::DropUnique(on.named(name, item))));
    changes.extend(uniques.missing.map(|(name, item)| Change::AddUnique(on.named(name, item))));

    let checks = matched(&previous.checks, &next.checks, |one, other| same.check(one, other));
    changes.extend(checks.gone.map(|(name, item)| Change::DropCheck(on.named(name, item))));
    changes.extend(checks.missing.map(|(name, item)| Change::AddCheck(on.named(name, item))));
    for (name, check) in checks.both {
        if check.previous.not_valid && !check.next.not_valid {
            changes.push(Change::ValidateConstraint(on.item(name)));
        }
    }

    let keys = matched(&previous.foreign_keys, &next.foreign_keys, same_foreign_key);
    changes.extend(keys.gone.map(|(name, item)| Change::DropForeignKey(on.named(name, item))));
    changes.extend(keys.missing.map(|(name, item)| Change::AddForeignKey(on.named(name, item))));
    for (name, key) in keys.both {
        if key.previous.deferral != key.next.deferral {
            changes.push(Change::DeferForeignKey(OnTable {
                table: next.name.clone(),
                item: Named { name: name.clone(), item: key.next.deferral },
            }));
        }
        if key.previous.not_valid && !key.next.not_valid {
            changes.push(Change::ValidateConstraint(on.item(name)));
        }
    }

    let exclusions =
        matched(&previous.exclusions, &next.exclusions, |one, other| same.exclusion(one, other));
    changes.extend(exclusions.gone.map(|(name, item)| Change::DropExclusion(on.named(name, item))));
    changes
        .extend(exclusions.missing.map(|(name, item)| Change::AddExclusion(on.named(name, item))));

    let indexes = matched(&previous.indexes, &next.indexes, |one, other| same.index(one, other));
    changes.extend(indexes.gone.map(|(name, item)| Change::DropIndex(on.named(name, item))));
    changes.extend(indexes.missing.map(|(name, item)| Change::CreateIndex(on.named(name, item))));
}

fn primary_key(on: On<'_>, keys: Pair<Option<&PrimaryKey>>, changes: &mut Vec<Change>) {
    let said = |key: Option<&PrimaryKey>| {
        key.map(|PrimaryKey { name: _, columns, include, deferral }| {
            (columns.clone(), include.clone(), *deferral)
        })
    };
    // Its name is nobody's business: an adopted database keeps the one it has.
    if said(keys.previous) == said(keys.next) {
        return;
    }
    changes.extend(keys.previous.map(|key| Change::DropPrimaryKey(on.item(key))));
    changes.extend(keys.next.map(|key| Change::AddPrimaryKey(on.item(key))));
}

/// The name that a declared constraint has in the previous table, where it is there.
pub(super) fn kept_name(
    tables: Pair<&Table<Sql>>,
    name: &Ident,
    canonical: &Canonical,
) -> Option<Ident> {
    let Pair { previous, next } = tables;
    let same = Same { canonical, site: Site { table: next.name.clone(), default_of: None } };
    if next.primary_key.as_ref().is_some_and(|key| &key.name == name) {
        return previous.primary_key.as_ref().map(|key| key.name.clone());
    }
    kept(&previous.uniques, &next.uniques, name, |one, other| one == other)
        .or_else(|| kept(&previous.checks, &next.checks, name, |it, next| same.check(it, next)))
        .or_else(|| kept(&previous.foreign_keys, &next.foreign_keys, name, same_foreign_key))
        .or_else(|| {
            let same = |one: &_, other: &_| same.exclusion(one, other);
            kept(&previous.exclusions, &next.exclusions, name, same)
        })
}

/// The same for an index of a table or a view.
pub(super) fn kept_name_of_index(
    relation: &QualifiedName,
    indexes: Pair<&BTreeMap<Ident, Index<Sql>>>,
    name: &Ident,
    canonical: &Canonical,
) -> Option<Ident> {
    let same = Same { canonical, site: Site { table: relation.clone(), default_of: None } };
    kept(indexes.previous, indexes.next, name, |one, other| same.index(one, other))
}

fn kept<T>(
    previous: &BTreeMap<Ident, T>,
    next: &BTreeMap<Ident, T>,
    name: &Ident,
    same: impl Fn(&T, &T) -> bool,
) -> Option<Ident> {
    let item = next.get(name)?;
    let both = matched(previous, next, same).both;
    let found = both.into_iter().find(|(_, pair)| std::ptr::eq(pair.next, item));
    found.map(|(name, _)| name.clone())
}

type Items<'a, T> = std::vec::IntoIter<(&'a Ident, &'a T)>;

/// What is on one side only, and what is on both, under the name that it has.
pub(super) struct Matched<'a, T> {
    pub(super) gone: Items<'a, T>,
    pub(super) missing: Items<'a, T>,
    pub(super) both: Vec<(&'a Ident, Pair<&'a T>)>,
}

/// Finds for each item one that says the same, one of the same name before any other.
pub(super) fn matched<'a, T>(
    previous: &'a BTreeMap<Ident, T>,
    next: &'a BTreeMap<Ident, T>,
    same: impl Fn(&T, &T) -> bool,
) -> Matched<'a, T> {
    let mut gone: Vec<_> = previous.iter().collect();
    let (mut missing, mut both) = (Vec::new(), Vec::new());
    let mut pair = |gone: &mut Vec<(&'a Ident, &'a T)>, at: usize, next: &'a T| {
        let (name, previous) = gone.remove(at);
        both.push((name, Pair { previous, next }));
    };
    for (name, item) in next {
        match gone.iter().position(|(other, found)| *other == name && same(found, item)) {
            Some(at) => pair(&mut gone, at, item),
            None => missing.push((name, item)),
        }
    }
    missing.retain(|(_, item)| match gone.iter().position(|(_, found)| same(found, item)) {
        Some(at) => {
            pair(&mut gone, at, item);
            false
        }
        None => true,
    });
    Matched { gone: gone.into_iter(), missing: missing.into_iter(), both }
}

/// A check that makes way and comes back: what was proven is proven again.
pub(super) fn again(checks: Pair<&Check<Sql>>) -> Check<Sql> {
    let not_valid = checks.previous.not_valid && checks.next.not_valid;
    Check { not_valid, ..checks.next.clone() }
}

/// When it is checked and whether it is proven can be altered; anything else makes another key of it.
fn same_foreign_key(previous: &ForeignKey, next: &ForeignKey) -> bool {
    let ForeignKey {
        columns,
        table,
        references,
        on_delete,
        on_update,
        set_columns,
        match_full,
        deferral: _,
        not_valid: _,
    } = next;
    &previous.columns == columns
        && &previous.table == table
        && &previous.references == references
        && &previous.on_delete == on_delete
        && &previous.on_update == on_update
        && &previous.set_columns == set_columns
        && &previous.match_full == match_full
}

/// Compares what holds expressions.
pub(crate) struct Same<'a> {
    pub(crate) canonical: &'a Canonical,
    pub(crate) site: Site,
}

impl Same<'_> {
    pub(crate) fn check(&self, previous: &Check<Sql>, next: &Check<Sql>) -> bool {
        // One that is proven is more than was asked for; one that is not can be validated.
        let Check { expr, no_inherit, not_valid: _ } = next;
        &previous.no_inherit == no_inherit && self.predicate(Some(&previous.expr), Some(expr))
    }

    pub(crate) fn exclusion(&self, previous: &Exclusion<Sql>, next: &Exclusion<Sql>) -> bool {
        let Exclusion { method, elements, include, predicate, deferral } = next;
        let element = |(previous, next): (&ExclusionElement<Sql>, &ExclusionElement<Sql>)| {
            let ExclusionElement { key, operator } = next;
            &previous.operator == operator && self.key(&previous.key, key)
        };
        &previous.method == method
            && previous.elements.len() == elements.len()
            && previous.elements.iter().zip(elements).all(element)
            && &previous.include == include
            && &previous.deferral == deferral
            && self.predicate(previous.predicate.as_ref(), predicate.as_ref())
    }

    pub(crate) fn index(&self, previous: &Index<Sql>, next: &Index<Sql>) -> bool {
        let Index { method, unique, nulls_not_distinct, keys, include, predicate, with, not_valid } =
            next;
        &previous.method == method
            && &previous.unique == unique
            && &previous.nulls_not_distinct == nulls_not_distinct
            && previous.keys.len() == keys.len()
            && previous.keys.iter().zip(keys).all(|(previous, next)| self.key(previous, next))
            && &previous.include == include
            && &previous.with == with
            && &previous.not_valid == not_valid
            && self.predicate(previous.predicate.as_ref(), predicate.as_ref())
    }

    pub(super) fn key(&self, previous: &IndexKey<Sql>, next: &IndexKey<Sql>) -> bool {
        let IndexKey { value, collation, operator_class, descending, nulls_first } = next;
        let (same_value, inherent) = match (&previous.value, value) {
            (IndexValue::Column(previous), IndexValue::Column(next)) => (previous == next, false),
            (IndexValue::Expr(previous), IndexValue::Expr(next)) => {
                let (previous, next) = (tested(previous), tested(next));
                (self.predicate(Some(&previous), Some(&next)), true)
            }
            (IndexValue::Column(_), IndexValue::Expr(_))
            | (IndexValue::Expr(_), IndexValue::Column(_)) => (false, false),
        };
        // An expression may bring a collation along, which the catalog tells as if it were said.
        let same_collation = &previous.collation == collation || (inherent && collation.is_none());
        same_value
            && same_collation
            && &previous.operator_class == operator_class
            && &previous.descending == descending
            && &previous.nulls_first == nulls_first
    }

    fn predicate(&self, previous: Option<&Sql>, next: Option<&Sql>) -> bool {
        self.canonical.same(&self.site, previous, next)
    }
}

/// A value as something that is true or false, which is what the server can be asked about.
pub(crate) fn tested(value: &Sql) -> Sql {
    Sql::new(format!("({}\n) IS NULL", value.as_str()))
}

/// Every predicate of a table that is not a policy's.
#[cfg(feature = "postgres")]
pub(crate) fn predicates(table: &Table<Sql>) -> Vec<Sql> {
    let mut all: Vec<Sql> = table.checks.values().map(|check| check.expr.clone()).collect();
    all.extend(of_indexes(&table.indexes));
    let mut keys: Vec<&IndexKey<Sql>> = Vec::new();
    for exclusion in table.exclusions.values() {
        keys.extend(exclusion.elements.iter().map(|element| &element.key));
        all.extend(exclusion.predicate.clone());
    }
    all.extend(expressions(keys));
    all
}

/// Every predicate of indexes.
#[cfg(feature = "postgres")]
pub(crate) fn of_indexes(indexes: &BTreeMap<Ident, Index<Sql>>) -> Vec<Sql> {
    let keys = indexes.values().flat_map(|index| &index.keys).collect();
    let predicates = indexes.values().filter_map(|index| index.predicate.clone());
    predicates.chain(expressions(keys)).collect()
}

#[cfg(feature = "postgres")]
fn expressions(keys: Vec<&IndexKey<Sql>>) -> Vec<Sql> {
    let tested = keys.into_iter().filter_map(|key| match &key.value {
        IndexValue::Expr(sql) => Some(tested(sql)),
        IndexValue::Column(_) => None,
    });
    tested.collect()
}
