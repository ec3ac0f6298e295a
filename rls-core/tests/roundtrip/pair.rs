//! Two schemas, and the way that leads from one to the other.

use std::collections::BTreeMap;

use rls_core::model::*;

use super::dice::Dice;
use super::draft::Draft;
use super::maker;
use super::repair::{counted, repair};

#[derive(Clone, PartialEq, Debug)]
pub struct Way {
    pub first: Draft,
    pub then: Draft,
    /// Planned from the first one as a snapshot, and not from what the database holds.
    pub by_snapshot: bool,
    /// What the rows of the first one are chosen by.
    pub seed: u64,
}

pub fn way(mut dice: Dice, seeds: [Dice; 2], version: u32) -> Way {
    let [one, other] = seeds;
    let first = maker::schema(one, version);
    let other = maker::schema(other, version);
    let then = if dice.one_in(4) { other } else { mixed(&mut dice, &first, &other) };
    let (by_snapshot, seed) = (dice.one_in(2), dice.below(1 << 30) as u64);
    let mut way = Way { first, then, by_snapshot, seed };
    reconcile(&mut way);
    way
}

/// Parts of one and parts of the other: most stays as it was.
fn mixed(dice: &mut Dice, one: &Draft, other: &Draft) -> Draft {
    let mut mixed = one.clone();
    mixed.learn(other);
    let (from, into) = (&other.schema, &mut mixed.schema);
    for (name, table) in &from.tables {
        match into.tables.get_mut(name) {
            Some(known) => mix_tables(dice, known, table),
            None if dice.one_in(2) => drop(into.tables.insert(name.clone(), table.clone())),
            None => {}
        }
    }
    let of_another = dice.any(&from.tables.values().cloned().collect::<Vec<_>>());
    for table in into.tables.values_mut() {
        // Columns mean the same in every table.
        if let Some(other) = of_another.as_ref().filter(|_| dice.one_in(2)) {
            let columns = other.columns.iter().filter(|column| column.generated.is_none());
            mix_columns(dice, table, &columns.cloned().collect::<Vec<_>>());
        }
    }
    if dice.one_in(4) && into.tables.len() > 1 {
        let gone = dice.any(&into.tables.keys().cloned().collect::<Vec<_>>());
        into.tables.retain(|name, _| Some(name) != gone.as_ref());
    }
    mix(dice, &mut into.types, &from.types);
    mix(dice, &mut into.sequences, &from.sequences);
    mix(dice, &mut into.functions, &from.functions);
    mix(dice, &mut into.views, &from.views);
    mix(dice, &mut into.comments, &from.comments);
    mix(dice, &mut into.owners, &from.owners);
    mix(dice, &mut into.memberships, &from.memberships);
    mix(dice, &mut into.extension_schemas, &from.extension_schemas);
    let keep = |dice: &mut Dice| !dice.one_in(5);
    into.grants.retain(|_| keep(dice));
    into.grant_options.retain(|_| keep(dice));
    into.grants_by_name.retain(|_| keep(dice));
    into.default_privileges.retain(|_| keep(dice));
    into.settled_defaults.retain(|_| keep(dice));
    into.grants.extend(from.grants.iter().filter(|_| dice.one_in(3)).cloned());
    into.grant_options.extend(from.grant_options.iter().cloned());
    into.grants_by_name.extend(from.grants_by_name.iter().cloned());
    into.default_privileges.extend(from.default_privileges.iter().cloned());
    into.settled_defaults.extend(from.settled_defaults.iter().filter(|_| dice.one_in(2)).cloned());
    into.grantees.extend(from.grantees.iter().filter(|_| dice.one_in(2)).cloned());
    into.extensions.extend(from.extensions.iter().cloned());
    into.namespaces.extend(from.namespaces.iter().cloned());
    mixed
}

fn mix<K: Ord + Clone, V: Clone>(
    dice: &mut Dice,
    into: &mut BTreeMap<K, V>,
    from: &BTreeMap<K, V>,
) {
    into.retain(|_, _| !dice.one_in(6));
    for (name, item) in from {
        if dice.one_in(2) {
            into.insert(name.clone(), item.clone());
        }
    }
}

fn mix_tables(dice: &mut Dice, into: &mut Table<Sql>, from: &Table<Sql>) {
    mix_columns(dice, into, &from.columns);
    if dice.one_in(2) {
        into.primary_key = from.primary_key.clone();
    }
    mix(dice, &mut into.uniques, &from.uniques);
    mix(dice, &mut into.checks, &from.checks);
    mix(dice, &mut into.foreign_keys, &from.foreign_keys);
    mix(dice, &mut into.exclusions, &from.exclusions);
    mix(dice, &mut into.indexes, &from.indexes);
    mix(dice, &mut into.triggers, &from.triggers);
    if dice.one_in(3) {
        into.partitioning = from.partitioning.clone();
    }
    mix(dice, &mut into.policies, &from.policies);
    into.row_security = into.row_security.max(from.row_security);
}

