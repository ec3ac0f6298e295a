//! What takes from something that has just been made what default privileges gave away.

use std::collections::BTreeSet;

use super::change::grantees;
use crate::model::Grantee;
use crate::provider::Provider;

/// The statements, for `TABLE name` and the like. Whoever makes something may be among those who are
/// governed, and keeps what an owner has: without it, no foreign key could be made.
pub(super) fn closing(what: &str, revoke_from: &BTreeSet<Grantee>) -> Vec<String> {
    let mut statements = vec![format!("REVOKE ALL ON {what} FROM {}", grantees(revoke_from))];
    if revoke_from.iter().any(may_be_the_owner) {
        statements.push(format!("GRANT ALL ON {what} TO CURRENT_USER"));
    }
    statements
}

/// Nobody makes anything as a role that requests run as.
fn may_be_the_owner(grantee: &Grantee) -> bool {
    match grantee {
        Grantee::Public => false,
        Grantee::Role(name) => {
            let supplied = Provider::ALL.iter().flat_map(|provider| provider.roles());
            !supplied.copied().any(|supplied| supplied == name.as_str())
        }
    }
}
