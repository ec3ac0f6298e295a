//! Privileges that were declared by name: whose they are, and the single ones that they make.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::Objects;
use super::{Part, ResolveError, Tables, known_role};
use crate::model::{
    DeclaredGrant, DefaultHolder, DefaultPrivilege, Grant, GrantObject, Grantee, QualifiedName,
    Routine, Schema,
};
use crate::provider::Settings;

/// Everything that was declared by name: on tables, partitions, views and their columns, on sequences and
/// functions.
fn declared<'a>(
    tables: &'a Tables,
    objects: &'a Objects,
) -> impl Iterator<Item = (GrantObject, usize, &'a DeclaredGrant)> {
    let table = |name: &QualifiedName| GrantObject::Table(name.clone());
    let of_tables = tables.values().flat_map(move |it| each(table(&it.table.name), &it.grants));
    let partitions = tables.values().flat_map(|declared| &declared.partitions);
    let of_partitions = partitions.flat_map(move |(name, it)| each(table(name), &it.grants));
    let of_sequences = objects
        .sequences
        .iter()
        .flat_map(|it| each(GrantObject::Sequence(it.sequence.name.clone()), &it.grants));
    let of_functions = objects
        .functions
        .iter()
        .flat_map(|(routine, it)| each(GrantObject::Routine(routine.clone()), &it.grants));
    let of_views = objects.views.iter().flat_map(move |(name, it)| each(table(name), &it.grants));
    of_tables.chain(of_partitions).chain(of_sequences).chain(of_functions).chain(of_views)
}

/// Those on one object, each with its place among them.
fn each(
    object: GrantObject,
    grants: &[DeclaredGrant],
) -> impl Iterator<Item = (GrantObject, usize, &DeclaredGrant)> {
    grants.iter().enumerate().map(move |(at, grant)| (object.clone(), at, grant))
}

/// Adds those on what is no table; those on tables are among what is derived.
pub(super) fn add(tables: &Tables, objects: &Objects, schema: &mut Schema) {
    for (object, _, grant) in declared(tables, objects) {
        let single = grant.on(&object);
        if grant.grantable {
            schema.grant_options.extend(single.clone());
        }
        schema.grants.extend(single);
    }
}

/// Adds what rls.toml declares: privileges beside those of structs, and those on objects to come.
pub(super) fn add_settings(settings: &Settings, schema: &mut Schema) {
    for (object, grant) in &settings.grants_beside {
        let single = grant.on(object);
        if grant.grantable {
            schema.grant_options.extend(single.clone());
        }
        schema.grants_by_name.extend(single.clone());
        schema.grants.extend(single);
    }
    for (target, grant) in &settings.default_privileges {
        for grantee in &grant.roles {
            let (target, grantee) = (target.clone(), grantee.clone());
            let holder = DefaultHolder { target: target.clone(), grantee: grantee.clone() };
            schema.settled_defaults.insert(holder);
            schema.default_privileges.extend(grant.privileges.iter().map(|privilege| {
                DefaultPrivilege {
                    target: target.clone(),
                    grantee: grantee.clone(),
                    privilege: *privilege,
                    grantable: grant.grantable,
                }
            }));
        }
    }
}

/// Roles that nobody knows.
pub(super) fn check(
    tables: &Tables,
    objects: &Objects,
    settings: &Settings,
    errors: &mut Vec<ResolveError>,
) {
    let mut told: BTreeSet<(QualifiedName, Grantee)> = BTreeSet::new();
    let partitions: BTreeMap<_, _> = tables
        .values()
        .flat_map(|declared| declared.partitions.keys().map(|part| (part, &declared.table.name)))
        .collect();
    for (object, at, grant) in declared(tables, objects) {
        let (GrantObject::Table(name)
        | GrantObject::Sequence(name)
        | GrantObject::Routine(Routine { name, arguments: _ })) = object
        else {
            continue;
        };
        for role in &grant.roles {
            let Some((message, help)) = known_role(role, settings) else { continue };
            if told.insert((name.clone(), role.clone())) {
                let role = role.clone();
                let (table, part) = match partitions.get(&name) {
                    Some(of) => ((*of).clone(), Part::PartitionGrantee(name.clone(), at, role)),
                    None => (name.clone(), Part::Grantee(at, role)),
                };
                errors.push(ResolveError { table, part, message, help: Some(help) });
            }
        }
    }
}

/// The single privileges that a table's `grant(..)` make.
pub(crate) fn of_table(table: &crate::model::DeclaredTable) -> BTreeSet<Grant> {
    let object = GrantObject::Table(table.table.name.clone());
    table.grants.iter().flat_map(|grant| grant.on(&object)).collect()
}

/// What whoever may use partitions by name needs to get at them: the use of their schemas.
pub(crate) fn at_partitions(table: &crate::model::DeclaredTable) -> BTreeSet<Grant> {
    let held = table.partitions.iter().flat_map(|(name, said)| {
        let roles = said.grants.iter().flat_map(|grant| &grant.roles);
        roles.map(|role| Grant::usage(&name.schema, role))
    });
    held.collect()
}
