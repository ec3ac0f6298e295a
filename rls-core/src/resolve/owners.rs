//! To whom what is declared belongs: what a struct says, or else rls.toml.

use std::collections::BTreeSet;

use super::objects::Objects;
use super::{Part, ResolveError, Tables};
use crate::model::{
    DeclaredTable, DeclaredType, Expr, Function, Ident, Owned, PRIVATE_SCHEMA, Partition,
    Partitioning, Schema,
};
use crate::policy::compile::{Linked, Site};
use crate::policy::definer;
use crate::provider::Settings;
use crate::render;

/// Adds the owners. Unless it says so itself, a partition goes with its table; a sequence with its column's
/// table, a lookup past policies with the tables that it looks into, and the schema of such lookups with
/// them. Any other schema belongs to somebody only where rls.toml says that of it by name: it may serve others.
pub(super) fn add(
    tables: &Tables,
    objects: &Objects,
    types: &[DeclaredType],
    settings: &Settings,
    schema: &mut Schema,
) {
    let usual = |own: &Option<Ident>| own.clone().or_else(|| settings.owner.clone());
    let mut owners = Vec::new();
    for declared in tables.values() {
        let owner = usual(&declared.owner);
        for Partition { name, .. } in declared.table.partitioning.iter().flat_map(Partitioning::all)
        {
            let own = declared.partitions.get(name).and_then(|said| said.owner.clone());
            owners.push((Owned::Relation(name.clone()), own.or_else(|| owner.clone())));
        }
        owners.push((Owned::Relation(declared.table.name.clone()), owner));
    }
    for declared in objects.sequences.iter().filter(|it| it.sequence.owner.is_none()) {
        let owned = Owned::Relation(declared.sequence.name.clone());
        owners.push((owned, usual(&declared.owner)));
    }
    for (name, declared) in &objects.views {
        owners.push((Owned::Relation(name.clone()), usual(&declared.owner)));
    }
    for (routine, declared) in &objects.functions {
        owners.push((Owned::Function(routine.clone()), usual(&declared.owner)));
    }
    for declared in types {
        owners.push((Owned::Type(declared.ty.name.clone()), usual(&declared.owner)));
    }
    let lookups = schema.functions.iter().filter(|(routine, _)| routine.is_private());
    let mut of_lookups = BTreeSet::new();
    for (routine, function) in lookups {
        let owner = of_lookup(function, tables, settings);
        of_lookups.insert(owner.clone());
        owners.push((Owned::Function(routine.clone()), owner));
    }
    if let Some(Some(owner)) = of_lookups.pop_first().filter(|_| of_lookups.is_empty()) {
        owners.push((Owned::Schema(Ident::literal(PRIVATE_SCHEMA)), Some(owner)));
    }
    for (name, declared) in &settings.schemas {
        schema.namespaces.insert(name.clone());
        owners.push((Owned::Schema(name.clone()), declared.owner.clone()));
    }
    schema.owners = owners.into_iter().filter_map(|(owned, owner)| Some((owned, owner?))).collect();
}

/// The one owner of the tables that a lookup reads past policies.
fn of_lookup(function: &Function, tables: &Tables, settings: &Settings) -> Option<Ident> {
    let reads = |declared: &&DeclaredTable| {
        let from = format!("FROM {} ", render::qualified(&declared.table.name));
        function.body.as_str().contains(&from)
    };
    let mut read = tables.values().filter(reads);
    read.find_map(|declared| owner(declared, settings))
}

fn owner(declared: &DeclaredTable, settings: &Settings) -> Option<Ident> {
    declared.owner.clone().or_else(|| settings.owner.clone())
}

/// A lookup runs as one role, which reads past the policies of what belongs to it and of nothing else.
pub(super) fn of_lookups(
    declared: &DeclaredTable,
    linked: &Linked,
    tables: &Tables,
    settings: &Settings,
    errors: &mut Vec<ResolveError>,
) {
    for ((policy, gate), (expr, term)) in &linked.policies {
        let nodes = expr.nodes().enumerate();
        let nodes = nodes.filter(|(_, node)| matches!(node, Expr::Definer(_)));
        for ((node, _), looked_in) in nodes.zip(definer::lookups(term)) {
            let read = looked_in.iter().filter_map(|name| tables.get(name));
            let owners: BTreeSet<_> = read.map(|declared| owner(declared, settings)).collect();
            if owners.len() < 2 {
                continue;
            }
            let names: Vec<_> = looked_in.iter().map(|name| format!("`{name}`")).collect();
            errors.push(ResolveError {
                table: declared.table.name.clone(),
                part: Part::Expr(Site::Policy(policy.clone(), *gate), node),
                message: format!(
                    "`definer` reads {} as one role, and they belong to several",
                    names.join(" and ")
                ),
                help: Some("give them one `owner`, or look into each by itself".to_owned()),
            });
        }
    }
}
