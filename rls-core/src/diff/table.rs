//! Differences within one table.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{self, Rebuilt};
use super::{Canonical, Change, Named, OnTable, Pair, Site, constraint, partition, trigger};
use crate::model::{Grantee, Ident, Policy, QualifiedName, RowSecurity, Sql, Table, UserType};

/// The changes that make a table that is not there.
pub(super) fn create(next: &Table<Sql>, grantees: &BTreeSet<Grantee>, changes: &mut Vec<Change>) {
    changes
        .push(Change::CreateTable { table: Box::new(next.clone()), revoke_from: grantees.clone() });
    partition::create(next, grantees, changes);
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
    let triggers = next.triggers.iter();
    changes.extend(triggers.map(|(name, item)| Change::CreateTrigger(on.named(name, item))));
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
pub(super) fn alter(
    tables: Pair<&Table<Sql>>,
    types: &BTreeMap<QualifiedName, UserType<Sql>>,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) {
    let Table {
        name,
        columns,
        // These are compared by the part for them.
        primary_key: _,
        uniques: _,
        checks: _,
        foreign_keys: _,
        exclusions: _,
        indexes: _,
        triggers,
        partitioning: _,
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

    let rebuilt = column::alter(
        on,
        Pair { previous: &previous.columns, next: columns },
        types,
        canonical,
        changes,
    );
    constraint::alter(tables, canonical, changes);
    let triggers = Pair { previous: &previous.triggers, next: triggers };
    trigger::alter(on, triggers, canonical, changes);
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
    pub(super) fn item<T: Clone>(self, item: &T) -> OnTable<T> {
        OnTable { table: self.0.clone(), item: item.clone() }
    }

    pub(super) fn named<T: Clone>(self, name: &Ident, item: &T) -> OnTable<Named<T>> {
        OnTable { table: self.0.clone(), item: Named { name: name.clone(), item: item.clone() } }
    }
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
    let Policy { kind, command, roles, using, with_check: _ } = next;
    &previous.kind == kind
        && &previous.command == command
        && &previous.roles == roles
        && canonical.same(site, previous.using.as_ref(), using.as_ref())
        && canonical.same(site, previous.effective_check(), next.effective_check())
}
