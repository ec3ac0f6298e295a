//! Differences within one table.

use std::collections::{BTreeMap, BTreeSet};

use super::{Canonical, Change, Named, OnTable, Pair, Site};
use crate::model::{
    Column, Grantee, Ident, Policy, PrimaryKey, QualifiedName, RowSecurity, Sql, Table,
};

/// The changes that make a table that is not there.
pub(super) fn create(next: &Table<Sql>, grantees: &BTreeSet<Grantee>, changes: &mut Vec<Change>) {
    changes
        .push(Change::CreateTable { table: Box::new(next.clone()), revoke_from: grantees.clone() });
    let on = On(&next.name);
    changes.extend(
        next.indexes.iter().map(|(name, index)| Change::CreateIndex(on.named(name, index))),
    );
    changes.extend(
        next.foreign_keys.iter().map(|(name, key)| Change::AddForeignKey(on.named(name, key))),
    );
    changes.extend(
        by_command(&next.policies)
            .map(|(name, policy)| Change::CreatePolicy(on.named(name, policy))),
    );
}

/// Policies in the order in which people think of commands: SELECT, INSERT, UPDATE, DELETE.
fn by_command(
    policies: &BTreeMap<Ident, Policy<Sql>>,
) -> impl Iterator<Item = (&Ident, &Policy<Sql>)> {
    let mut sorted: Vec<_> = policies.iter().collect();
    sorted.sort_by_key(|(_, policy)| policy.command);
    sorted.into_iter()
}

/// The changes that remove a table: what ties it to others first.
pub(super) fn drop(previous: &Table<Sql>, changes: &mut Vec<Change>) {
    let on = On(&previous.name);
    for (name, policy) in by_command(&previous.policies) {
        changes.push(Change::DropPolicy(on.named(name, policy)));
    }
    for (name, key) in &previous.foreign_keys {
        changes.push(Change::DropForeignKey(on.named(name, key)));
    }
    changes.push(Change::DropTable(previous.name.clone()));
}

/// The changes between two states of one table.
pub(super) fn alter(tables: Pair<&Table<Sql>>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let Table {
        name,
        columns,
        primary_key,
        uniques,
        foreign_keys,
        indexes,
        row_security,
        policies,
    } = tables.next;
    let previous = tables.previous;
    let on = On(name);

    // Only ever more: what is enabled or forced undeclared stays so, for it only narrows.
    if previous.row_security < *row_security {
        if previous.row_security == RowSecurity::Disabled {
            changes.push(Change::EnableRowSecurity(name.clone()));
        }
        if *row_security == RowSecurity::Forced {
            changes.push(Change::ForceRowSecurity(name.clone()));
        }
    }

    let rebuilt =
        alter_columns(on, Pair { previous: &previous.columns, next: columns }, canonical, changes);
    alter_primary_key(
        on,
        Pair { previous: previous.primary_key.as_ref(), next: primary_key.as_ref() },
        changes,
    );
    alter_named(Pair { previous: &previous.uniques, next: uniques }, |change| {
        changes.push(match change {
            NamedChange::Drop(name, item) => Change::DropUnique(on.named(name, item)),
            NamedChange::Add(name, item) => Change::AddUnique(on.named(name, item)),
        });
    });
    alter_named(Pair { previous: &previous.foreign_keys, next: foreign_keys }, |change| {
        changes.push(match change {
            NamedChange::Drop(name, item) => Change::DropForeignKey(on.named(name, item)),
            NamedChange::Add(name, item) => Change::AddForeignKey(on.named(name, item)),
        });
    });
    alter_named(Pair { previous: &previous.indexes, next: indexes }, |change| {
        changes.push(match change {
            NamedChange::Drop(name, item) => Change::DropIndex(on.named(name, item)),
            NamedChange::Add(name, item) => Change::CreateIndex(on.named(name, item)),
        });
    });
    alter_policies(
        on,
        Pair { previous: &previous.policies, next: policies },
        rebuilt,
        canonical,
        changes,
    );
}

/// Says which table something is on.
#[derive(Clone, Copy)]
pub(super) struct On<'a>(pub(super) &'a QualifiedName);

impl On<'_> {
    fn item<T: Clone>(self, item: &T) -> OnTable<T> {
        OnTable { table: self.0.clone(), item: item.clone() }
    }

    pub(super) fn named<T: Clone>(self, name: &Ident, item: &T) -> OnTable<Named<T>> {
        OnTable { table: self.0.clone(), item: Named { name: name.clone(), item: item.clone() } }
    }
}

