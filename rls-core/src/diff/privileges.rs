//! Differences in who may do what. One REVOKE may take more than it names, and dropping a thing
//! drops the privileges on it; what is to stay is then granted again.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ColumnPrivileges, OnTable, Pair, Privileges};
use crate::model::{
    DefaultHolder, DefaultPrivilege, Function, Grant, GrantObject, Grantee, Owned, Privilege,
    QualifiedName, Schema,
};

/// Adds the changes of privileges to those of everything else.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let tables = dropped_tables(previous, changes);
    let dropped = |grant: &Grant| goes_with_its_object(grant, schemas, &tables, changes);
    let gone = previous.grants.difference(&next.grants);
    let gone: BTreeSet<_> =
        gone.filter(|grant| !dropped(grant) && !is_owners(grant, next)).cloned().collect();
    let kept: BTreeSet<_> = previous
        .grants
        .iter()
        .filter(|grant| !dropped(grant) && !wider(grant).any(|wider| gone.contains(&wider)))
        .filter(|grant| !was_not_granted(grant, schemas, &gone))
        .cloned()
        .collect();
    // What is no longer held at all is not passed on either.
    let options = previous.grant_options.intersection(&kept).filter(|grant| !gone.contains(grant));
    let options_gone: BTreeSet<_> =
        options.clone().filter(|grant| !next.grant_options.contains(grant)).cloned().collect();
    let options_kept: BTreeSet<_> = options
        .filter(|grant| !options_gone.contains(grant))
        .filter(|grant| !wider(grant).any(|wider| options_gone.contains(&wider)))
        .cloned()
        .collect();

    let revoked = gone.iter().filter(|grant| !wider(grant).any(|wider| gone.contains(&wider)));
    let revoked = revoked.map(|grant| (grant, false));
    let narrowed = options_gone
        .iter()
        .filter(|grant| !wider(grant).any(|wider| options_gone.contains(&wider)))
        .map(|grant| (grant, true));
    let (columns, objects): (Vec<_>, Vec<_>) =
        revoked.chain(narrowed).partition(|(grant, _)| on_column(grant));
    changes.extend(gathered(objects.into_iter().map(by_object)).map(Change::Revoke));
    changes.extend(by_table(columns).map(Change::RevokeColumns));

    let stays = |grant: &Grant| kept.contains(grant) && !gone.contains(grant);
    let missing: BTreeSet<_> = next.grants.difference(&kept).collect();
    let to_pass_on = next.grant_options.difference(&options_kept);
    let granted = missing.iter().copied().filter(|grant| {
        // GRANT … ON ALL TABLES reaches each of them, but no column by itself.
        let reached = !on_column(grant) && wider(grant).any(|wider| missing.contains(&wider));
        let option = next.grant_options.contains(grant);
        let as_good = !next.grants_by_name.contains(grant) && through_public(grant, stays);
        !option && !reached && !as_good
    });
    let granted = granted.map(|grant| (grant, false));
    let granted = granted.chain(to_pass_on.map(|grant| (grant, true)));
    let (columns, objects): (Vec<_>, Vec<_>) = granted.partition(|(grant, _)| on_column(grant));
    changes.extend(gathered(objects.into_iter().map(by_object)).map(Change::Grant));
    changes.extend(by_table(columns).map(Change::GrantColumns));

    defaults(schemas, changes);
}

