//! Differences in comments. One goes with what it stands on, and has to be made again with it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Canonical, Change, Pair, constraint, same_view};
use crate::model::{
    Commented, Composite, Ident, Index, QualifiedName, Schema, Sql, Table, TypeForm, UserType,
};

/// The changes of comments, after all others are known.
pub(super) fn alter(schemas: Pair<&Schema>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let none =
        |schema: &Schema| schema.comments.is_empty() && schema.undeclared_comments.is_empty();
    if none(previous) && none(next) {
        return;
    }
    let things: BTreeSet<_> = changes.iter().flat_map(made).collect();
    let views: BTreeSet<_> = changes.iter().filter_map(view).cloned().collect();
    let made = |on: &Commented| {
        // Which columns a view has, only the server knows.
        things.contains(on) || matches!(on, Commented::Column(of, _) if views.contains(of))
    };
    let mut found = Vec::new();
    for (on, text) in &next.comments {
        let adopted = if made(on) { None } else { adopted(on, schemas, canonical) };
        let was = match &adopted {
            // Nobody has declared a comment on what has this name.
            Some(on) => previous.undeclared_comments.get(on).or(previous.comments.get(on)),
            None => previous.comments.get(on),
        };
        let on = adopted.unwrap_or_else(|| on.clone());
        if made(&on) || was != Some(text) {
            found.push(Change::Comment { on, text: Some(text.clone()) });
        }
    }
    for on in previous.comments.keys().filter(|on| !next.comments.contains_key(on)) {
        if !made(on) && there(on, next) {
            found.push(Change::Comment { on: on.clone(), text: None });
        }
    }
    let said: BTreeSet<_> = found.iter().flat_map(commented).collect();
    let again = previous.undeclared_comments.iter();
    let again = again.filter(|(on, _)| made(on) && !said.contains(on));
    let again = again.filter(|(on, _)| is_still_there(on, schemas, canonical));
    let again =
        again.map(|(on, text)| Change::Comment { on: on.clone(), text: Some(text.clone()) });
    changes.extend(found.iter().cloned().chain(again));
}

fn commented(change: &Change) -> Option<&Commented> {
    if let Change::Comment { on, text: _ } = change { Some(on) } else { None }
}

/// Whether what a view shows is known to have a column; which it has, only the server knows.
fn is_still_there(on: &Commented, schemas: Pair<&Schema>, canonical: &Canonical) -> bool {
    let Commented::Column(of, _) = on else { return true };
    let Some(next) = schemas.next.views.get(of) else { return true };
    let previous = schemas.previous.views.get(of);
    previous.is_some_and(|previous| same_view(Pair { previous, next }, canonical))
}

/// What a comment on a constraint or an index stands on, where that keeps another name than is declared.
fn adopted(on: &Commented, schemas: Pair<&Schema>, canonical: &Canonical) -> Option<Commented> {
    let Pair { previous, next } = schemas;
    let pair = |table: &QualifiedName| {
        let tables = previous.tables.get(table).zip(next.tables.get(table));
        tables.map(|(previous, next)| Pair { previous, next })
    };
    match on {
        Commented::Constraint(of, name) => {
            let kept = constraint::kept_name(pair(of)?, name, canonical)?;
            (&kept != name).then(|| Commented::Constraint(of.clone(), kept))
        }
        Commented::Index(index) => {
            let (relation, is) = having(index, next)?;
            let (_, was) = indexes(previous).find(|(was, _)| *was == relation)?;
            let both = Pair { previous: was, next: is };
            let kept = constraint::kept_name_of_index(relation, both, &index.name, canonical)?;
            let named = QualifiedName::new(index.schema.clone(), kept);
            (&named != index).then_some(Commented::Index(named))
        }
        Commented::Schema(_)
        | Commented::Sequence(_)
        | Commented::Table(_)
        | Commented::Type(_)
        | Commented::Column(..)
        | Commented::Policy(..)
        | Commented::Function(_)
        | Commented::Trigger(..)
        | Commented::View(_)
        | Commented::MaterializedView(_) => None,
    }
}

/// A table or a view, and its indexes.
type Indexed<'a> = (&'a QualifiedName, &'a BTreeMap<Ident, Index<Sql>>);

/// What has the index of that name.
fn having<'a>(index: &QualifiedName, schema: &'a Schema) -> Option<Indexed<'a>> {
    indexes(schema).find(|(on, all)| on.schema == index.schema && all.contains_key(&index.name))
}

fn indexes(schema: &Schema) -> impl Iterator<Item = Indexed<'_>> {
    let of_tables = schema.tables.values().map(|table| (&table.name, &table.indexes));
    of_tables.chain(schema.views.values().map(|view| (&view.name, &view.indexes)))
}