fn mix_columns(dice: &mut Dice, into: &mut Table<Sql>, from: &[Column<Sql>]) {
    for column in from {
        match into.columns.iter_mut().find(|known| known.name == column.name) {
            Some(known) if dice.one_in(2) => *known = column.clone(),
            None if dice.one_in(3) => into.columns.push(column.clone()),
            Some(_) | None => {}
        }
    }
    into.columns.retain(|_| !dice.one_in(12));
}

/// What no plan does, and none should: row security is only ever added, schemas and extensions are
/// never dropped; and seen from a live database, what is not declared any more is somebody else's.
fn reconcile(way: &mut Way) {
    let (first, then) = (way.first.clone(), &mut way.then);
    then.learn(&first);
    // What is left of it, before it is known what it lacks.
    repair(then);
    let (was, is) = (&first.schema, &mut then.schema);
    is.namespaces.extend(was.namespaces.iter().cloned());
    // One that an identity column has counted with cannot give its name away at once.
    let counted = counted(was);
    is.sequences.retain(|name, _| !counted.contains(name));
    is.extensions.extend(was.extensions.iter().cloned());
    // What nobody declares any more stays as it is.
    for (extension, schema) in &was.extension_schemas {
        // What a trusted extension holds belongs to a superuser, and nobody else moves it.
        is.extension_schemas.insert(extension.clone(), schema.clone());
    }
    // What PUBLIC has of itself does not come back when it is taken.
    let of_itself = was.default_privileges.iter().filter(|it| it.grantee == Grantee::Public);
    is.default_privileges.extend(of_itself.cloned());
    is.settled_defaults.extend(was.settled_defaults.iter().cloned());
    for (owned, owner) in &was.owners {
        is.owners.entry(owned.clone()).or_insert_with(|| owner.clone());
    }
    for sequence in was.sequences.values() {
        let table = sequence.owner.as_ref().map(|owner| Owned::Relation(owner.table.clone()));
        if let Some(owner) = table.and_then(|table| was.owners.get(&table)) {
            let owned = Owned::Relation(sequence.name.clone());
            is.owners.entry(owned).or_insert_with(|| owner.clone());
        }
    }
    for (name, table) in &was.tables {
        if let Some(next) = is.tables.get_mut(name) {
            next.row_security = next.row_security.max(table.row_security);
            keep_names(table, next);
            keep_sequences(table, next);
            if let (Some(was), Some(is)) = (&table.partitioning, &mut next.partitioning) {
                keep_partitions(was, is);
            }
        }
    }
    for (name, view) in &was.views {
        is.views.entry(name.clone()).and_modify(|next| renamed(&view.indexes, &mut next.indexes));
    }
    for (name, ty) in &was.types {
        is.types.entry(name.clone()).and_modify(|next| keep_conditions(ty, next));
    }
    if !way.by_snapshot {
        for (name, table) in &was.tables {
            is.tables.entry(name.clone()).or_insert_with(|| table.clone());
        }
        for (name, sequence) in &was.sequences {
            is.sequences.entry(name.clone()).or_insert_with(|| sequence.clone());
        }
        for (name, ty) in &was.types {
            is.types.entry(name.clone()).or_insert_with(|| ty.clone());
        }
        let of_others = was.functions.iter().filter(|(routine, _)| !routine.is_private());
        for (routine, function) in of_others {
            is.functions.entry(routine.clone()).or_insert_with(|| function.clone());
        }
        for (name, view) in &was.views {
            is.views.entry(name.clone()).or_insert_with(|| view.clone());
        }
        for (on, text) in &was.comments {
            is.comments.entry(on.clone()).or_insert_with(|| text.clone());
        }
        is.grantees.extend(was.grantees.iter().cloned());
        is.default_privileges.extend(was.default_privileges.iter().cloned());
        let of_schemas = |grant: &&Grant| {
            matches!(
                grant.object,
                GrantObject::Schema(_)
                    | GrantObject::AllTables(_)
                    | GrantObject::Sequence(_)
                    | GrantObject::Routine(_)
            )
        };
        is.grants.extend(was.grants.iter().filter(of_schemas).cloned());
        is.grant_options.extend(was.grant_options.iter().filter(of_schemas).cloned());
    }
    repair(then);
    // What cannot stay as it is has to go by name, and only a snapshot knows its name.
    let stays = |routine: &Routine| routine.is_private() || is_kept(routine, &then.schema);
    way.by_snapshot |= !was.functions.keys().all(stays)
        || !was.views.keys().all(|name| then.schema.views.contains_key(name));
}