/// What objects to come carry. Where somebody's are settled from now on, what they held before is not
/// known to a snapshot, so all of it is taken first.
fn defaults(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let newly: BTreeSet<_> = next.settled_defaults.difference(&previous.settled_defaults).collect();
    let all = newly.iter().flat_map(|DefaultHolder { target, grantee }| {
        let privileges = target.objects.privileges().iter();
        privileges.map(|privilege| (target.clone(), grantee.clone(), *privilege, false))
    });
    let is_new = |default: &DefaultPrivilege| {
        let DefaultPrivilege { target, grantee, .. } = default.clone();
        newly.contains(&DefaultHolder { target, grantee })
    };
    let gone = previous.default_privileges.difference(&next.default_privileges);
    let gone = gone.filter(|default| !is_new(default));
    let by_target = |default: &DefaultPrivilege, option: bool| {
        let DefaultPrivilege { target, grantee, privilege, grantable: _ } = default.clone();
        (target, grantee, privilege, option)
    };
    let revoked = all.chain(gone.map(|default| by_target(default, false)));
    changes.extend(gathered(revoked).map(Change::RevokeDefault));
    let missing = next
        .default_privileges
        .iter()
        .filter(|default| is_new(default) || !previous.default_privileges.contains(default));
    let missing = missing.map(|default| by_target(default, default.grantable));
    changes.extend(gathered(missing).map(Change::GrantDefault));
}

/// Whether the privilege is no more when the thing it is on has been dropped.
fn goes_with_its_object(
    grant: &Grant,
    schemas: Pair<&Schema>,
    tables: &BTreeSet<&QualifiedName>,
    changes: &[Change],
) -> bool {
    let Pair { previous, next } = schemas;
    match &grant.object {
        GrantObject::Table(name) => tables.contains(name),
        GrantObject::Column { table, column: _ } if tables.contains(table) => true,
        GrantObject::Column { table, column } => match next.tables.get(table) {
            // A partition has the columns of its table.
            None => false,
            Some(next) => {
                let previous = previous.tables.get(table);
                let was = previous.is_some_and(|table| table.column(column).is_some());
                let again =
                    Change::DropColumn(OnTable { table: table.clone(), item: column.clone() });
                was && (next.column(column).is_none() || changes.contains(&again))
            }
        },
        GrantObject::Function(name) => changes
            .iter()
            .any(|change| matches!(change, Change::DropFunction(routine) if &routine.name == name)),
        GrantObject::Routine(routine) => changes.iter().any(|change| {
            // Where a type that it takes is made anew, it goes under another name.
            let made = |function: &Function| function.routine() == *routine;
            *change == Change::DropFunction(routine.clone())
                || matches!(change, Change::CreateFunction { function, .. } if made(function))
        }),
        GrantObject::Sequence(name) => {
            previous.sequences.contains_key(name)
                && (!next.sequences.contains_key(name) || is_created(name, changes))
        }
        GrantObject::Schema(_) | GrantObject::AllTables(_) => false,
    }
}

/// Tables, views and partitions that are dropped, to be made again or not, each with its partitions.
fn dropped_tables<'a>(previous: &'a Schema, changes: &'a [Change]) -> BTreeSet<&'a QualifiedName> {
    let mut dropped = BTreeSet::new();
    for change in changes {
        if let Change::DropTable(name) = change {
            let partitioning = previous.tables.get(name).and_then(|it| it.partitioning.as_ref());
            let partitions = partitioning.iter().flat_map(|it| it.all());
            dropped.extend(partitions.map(|partition| &partition.name));
            dropped.insert(name);
        } else if let Change::DropPartition(partition) = change {
            dropped.insert(&partition.item);
        } else if let Change::DropView { name, kind: _ } = change {
            dropped.insert(name);
        }
    }
    if dropped.is_empty() {
        return dropped;
    }
    let spread = previous.tables.values().filter_map(|table| table.partitioning.as_ref());
    for partition in spread.flat_map(|it| it.all()) {
        if let Some(inner) =
            partition.partitioning.as_ref().filter(|_| dropped.contains(&partition.name))
        {
            dropped.extend(inner.all().into_iter().map(|partition| &partition.name));
        }
    }
    dropped
}

fn is_created(name: &QualifiedName, changes: &[Change]) -> bool {
    changes.iter().any(|change| {
        matches!(change, Change::CreateSequence { sequence, .. } if &sequence.name == name)
    })
}

