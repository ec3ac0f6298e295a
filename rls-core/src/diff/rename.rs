//! Which names are to change, and in which order. A name before is a hint: it acts where it is there and the
//! name now is not, each only once, so that one that is left in place does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, OnTable, Pair};
use crate::model::{Ident, Partitioning, QualifiedName, Renames, Schema};

/// The names that are there, as far as hints ask for them.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) roles: BTreeSet<Ident>,
    /// Tables, which can get another name.
    pub(crate) tables: BTreeSet<QualifiedName>,
    /// Sequences, likewise.
    pub(crate) sequences: BTreeSet<QualifiedName>,
    /// What shares its name space with them, themselves among it.
    pub(crate) relations: BTreeSet<QualifiedName>,
    pub(crate) columns: BTreeSet<(QualifiedName, Ident)>,
    pub(crate) policies: BTreeSet<(QualifiedName, Ident)>,
    pub(crate) values: BTreeSet<(QualifiedName, String)>,
}

impl Names {
    /// Those of a snapshot.
    fn of(schema: &Schema) -> Self {
        let mut names = Names::default();
        let roles = schema.grantees.iter().filter_map(|grantee| grantee.name());
        names.roles.extend(roles.chain(schema.roles.keys()).cloned());
        for (name, table) in &schema.tables {
            let partitions = table.partitioning.iter().flat_map(Partitioning::all);
            names.relations.extend(partitions.map(|partition| partition.name.clone()));
            names.tables.insert(name.clone());
            let columns = table.columns.iter().map(|column| (name.clone(), column.name.clone()));
            names.columns.extend(columns);
            names
                .policies
                .extend(table.policies.keys().map(|policy| (name.clone(), policy.clone())));
        }
        let others = schema.views.keys().chain(schema.sequences.keys());
        names.relations.extend(schema.tables.keys().chain(others).cloned());
        names.sequences.extend(schema.sequences.keys().cloned());
        for (name, ty) in &schema.types {
            let values = ty.values().into_iter().flatten();
            names.values.extend(values.map(|value| (name.clone(), value.clone())));
        }
        names
    }
}

/// The renames that lead from a snapshot towards what is declared.
pub(crate) fn pending(schemas: Pair<&Schema>) -> Vec<Change> {
    let declared = &schemas.next.renames;
    if declared.is_empty() { Vec::new() } else { among(declared, Names::of(schemas.previous)) }
}

/// The renames that are to be made where these names are there: roles, tables, and then what belongs to
/// tables, by the names that those have got.
pub(crate) fn among(declared: &Renames, names: Names) -> Vec<Change> {
    let Renames { roles, tables, sequences, columns, policies, values } = declared;
    let mut changes = Vec::new();
    for (to, name) in steps(owned(roles), names.roles) {
        changes.push(Change::RenameRole { name, to });
    }
    let mut moved = BTreeMap::new();
    let relations = in_schema(tables, &names.tables).chain(in_schema(sequences, &names.sequences));
    for (to, name) in steps(relations.collect(), names.relations) {
        if names.sequences.contains(&name) {
            changes.push(Change::RenameSequence { name, to: to.name });
        } else {
            changes.push(Change::RenameTable { name: name.clone(), to: to.name.clone() });
            moved.insert(name, to);
        }
    }
    let there = |names: BTreeSet<(QualifiedName, Ident)>| {
        let now = |table| moved.get(&table).cloned().unwrap_or(table);
        names.into_iter().map(|(table, name)| (now(table), name)).collect()
    };
    for (to, name) in steps(beside(columns), there(names.columns)) {
        changes.push(Change::RenameColumn(on_table(name, to)));
    }
    for (to, name) in steps(beside(policies), there(names.policies)) {
        changes.push(Change::RenamePolicy(on_table(name, to)));
    }
    for ((name, next), (_, previous)) in steps(beside(values), names.values) {
        changes.push(Change::RenameValue { name, values: Pair { previous, next } });
    }
    changes
}

