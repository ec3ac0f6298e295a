//! Differences in functions. One that differs is dropped and made anew, and so is one that shares
//! its name: GRANT and REVOKE name no arguments.

use super::{Change, Pair};
use crate::model::{QualifiedName, Schema};

/// The changes of functions.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let stays = |name: &QualifiedName| {
        let both = previous.functions.get(name).zip(next.functions.get(name));
        let same = both.is_some_and(|(previous, next)| previous.as_kept() == next.as_kept());
        same && !previous.strays.iter().any(|stray| &stray.name == name)
    };
    let gone = previous.functions.values().filter(|function| !stays(&function.name));
    let gone = gone.map(|function| function.routine());
    changes.extend(gone.chain(previous.strays.iter().cloned()).map(Change::DropFunction));
    let missing = next.functions.values().filter(|function| !stays(&function.name));
    changes.extend(missing.map(|function| Change::CreateFunction {
        function: Box::new(function.clone()),
        revoke_from: next.grantees.clone(),
    }));
}
