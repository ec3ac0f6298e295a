//! Managed roles and their memberships.

use super::quote::dollar_quoted;
use super::{ident, literal};
use crate::diff::{Membership, Named, Pair};
use crate::model::{Ident, Power, Role};

/// CREATE ROLE with every attribute spelled out.
pub(super) fn create(role: &Named<Role>) -> String {
    create_missing(&role.name, &words(&role.item).join(" "))
}

/// ALTER ROLE with what differs and nothing else: some attributes only a superuser may name.
pub(super) fn alter(role: &Named<Pair<Role>>) -> String {
    let words = changed_words(&role.item).join(" ");
    format!("ALTER ROLE {} {words}", ident(&role.name))
}

/// The attributes that the next state of a role spells otherwise than the previous one.
pub(crate) fn changed_words(roles: &Pair<Role>) -> Vec<&'static str> {
    let both = words(&roles.previous).into_iter().zip(words(&roles.next));
    both.filter(|(previous, next)| previous != next).map(|(_, next)| next).collect()
}

/// Creates a role where it is not there yet, in one statement. Roles belong to the whole server, so
/// another database may have brought it already, or bring it at the same moment. Where it is there,
/// nobody needs the right to create roles.
pub(super) fn create_missing(name: &Ident, attributes: &str) -> String {
    let body = format!(
        " BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) THEN
        CREATE ROLE {} {attributes};
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END ",
        literal(name.as_str()),
        ident(name)
    );
    format!("DO {}", dollar_quoted("do", &body))
}

/// Gives a role another name where it still has the old one, in one statement: another database of the
/// server may have done it already.
pub(super) fn rename(name: &Ident, to: &Ident) -> String {
    let there = |name: &Ident| {
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {})",
            literal(name.as_str())
        )
    };
    let body = format!(
        " BEGIN
    IF {} AND NOT {} THEN
        ALTER ROLE {} RENAME TO {};
    END IF;
END ",
        there(name),
        there(to),
        ident(name),
        ident(to)
    );
    format!("DO {}", dollar_quoted("do", &body))
}

pub(super) fn grant(membership: &Membership) -> String {
    let Membership { role, member } = membership;
    format!("GRANT {} TO {}", ident(role), ident(member))
}

pub(super) fn revoke(membership: &Membership) -> String {
    let Membership { role, member } = membership;
    format!("REVOKE {} FROM {}", ident(role), ident(member))
}

/// The attributes of a role, always in one order.
fn words(role: &Role) -> Vec<&'static str> {
    let Role { login, inherit, bypass_rls, powers, member_of: _ } = role;
    let word = |on: bool, [yes, no]: [&'static str; 2]| if on { yes } else { no };
    let mut words = vec![
        word(*login, ["LOGIN", "NOLOGIN"]),
        word(*inherit, ["INHERIT", "NOINHERIT"]),
        word(*bypass_rls, ["BYPASSRLS", "NOBYPASSRLS"]),
    ];
    words.extend(Power::ALL.map(|power| word(powers.contains(&power), power_words(power))));
    words
}

fn power_words(power: Power) -> [&'static str; 2] {
    match power {
        Power::Superuser => ["SUPERUSER", "NOSUPERUSER"],
        Power::CreateDb => ["CREATEDB", "NOCREATEDB"],
        Power::CreateRole => ["CREATEROLE", "NOCREATEROLE"],
        Power::Replication => ["REPLICATION", "NOREPLICATION"],
    }
}