/// Whether something is to be in that schema.
fn there(on: &Commented, schema: &Schema) -> bool {
    let table = |name: &QualifiedName| schema.tables.get(name);
    match on {
        Commented::Schema(name) => schema.namespaces.contains(name),
        Commented::Sequence(name) => schema.sequences.contains_key(name),
        Commented::Table(name) => {
            table(name).is_some()
                || schema.tables.values().any(|table| table.partition(name).is_some())
        }
        Commented::Type(name) => schema.types.contains_key(name),
        Commented::View(name) | Commented::MaterializedView(name) => {
            schema.views.get(name).is_some_and(|view| view.commented() == *on)
        }
        Commented::Column(of, name) => {
            table(of).is_some_and(|table| table.column(name).is_some())
                || schema.views.contains_key(of)
                || schema.types.get(of).is_some_and(|ty| attribute_names(ty).any(|it| it == name))
        }
        Commented::Policy(of, name) => {
            table(of).is_some_and(|table| table.policies.contains_key(name))
        }
        Commented::Function(routine) => schema.functions.contains_key(routine),
        Commented::Trigger(of, name) => {
            table(of).is_some_and(|table| table.triggers.contains_key(name))
                || schema.views.get(of).is_some_and(|view| view.triggers.contains_key(name))
        }
        Commented::Constraint(of, name) => {
            table(of).is_some_and(|table| table.constraint_names().any(|known| known == name))
        }
        Commented::Index(index) => having(index, schema).is_some(),
    }
}

/// The view that a change makes.
fn view(change: &Change) -> Option<&QualifiedName> {
    if let Change::CreateView { view, revoke_from: _ } = change { Some(&view.name) } else { None }
}

/// What a change makes, and with it what had a comment before.
fn made(change: &Change) -> Vec<Commented> {
    if let Change::CreateTable { table, revoke_from: _ } = change {
        of_table(table)
    } else if let Change::CreatePartition { partition, revoke_from: _ } = change {
        vec![Commented::Table(partition.item.name.clone())]
    } else if let Change::CreateNamespace(name) = change {
        vec![Commented::Schema(name.clone())]
    } else if let Change::CreateType(ty) = change {
        let attributes = attribute_names(ty);
        let attributes = attributes.map(|it| Commented::Column(ty.name.clone(), it.clone()));
        std::iter::once(Commented::Type(ty.name.clone())).chain(attributes).collect()
    } else if let Change::CreateSequence { sequence, revoke_from: _ } = change {
        vec![Commented::Sequence(sequence.name.clone())]
    } else if let Change::AddColumn(on) = change {
        vec![Commented::Column(on.table.clone(), on.item.name.clone())]
    } else if let Change::AddPrimaryKey(on) = change {
        vec![Commented::Constraint(on.table.clone(), on.item.name.clone())]
    } else if let Change::AddUnique(on) = change {
        vec![Commented::Constraint(on.table.clone(), on.item.name.clone())]
    } else if let Change::AddForeignKey(on) = change {
        vec![Commented::Constraint(on.table.clone(), on.item.name.clone())]
    } else if let Change::AddCheck(on) = change {
        vec![Commented::Constraint(on.table.clone(), on.item.name.clone())]
    } else if let Change::AddExclusion(on) = change {
        vec![Commented::Constraint(on.table.clone(), on.item.name.clone())]
    } else if let Change::CreateIndex(on) = change {
        let name = QualifiedName::new(on.table.schema.clone(), on.item.name.clone());
        vec![Commented::Index(name)]
    } else if let Change::CreatePolicy(on) = change {
        vec![Commented::Policy(on.table.clone(), on.item.name.clone())]
    } else if let Change::CreateFunction { function, revoke_from: _ } = change {
        vec![Commented::Function(function.routine())]
    } else if let Change::CreateView { view, revoke_from: _ } = change {
        vec![view.commented()]
    } else if let Change::CreateTrigger(on) = change {
        vec![Commented::Trigger(on.table.clone(), on.item.name.clone())]
    } else {
        Vec::new()
    }
}

fn attribute_names(ty: &UserType<Sql>) -> impl Iterator<Item = &Ident> {
    let attributes = match &ty.form {
        TypeForm::Composite(Composite { attributes }) => attributes.as_slice(),
        TypeForm::Enum(_) | TypeForm::Domain(_) => &[],
    };
    attributes.iter().map(|attribute| &attribute.name)
}

fn of_table(table: &Table<Sql>) -> Vec<Commented> {
    let columns = table.columns.iter().map(|column| &column.name);
    let columns = columns.map(|name| Commented::Column(table.name.clone(), name.clone()));
    let keys = table.primary_key.iter().map(|key| &key.name).chain(table.uniques.keys());
    let keys = keys.chain(table.checks.keys()).chain(table.exclusions.keys());
    let keys = keys.map(|name| Commented::Constraint(table.name.clone(), name.clone()));
    std::iter::once(Commented::Table(table.name.clone())).chain(columns).chain(keys).collect()
}