/// The privileges that take this one along when they are revoked: REVOKE on a table reaches each of
/// its columns, and ON ALL TABLES each table.
fn wider(grant: &Grant) -> impl Iterator<Item = Grant> {
    let all = |table: &QualifiedName| GrantObject::AllTables(table.schema.clone());
    let objects = match &grant.object {
        GrantObject::Table(table) => vec![all(table)],
        GrantObject::Column { table, .. } => vec![GrantObject::Table(table.clone()), all(table)],
        GrantObject::Schema(_)
        | GrantObject::Sequence(_)
        | GrantObject::Function(_)
        | GrantObject::Routine(_)
        | GrantObject::AllTables(_) => Vec::new(),
    };
    objects.into_iter().map(|object| Grant { object, ..grant.clone() })
}

fn on_column(grant: &Grant) -> bool {
    matches!(grant.object, GrantObject::Column { .. })
}

/// Reaching a schema through PUBLIC is as good as reaching it by name, and schemas are often
/// somebody else's to grant.
fn through_public(grant: &Grant, held: impl Fn(&Grant) -> bool) -> bool {
    let everyone = Grant { grantee: Grantee::Public, ..grant.clone() };
    matches!(grant.object, GrantObject::Schema(_)) && held(&everyone)
}

/// Whether it is the owner's, who holds everything on what is owned. To take a part of that away would leave
/// less than any declaration says.
fn is_owners(grant: &Grant, schema: &Schema) -> bool {
    let owned = match &grant.object {
        GrantObject::Schema(name) => Owned::Schema(name.clone()),
        GrantObject::Table(name) | GrantObject::Sequence(name) => Owned::Relation(name.clone()),
        GrantObject::Routine(routine) => Owned::Function(routine.clone()),
        GrantObject::Function(_) | GrantObject::Column { .. } | GrantObject::AllTables(_) => {
            return false;
        }
    };
    let owner = schema.owners.get(&owned);
    owner.is_some_and(|owner| grant.grantee == Grantee::Role(owner.clone()))
}

/// Whether a privilege that was declared beside PUBLIC's was not granted, and now has to be: PUBLIC's goes,
/// or it is to be held by name.
fn was_not_granted(grant: &Grant, schemas: Pair<&Schema>, gone: &BTreeSet<Grant>) -> bool {
    let Pair { previous, next } = schemas;
    let counts = |everyone: &Grant| {
        gone.contains(everyone)
            || next.grants_by_name.contains(grant) && previous.grants.contains(everyone)
    };
    let by_name = previous.grants_by_name.contains(grant) || previous.grant_options.contains(grant);
    !by_name && through_public(grant, counts)
}

/// A privilege, and whether it is about passing it on.
type Single<O> = (O, Grantee, Privilege, bool);

fn by_object((grant, option): (&Grant, bool)) -> Single<GrantObject> {
    (grant.object.clone(), grant.grantee.clone(), grant.privilege, option)
}

/// Privileges that differ in nothing else, put together.
fn gathered<O: Ord>(
    single: impl Iterator<Item = Single<O>>,
) -> impl Iterator<Item = Privileges<O>> {
    let mut sets: BTreeMap<(O, Grantee, bool), BTreeSet<Privilege>> = BTreeMap::new();
    for (object, grantee, privilege, option) in single {
        sets.entry((object, grantee, option)).or_default().insert(privilege);
    }
    sets.into_iter().map(|((object, grantee, option), privileges)| Privileges {
        object,
        grantee,
        privileges,
        option,
    })
}

/// Privileges on columns, those of one table and grantee together.
fn by_table(grants: Vec<(&Grant, bool)>) -> impl Iterator<Item = ColumnPrivileges> {
    let mut gathered: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
    for (Grant { object, grantee, privilege }, option) in grants {
        if let GrantObject::Column { table, column } = object {
            let columns = gathered.entry((table.clone(), grantee.clone(), option)).or_default();
            columns.entry(*privilege).or_default().insert(column.clone());
        }
    }
    gathered.into_iter().map(|((table, grantee, option), columns)| ColumnPrivileges {
        table,
        grantee,
        columns,
        option,
    })
}