fn is_kept(routine: &Routine, schema: &Schema) -> bool {
    schema.functions.contains_key(routine)
}

/// Row security of partitions is only ever added too, and where those that nobody declares are kept, they
/// are.
fn keep_partitions(was: &Partitioning<Sql>, is: &mut Partitioning<Sql>) {
    if is.keep_undeclared {
        *is = Partitioning { keep_undeclared: true, ..was.clone() };
        return;
    }
    for (name, partition) in &mut is.partitions {
        let Some(was) = was.partitions.get(name) else { continue };
        partition.row_security = partition.row_security.max(was.row_security);
        if let (Some(was), Some(is)) = (&was.partitioning, &mut partition.partitioning) {
            keep_partitions(was, is);
        }
    }
}

/// The sequence of an identity column keeps its name where none is declared.
fn keep_sequences(was: &Table<Sql>, is: &mut Table<Sql>) {
    for column in is.columns.iter_mut().filter(|column| column.identity.is_some()) {
        let was = was.column(&column.name).filter(|was| was.identity.is_some());
        let name = was.and_then(|was| was.sequence.clone());
        column.sequence = column.sequence.take().or(name);
    }
}

fn renamed<T: PartialEq + Clone>(was: &BTreeMap<Ident, T>, is: &mut BTreeMap<Ident, T>) {
    keep_those(was, is, |one, other| one == other);
}

/// Gives what says the same as something of before its name, and that of nothing that has its own still.
fn keep_those<T: Clone>(
    was: &BTreeMap<Ident, T>,
    is: &mut BTreeMap<Ident, T>,
    same: impl Fn(&T, &T) -> bool,
) {
    let stays = |name: &Ident, item: &T| was.get(name).is_some_and(|was| same(was, item));
    for (name, item) in was {
        if is.get(name).is_some_and(|is| same(item, is)) {
            continue;
        }
        let other = is.iter().find(|(other, found)| !stays(other, found) && same(item, found));
        if let Some((other, item)) = other.map(|(name, item)| (name.clone(), item.clone())) {
            is.remove(&other);
            is.insert(name.clone(), item);
        }
    }
}

/// The same of the conditions of a domain, whether they are proven or not.
fn keep_conditions(was: &UserType<Sql>, is: &mut UserType<Sql>) {
    let (TypeForm::Domain(was), TypeForm::Domain(is)) = (&was.form, &mut is.form) else { return };
    keep_those(&was.checks, &mut is.checks, |one, other| one.expr == other.expr);
}

fn same_check(one: &Check<Sql>, other: &Check<Sql>) -> bool {
    Check { not_valid: other.not_valid, ..one.clone() } == *other
}

fn same_key(one: &ForeignKey, other: &ForeignKey) -> bool {
    let ForeignKey { deferral, not_valid, .. } = *other;
    ForeignKey { deferral, not_valid, ..one.clone() } == *other
}

/// What says the same as before keeps the name that it has; nothing else may take that one.
fn keep_names(was: &Table<Sql>, is: &mut Table<Sql>) {
    if let Some((was, is)) = was.primary_key.as_ref().zip(is.primary_key.as_mut()) {
        is.name = was.name.clone();
    }
    renamed(&was.uniques, &mut is.uniques);
    keep_those(&was.checks, &mut is.checks, same_check);
    keep_those(&was.foreign_keys, &mut is.foreign_keys, same_key);
    // What is proven stays so.
    for (name, check) in &mut is.checks {
        let was = was.checks.get(name).filter(|was| same_check(was, check));
        check.not_valid &= was.is_none_or(|was| was.not_valid);
    }
    for (name, key) in &mut is.foreign_keys {
        let was = was.foreign_keys.get(name).filter(|was| same_key(was, key));
        key.not_valid &= was.is_none_or(|was| was.not_valid);
    }
    renamed(&was.exclusions, &mut is.exclusions);
    renamed(&was.indexes, &mut is.indexes);
}

/// The same way with one part less, or none where there are no more parts.
pub fn without(way: &Way, at: usize) -> Option<Way> {
    let mut parts = parts(&way.first.schema);
    for part in self::parts(&way.then.schema) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let part = parts.get(at / 3)?;
    let mut smaller = way.clone();
    if at % 3 != 2 {
        remove(&mut smaller.first.schema, part);
    }
    if at % 3 != 1 {
        remove(&mut smaller.then.schema, part);
    }
    repair(&mut smaller.first);
    reconcile(&mut smaller);
    Some(smaller)
}