/// Whether a column goes or changes type, which Postgres refuses while a policy leans on it.
type Rebuilt = bool;

fn alter_columns(
    on: On<'_>,
    columns: Pair<&Vec<Column<Sql>>>,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) -> Rebuilt {
    let mut rebuilt = false;
    let find =
        |columns: &[Column<Sql>], name: &Ident| columns.iter().find(|c| &c.name == name).cloned();
    // The order of columns is no difference: a column that is added later stands last.
    for next in columns.next {
        match find(columns.previous, &next.name) {
            None => changes.push(Change::AddColumn(on.item(next))),
            Some(previous) => {
                let columns = Pair { previous, next: next.clone() };
                if !same_column(on, &columns, canonical) {
                    rebuilt |= columns.previous.ty != columns.next.ty;
                    changes.push(Change::AlterColumn(on.item(&Box::new(columns))));
                }
            }
        }
    }
    for previous in columns.previous {
        if find(columns.next, &previous.name).is_none() {
            rebuilt = true;
            changes.push(Change::DropColumn(on.item(&previous.name)));
        }
    }
    rebuilt
}

fn same_column(on: On<'_>, columns: &Pair<Column<Sql>>, canonical: &Canonical) -> bool {
    let Column { name, ty, nullable, default, identity } = &columns.next;
    let previous = &columns.previous;
    let site = Site { table: on.0.clone(), default_of: Some(name.clone()) };
    &previous.ty == ty
        && &previous.nullable == nullable
        && &previous.identity == identity
        && canonical.same(&site, previous.default.as_ref(), default.as_ref())
}

fn alter_primary_key(on: On<'_>, keys: Pair<Option<&PrimaryKey>>, changes: &mut Vec<Change>) {
    let columns = |key: Option<&PrimaryKey>| key.map(|key| key.columns.clone());
    // Its name is nobody's business: an adopted database keeps the one it has.
    if columns(keys.previous) == columns(keys.next) {
        return;
    }
    changes.extend(keys.previous.map(|key| Change::DropPrimaryKey(on.item(key))));
    changes.extend(keys.next.map(|key| Change::AddPrimaryKey(on.item(key))));
}

enum NamedChange<'a, T> {
    Drop(&'a Ident, &'a T),
    Add(&'a Ident, &'a T),
}

/// Keys and indexes are compared by what they say: an adopted database keeps the names it has.
fn alter_named<'a, T: PartialEq>(
    items: Pair<&'a BTreeMap<Ident, T>>,
    mut change: impl FnMut(NamedChange<'a, T>),
) {
    let mut unmatched: Vec<_> = items.previous.iter().collect();
    let mut missing = Vec::new();
    for (name, item) in items.next {
        match unmatched.iter().position(|(_, previous)| *previous == item) {
            Some(at) => {
                unmatched.remove(at);
            }
            None => missing.push((name, item)),
        }
    }
    unmatched.into_iter().for_each(|(name, item)| change(NamedChange::Drop(name, item)));
    missing.into_iter().for_each(|(name, item)| change(NamedChange::Add(name, item)));
}

fn alter_policies(
    on: On<'_>,
    policies: Pair<&BTreeMap<Ident, Policy<Sql>>>,
    rebuilt: Rebuilt,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) {
    let site = Site { table: on.0.clone(), default_of: None };
    for (name, next) in by_command(policies.next) {
        match policies.previous.get(name) {
            Some(previous) if !rebuilt && same_policy(&site, previous, next, canonical) => {}
            Some(previous) => {
                changes.push(Change::DropPolicy(on.named(name, previous)));
                changes.push(Change::CreatePolicy(on.named(name, next)));
            }
            None => changes.push(Change::CreatePolicy(on.named(name, next))),
        }
    }
    for (name, previous) in by_command(policies.previous) {
        if !policies.next.contains_key(name) {
            changes.push(Change::DropPolicy(on.named(name, previous)));
        }
    }
}

/// Whether two policies are one: ALTER POLICY cannot remove a clause nor change command and kind,
/// so anything else is dropped and created.
pub(crate) fn same_policy(
    site: &Site,
    previous: &Policy<Sql>,
    next: &Policy<Sql>,
    canonical: &Canonical,
) -> bool {
    let Policy { kind, command, roles, using, with_check } = next;
    &previous.kind == kind
        && &previous.command == command
        && &previous.roles == roles
        && canonical.same(site, previous.using.as_ref(), using.as_ref())
        && canonical.same(site, previous.with_check.as_ref(), with_check.as_ref())
}