/// The hints that take these renames back, in the state that they came from.
pub(crate) fn undoing(renames: &[Change]) -> Renames {
    let mut back = Renames::default();
    let mut were: BTreeMap<QualifiedName, QualifiedName> = BTreeMap::new();
    for change in renames {
        if let Change::RenameTable { name, to } = change {
            were.insert(QualifiedName::new(name.schema.clone(), to.clone()), name.clone());
        }
    }
    let was = |table: &QualifiedName| were.get(table).unwrap_or(table).clone();
    for change in renames {
        if let Change::RenameRole { name, to } = change {
            back.roles.insert(name.clone(), to.clone());
        } else if let Change::RenameTable { name, to } = change {
            back.tables.insert(name.clone(), to.clone());
        } else if let Change::RenameSequence { name, to } = change {
            back.sequences.insert(name.clone(), to.clone());
        } else if let Change::RenameColumn(OnTable { table, item }) = change {
            back.columns.insert((was(table), item.previous.clone()), item.next.clone());
        } else if let Change::RenamePolicy(OnTable { table, item }) = change {
            back.policies.insert((was(table), item.previous.clone()), item.next.clone());
        } else if let Change::RenameValue { name, values } = change {
            back.values.insert((name.clone(), values.previous.clone()), values.next.clone());
        }
    }
    back
}

fn owned<N: Clone>(hints: &BTreeMap<N, N>) -> Vec<(N, N)> {
    hints.iter().map(|(now, was)| (now.clone(), was.clone())).collect()
}

/// Both names with their schema, of those that are there.
fn in_schema<'a>(
    hints: &'a BTreeMap<QualifiedName, Ident>,
    there: &'a BTreeSet<QualifiedName>,
) -> impl Iterator<Item = (QualifiedName, QualifiedName)> + 'a {
    let both = |(now, was): (&QualifiedName, &Ident)| {
        (now.clone(), QualifiedName::new(now.schema.clone(), was.clone()))
    };
    hints.iter().map(both).filter(|(_, was)| there.contains(was))
}

type Beside<N> = (QualifiedName, N);

/// Both names beside what they belong to.
fn beside<N: Clone>(hints: &BTreeMap<Beside<N>, N>) -> Vec<(Beside<N>, Beside<N>)> {
    let both = |(now, was): (&Beside<N>, &N)| (now.clone(), (now.0.clone(), was.clone()));
    hints.iter().map(both).collect()
}

fn on_table(name: Beside<Ident>, to: Beside<Ident>) -> OnTable<Pair<Ident>> {
    OnTable { table: to.0, item: Pair { previous: name.1, next: to.1 } }
}

/// Names now and before of what is to get another name, each when its new one has become free. Names that
/// would change places never do.
fn steps<N: Ord + Clone>(hints: Vec<(N, N)>, mut there: BTreeSet<N>) -> Vec<(N, N)> {
    let mut open: Vec<_> = hints.into_iter().filter(|(_, was)| there.contains(was)).collect();
    let mut steps = Vec::new();
    while let Some(at) =
        open.iter().position(|(now, was)| there.contains(was) && !there.contains(now))
    {
        let (now, was) = open.remove(at);
        there.remove(&was);
        there.insert(now.clone());
        steps.push((now, was));
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::steps;

    fn done(hints: &[(&'static str, &'static str)], there: &[&'static str]) -> Vec<String> {
        let there = BTreeSet::from_iter(there.iter().copied());
        steps(hints.to_vec(), there).iter().map(|(now, was)| format!("{was}>{now}")).collect()
    }

    #[test]
    fn a_hint_acts_where_the_old_name_is_there_and_the_new_one_is_not() {
        assert_eq!(done(&[("a", "b")], &["b"]), ["b>a"]);
        assert!(done(&[("a", "b")], &["a"]).is_empty());
        assert!(done(&[("a", "b")], &["a", "b"]).is_empty());
        assert!(done(&[("a", "b")], &[]).is_empty());
    }

    #[test]
    fn chains_move_up_from_their_free_end_and_each_thing_once() {
        assert_eq!(done(&[("a", "b"), ("b", "c")], &["b", "c"]), ["b>a", "c>b"]);
        assert_eq!(done(&[("z", "b"), ("b", "a")], &["a", "b"]), ["b>z", "a>b"]);
        assert_eq!(done(&[("a", "b"), ("b", "c")], &["c"]), ["c>b"]);
        assert!(done(&[("a", "b"), ("b", "c")], &["a", "b"]).is_empty());
        assert!(done(&[("a", "b"), ("b", "a")], &["a", "b"]).is_empty());
        assert_eq!(done(&[("a", "c"), ("b", "c")], &["c"]), ["c>a"]);
    }
}
