//! Differences in who owns what, where the declaration says it; and what is made anew is given back to
//! whom it belonged.

use std::collections::BTreeSet;

use super::{Change, Pair};
use crate::model::{Owned, Schema};

/// The changes of owners, after those of what is owned: what is made belongs to whoever makes it.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let made: BTreeSet<_> = changes.iter().flat_map(made).collect();
    let mut found = Vec::new();
    for (owned, to) in &next.owners {
        let anew = made.contains(owned);
        let from = previous.owners.get(owned).filter(|_| !anew);
        if from != Some(to) {
            let (owned, from, to) = (owned.clone(), from.cloned(), to.clone());
            found.push(Change::ChangeOwner { owned, from, to });
        }
    }
    for owned in made.iter().filter(|owned| !next.owners.contains_key(owned)) {
        if let Some(to) = previous.undeclared_owners.get(owned) {
            let (owned, to) = (owned.clone(), to.clone());
            found.push(Change::ChangeOwner { owned, from: None, to });
        }
    }
    changes.extend(found);
}

/// What a change makes that has an owner of its own.
fn made(change: &Change) -> Vec<Owned> {
    if let Change::CreateTable { table, .. } = change {
        let partitions = table.partitioning.iter().flat_map(|it| it.all());
        let names = partitions.map(|it| &it.name).chain([&table.name]);
        names.cloned().map(Owned::Relation).collect()
    } else if let Change::CreatePartition { partition, .. } = change {
        vec![Owned::Relation(partition.item.name.clone())]
    } else if let Change::CreateSequence { sequence, .. } = change {
        vec![Owned::Relation(sequence.name.clone())]
    } else if let Change::CreateView { view, .. } = change {
        vec![Owned::Relation(view.name.clone())]
    } else if let Change::CreateFunction { function, .. } = change {
        vec![Owned::Function(function.routine())]
    } else if let Change::CreateType(ty) = change {
        vec![Owned::Type(ty.name.clone())]
    } else if let Change::CreateNamespace(name) = change {
        vec![Owned::Schema(name.clone())]
    } else {
        Vec::new()
    }
}