#[derive(Clone, PartialEq)]
enum Part {
    Table(QualifiedName),
    Sequence(QualifiedName),
    Function(Routine),
    Type(QualifiedName),
    View(QualifiedName),
    /// How a table is spread.
    Spread(QualifiedName),
    Comments,
    Grant(Grant),
    Default(DefaultPrivilege),
    Extensions,
    Column(QualifiedName, Ident),
    PrimaryKey(QualifiedName),
    Item(QualifiedName, Ident),
    /// What is special about a column.
    Plain(QualifiedName, Ident),
    Comment(Commented),
    Grantee(Grantee),
    Owner(Owned),
    Memberships,
}

fn parts(schema: &Schema) -> Vec<Part> {
    let mut parts: Vec<_> = schema.tables.keys().cloned().map(Part::Table).collect();
    parts.extend(schema.functions.keys().cloned().map(Part::Function));
    parts.extend(schema.sequences.keys().cloned().map(Part::Sequence));
    parts.extend(schema.types.keys().cloned().map(Part::Type));
    parts.extend(schema.views.keys().cloned().map(Part::View));
    parts.extend([Part::Comments, Part::Extensions, Part::Memberships]);
    parts.extend(schema.owners.keys().cloned().map(Part::Owner));
    parts.extend(schema.grants.iter().cloned().map(Part::Grant));
    parts.extend(schema.default_privileges.iter().cloned().map(Part::Default));
    parts.extend(schema.comments.keys().cloned().map(Part::Comment));
    for table in schema.tables.values() {
        let name = || table.name.clone();
        let items = table.policies.keys().chain(table.triggers.keys()).chain(table.indexes.keys());
        let items = items.chain(table.foreign_keys.keys()).chain(table.exclusions.keys());
        let items = items.chain(table.checks.keys()).chain(table.uniques.keys());
        parts.extend(items.map(|item| Part::Item(name(), item.clone())));
        parts.push(Part::PrimaryKey(name()));
        parts.extend(table.partitioning.iter().map(|_| Part::Spread(name())));
        parts.extend(table.columns.iter().map(|column| Part::Column(name(), column.name.clone())));
        parts.extend(table.columns.iter().map(|column| Part::Plain(name(), column.name.clone())));
    }
    parts.extend(
        schema.grantees.iter().filter(|it| **it != Grantee::Public).cloned().map(Part::Grantee),
    );
    parts
}

fn remove(schema: &mut Schema, part: &Part) {
    match part {
        Part::Table(name) => drop(schema.tables.remove(name)),
        Part::Sequence(name) => drop(schema.sequences.remove(name)),
        Part::Function(name) => drop(schema.functions.remove(name)),
        Part::Type(name) => drop(schema.types.remove(name)),
        Part::View(name) => drop(schema.views.remove(name)),
        Part::Owner(owned) => drop(schema.owners.remove(owned)),
        Part::Memberships => schema.memberships.clear(),
        Part::Spread(of) => {
            schema.tables.get_mut(of).into_iter().for_each(|table| table.partitioning = None);
        }
        Part::Comments => schema.comments.clear(),
        Part::Comment(on) => drop(schema.comments.remove(on)),
        Part::Extensions => schema.extensions.clear(),
        Part::Grantee(grantee) => drop(schema.grantees.remove(grantee)),
        Part::Grant(grant) => {
            schema.grants.remove(grant);
            schema.grant_options.remove(grant);
        }
        Part::Default(default) => drop(schema.default_privileges.remove(default)),
        Part::Column(of, column) => {
            if let Some(table) = schema.tables.get_mut(of) {
                table.columns.retain(|it| &it.name != column);
            }
        }
        Part::Plain(of, column) => {
            let table = schema.tables.get_mut(of);
            for it in table.into_iter().flat_map(|table| &mut table.columns) {
                if &it.name == column {
                    *it = Column {
                        nullable: it.nullable,
                        ..Column::new(it.name.clone(), it.ty.clone())
                    };
                }
            }
        }
        Part::PrimaryKey(of) => {
            schema.tables.get_mut(of).into_iter().for_each(|table| table.primary_key = None);
        }
        Part::Item(of, name) => {
            let Some(table) = schema.tables.get_mut(of) else { return };
            table.policies.remove(name);
            table.triggers.remove(name);
            table.indexes.remove(name);
            table.foreign_keys.remove(name);
            table.exclusions.remove(name);
            table.checks.remove(name);
            table.uniques.remove(name);
        }
    }
}
