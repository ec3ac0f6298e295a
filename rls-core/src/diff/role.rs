//! Differences in managed roles. None is ever dropped: a role belongs to the whole server.

use std::collections::BTreeSet;

use super::{Change, Membership, Named, Pair};
use crate::model::{Ident, Role, Schema};

/// The changes of roles and of memberships.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    for (name, next) in &schemas.next.roles {
        let previous = schemas.previous.roles.get(name);
        match previous {
            Some(previous) => attributes(name, Pair { previous, next }, changes),
            None => {
                changes.push(Change::CreateRole(Named { name: name.clone(), item: next.clone() }))
            }
        }
        let was = previous.map(|role| role.member_of.clone()).unwrap_or_default();
        // Since Postgres 16 a membership remembers whether its member inherited when it began.
        let anew = previous.is_some_and(|previous| previous.inherit != next.inherit);
        memberships(name, Pair { previous: &was, next: &next.member_of }, anew, changes);
    }
    for (name, next) in &schemas.next.memberships {
        let was = schemas.previous.memberships.get(name).cloned().unwrap_or_default();
        memberships(name, Pair { previous: &was, next }, false, changes);
    }
}

/// What a role is to be a member of, and what not; all of it `anew` where it inherits in another way.
fn memberships(
    member: &Ident,
    roles: Pair<&BTreeSet<Ident>>,
    anew: bool,
    changes: &mut Vec<Change>,
) {
    let membership = |role: &Ident| Membership { role: role.clone(), member: member.clone() };
    let gone = roles.previous.iter().filter(|role| anew || !roles.next.contains(role));
    changes.extend(gone.map(membership).map(Change::RevokeMembership));
    let missing = roles.next.iter().filter(|role| anew || !roles.previous.contains(role));
    changes.extend(missing.map(membership).map(Change::GrantMembership));
}

/// What a role loses and what it gains are two changes: one comes first, the other last.
fn attributes(name: &Ident, roles: Pair<&Role>, changes: &mut Vec<Change>) {
    let Role { login, inherit, bypass_rls, powers, member_of } = roles.next;
    let previous = roles.previous;
    let between = Role {
        login: previous.login && *login,
        inherit: previous.inherit && *inherit,
        bypass_rls: previous.bypass_rls && *bypass_rls,
        powers: previous.powers.intersection(powers).copied().collect(),
        member_of: member_of.clone(),
    };
    let alter = |previous: &Role, next: &Role| {
        let item = Pair { previous: previous.clone(), next: next.clone() };
        Change::AlterRole(Named { name: name.clone(), item })
    };
    if previous.exceeds(&between) {
        changes.push(alter(previous, &between));
    }
    if roles.next.exceeds(&between) {
        changes.push(alter(&between, roles.next));
    }
}
