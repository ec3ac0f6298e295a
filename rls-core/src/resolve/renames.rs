//! What was called otherwise before: rules for names that are said, and names that follow from them.

use std::collections::BTreeSet;

use super::{Part, ResolveError, Tables};
use crate::model::{DeclaredType, Grantee, Ident, QualifiedName, Renames, Schema};
use crate::policy::crud;
use crate::provider::Settings;

/// What is wrong with the name before of one among `all`, and what to write instead. Those are things of
/// one kind that share a name space, each by its name now and, where it says one, by its name before.
pub fn mistake(at: usize, all: &[(&str, Option<&str>)]) -> Option<(String, String)> {
    let (now, was) = *all.get(at)?;
    let was = was?;
    let take_away = "take `was` away".to_owned();
    if now == was {
        return Some((format!("`{now}` is the name that it has now"), take_away));
    }
    if let Some((other, _)) = all[..at].iter().find(|(_, other)| *other == Some(was)) {
        let message = format!("`{was}` has become `{other}` already");
        return Some((message, "take one of the two away".to_owned()));
    }
    let named = |name: &str| all.iter().find(|(other, _)| *other == name);
    if let Some((_, None)) = named(was) {
        let message = format!("`{was}` is declared still, so it cannot have become `{now}`");
        return Some((message, format!("{take_away}, or say what `{was}` was before")));
    }
    let mut seen = BTreeSet::from([now]);
    let mut before = was;
    while let Some((_, Some(next))) = named(before)
        && seen.insert(before)
    {
        before = next;
    }
    (before == now).then(|| {
        let message = format!(
            "`{now}` was `{was}`, and so on in a circle: nobody can tell whether that has been done"
        );
        (message, "do it in two steps, by way of another name".to_owned())
    })
}

/// Tables know of their own names only: here they are compared with each other.
pub(super) fn check(tables: &Tables, errors: &mut Vec<ResolveError>) {
    let before = tables.iter().map(|(name, declared)| {
        let was = declared.renames.tables.get(name);
        (name, was.map(|was| QualifiedName::new(name.schema.clone(), was.clone())))
    });
    let texts: Vec<_> =
        before.map(|(now, was)| (now.to_string(), was.map(|was| was.to_string()))).collect();
    let all: Vec<_> = texts.iter().map(|(now, was)| (now.as_str(), was.as_deref())).collect();
    for (at, table) in tables.keys().enumerate() {
        if let Some((message, help)) = mistake(at, &all) {
            let (table, help) = (table.clone(), Some(help));
            errors.push(ResolveError { table, part: Part::Was, message, help });
        }
    }
}

/// What is wrong with the names that roles had, if anything is, and what to write instead.
pub fn role_mistake(settings: &Settings) -> Option<(String, String)> {
    let before = |role: &str| {
        let was = settings.renamed_roles.iter().find(|(now, _)| now.as_str() == role);
        was.map(|(_, was)| was.as_str())
    };
    let all: Vec<_> = settings.known_roles().map(|role| (role, before(role))).collect();
    (0..all.len()).find_map(|at| mistake(at, &all))
}

/// Adds what things were called before to the schema that they make.
pub(super) fn add(
    tables: &Tables,
    types: &[DeclaredType],
    settings: &Settings,
    schema: &mut Schema,
) {
    let mut renames =
        Renames { roles: settings.renamed_roles.clone(), ..policies_of_roles(tables, settings) };
    tables.values().for_each(|declared| renames.extend(&declared.renames));
    types.iter().for_each(|declared| renames.extend(&declared.renames));
    schema.renames = renames;
}

/// The policies of `crud_policy(..)` are called after their roles, and follow them.
fn policies_of_roles(tables: &Tables, settings: &Settings) -> Renames {
    let mut renames = Renames::default();
    if settings.renamed_roles.is_empty() {
        return renames;
    }
    let before = |role: &Grantee| match role {
        Grantee::Role(name) => settings.renamed_roles.get(name).cloned().map(Grantee::Role),
        Grantee::Public => None,
    };
    for declared in tables.values() {
        let policies = &declared.table.policies;
        for (name, policy) in policies {
            let Some(roles) = crud::roles_in(name, policy) else { continue };
            let roles: Vec<_> =
                roles.into_iter().map(|role| before(role).unwrap_or(role.clone())).collect();
            let was: Option<Ident> = crud::name(&roles, policy.command).ok();
            if let Some(was) = was.filter(|was| was != name && !policies.contains_key(was)) {
                renames.policies.insert((declared.table.name.clone(), name.clone()), was);
            }
        }
    }
    renames
}
