//! What stands in rls.toml: roles, extensions, owners, and privileges beside those of structs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Commented, DeclaredGrant, DefaultTarget, Grant, GrantObject, Grantee, Ident, Owned,
    Partitioning, Privilege, Schema,
};
use crate::provider::{DeclaredSchema, Provider, Settings};

/// What is compiled for: the roles that are named, the extensions that are there, and what nothing else
/// declares.
pub(super) fn of(live: &Schema, provider: Provider) -> Settings {
    let roles = live.grantees.iter().filter_map(|grantee| match grantee {
        Grantee::Public => None,
        Grantee::Role(name) => Some(name.clone()),
    });
    let roles = roles.filter(|name| !provider.roles().contains(&name.as_str())).collect();
    let own = provider.extension();
    let extensions = live.extensions.iter().filter(|name| Some(name.as_str()) != own).cloned();
    let extensions: BTreeSet<Ident> = extensions.collect();
    let mut extension_schemas = live.extension_schemas.clone();
    extension_schemas.retain(|name, _| extensions.contains(name));
    Settings {
        roles,
        extensions,
        extension_schemas,
        schemas: schemas(live),
        grants_beside: beside(live, &BTreeSet::new()),
        default_privileges: default_privileges(live),
        ..Settings::new(provider)
    }
}

/// What is to be said of schemas. What `initdb` says of `public` goes without saying.
fn schemas(live: &Schema) -> BTreeMap<Ident, DeclaredSchema> {
    let mut schemas: BTreeMap<Ident, DeclaredSchema> = BTreeMap::new();
    for (on, text) in &live.comments {
        match on {
            Commented::Schema(name) if text != "standard public schema" => {
                schemas.entry(name.clone()).or_default().comment = Some(text.clone());
            }
            _ => {}
        }
    }
    for (owned, owner) in &live.owners {
        if let Owned::Schema(name) = owned {
            schemas.entry(name.clone()).or_default().owner = Some(owner.clone());
        }
    }
    schemas
}

/// Who owns everything but schemas, if that is one and not whoever asks. Otherwise each thing of somebody
/// else's is to say so.
pub(super) fn owner(live: &mut Schema) -> Option<Ident> {
    let tables = live.tables.keys().cloned().map(Owned::Relation);
    let free = live.sequences.values().filter(|sequence| sequence.owner.is_none());
    let free = free.map(|sequence| Owned::Relation(sequence.name.clone()));
    let types = live.types.keys().cloned().map(Owned::Type);
    let functions = live.functions.keys().filter(|routine| !routine.is_private());
    let functions = functions.cloned().map(Owned::Function);
    let views = live.views.keys().cloned().map(Owned::Relation);
    let all: Vec<_> = tables.chain(free).chain(types).chain(functions).chain(views).collect();
    let owners: BTreeSet<_> = all.iter().map(|owned| live.undeclared_owners.get(owned)).collect();
    let one = match (owners.first(), owners.len()) {
        (Some(Some(owner)), 1) => Some((*owner).clone()),
        _ => None,
    };
    let named = |owned: Owned| Some((owned.clone(), live.undeclared_owners.get(&owned)?.clone()));
    let mut said: Vec<_> = match &one {
        Some(_) => Vec::new(),
        None => all.into_iter().filter_map(named).collect(),
    };
    for table in live.tables.values() {
        let of_table = live.undeclared_owners.get(&Owned::Relation(table.name.clone()));
        let partitions = table.partitioning.iter().flat_map(Partitioning::all);
        let own = partitions.filter_map(|it| named(Owned::Relation(it.name.clone())));
        said.extend(own.filter(|(_, owner)| Some(owner) != of_table));
    }
    live.owners.extend(said);
    one
}

/// The privileges on schemas and sequences that are not given anyway. Where everyone holds one, another
/// database would not give it by name unless that is said.
pub(super) fn beside(live: &Schema, given: &BTreeSet<Grant>) -> Vec<(GrantObject, DeclaredGrant)> {
    let mut held: BTreeMap<(GrantObject, bool, Grantee), BTreeSet<Privilege>> = BTreeMap::new();
    for grant in live.grants.iter().filter(|grant| is_beside(grant, live)) {
        let Grant { object, grantee, privilege } = grant.clone();
        let grantable = live.grant_options.contains(grant);
        let everyone = Grant { grantee: Grantee::Public, ..grant.clone() };
        let by_name = is_on_public(&object) || live.grants.contains(&everyone);
        if grantable || by_name || !given.contains(grant) {
            held.entry((object, grantable, grantee)).or_default().insert(privilege);
        }
    }
    let held = held.into_iter();
    together(held.map(|((object, grantable, role), held)| ((object, held, grantable), role)))
}

/// The privileges that rls.toml declares: on schemas, and on sequences that no struct declares.
pub(super) fn is_beside(grant: &Grant, schema: &Schema) -> bool {
    match &grant.object {
        GrantObject::Schema(_) => true,
        GrantObject::Sequence(name) => !schema.sequences.contains_key(name),
        GrantObject::Function(_)
        | GrantObject::Routine(_)
        | GrantObject::Table(_)
        | GrantObject::Column { .. }
        | GrantObject::AllTables(_) => false,
    }
}

/// PUBLIC may use the schema of that name in every new database.
fn is_on_public(object: &GrantObject) -> bool {
    matches!(object, GrantObject::Schema(name) if name.as_str() == "public")
}

/// The privileges on objects to come of everyone of whom they are known.
fn default_privileges(live: &Schema) -> Vec<(DefaultTarget, DeclaredGrant)> {
    let mut held = Vec::new();
    for holder in &live.settled_defaults {
        let of_holder = live
            .default_privileges
            .iter()
            .filter(|it| it.target == holder.target && it.grantee == holder.grantee);
        let (passed_on, kept): (Vec<_>, Vec<_>) = of_holder.partition(|it| it.grantable);
        let none = passed_on.is_empty() && kept.is_empty();
        for (found, grantable) in [(passed_on, true), (kept, false)] {
            if !found.is_empty() || (none && !grantable) {
                let privileges = found.iter().map(|it| it.privilege).collect();
                held.push(((holder.target.clone(), privileges, grantable), holder.grantee.clone()));
            }
        }
    }
    together(held.into_iter())
}

/// The roles that hold the same on the same.
fn together<T: Ord>(
    held: impl Iterator<Item = ((T, BTreeSet<Privilege>, bool), Grantee)>,
) -> Vec<(T, DeclaredGrant)> {
    let mut roles: BTreeMap<(T, BTreeSet<Privilege>, bool), BTreeSet<Grantee>> = BTreeMap::new();
    for (what, grantee) in held {
        roles.entry(what).or_default().insert(grantee);
    }
    let declared = roles.into_iter().map(|((on, privileges, grantable), roles)| {
        (on, DeclaredGrant { roles, privileges, columns: BTreeSet::new(), grantable })
    });
    declared.collect()
}
