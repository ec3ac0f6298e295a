//! Differences in who owns what, where the declaration says it.

use super::{Change, Pair};
use crate::model::{Ident, Ownership, QualifiedName, Schema};

/// The changes of owners, after those of tables and sequences: what is made anew belongs to whoever
/// makes it.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let mut found = Vec::new();
    for ownership in &next.owners {
        let Ownership { relation, owner } = ownership;
        let anew = changes.iter().any(|change| makes(change, relation));
        if anew || !previous.owners.contains(ownership) {
            let from = previous.owners.iter().find(|it| !anew && &it.relation == relation);
            let from: Option<Ident> = from.map(|it| it.owner.clone());
            found.push(Change::ChangeOwner { relation: relation.clone(), from, to: owner.clone() });
        }
    }
    changes.extend(found);
}

fn makes(change: &Change, relation: &QualifiedName) -> bool {
    if let Change::CreateTable { table, .. } = change {
        let partitions = table.partitioning.iter().flat_map(|it| it.all());
        &table.name == relation || partitions.into_iter().any(|it| &it.name == relation)
    } else if let Change::CreatePartition { partition, .. } = change {
        &partition.item.name == relation
    } else if let Change::CreateSequence { sequence, .. } = change {
        &sequence.name == relation
    } else {
        false
    }
}
