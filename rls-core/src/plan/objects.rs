//! Where functions and views stand among tables and among each other. Postgres reads some bodies and every
//! query at once, so what they mention has to be there; and what mentions them has to wait.
//!
//! A function that mentions no table or view of the plan comes before all tables, which may call it. Any
//! other one and all views come after them, and the parts of tables that call it after that. A name in a
//! text may mean something else: then something waits for nothing, which does no harm.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, Named, OnTable, Pair};
use crate::lex;
use crate::model::{
    Argument, BaseType, Body, Column, Function, Index, IndexKey, IndexValue, PgType, QualifiedName,
    Returns, Routine, Schema, Sql, View,
};

/// The names that a text mentions, or an object has.
type Names = BTreeSet<String>;

/// Where each function and each view of a plan stands.
pub(super) struct Places {
    /// Functions that have to come after the tables of the plan.
    late: Names,
    made: BTreeMap<Key, usize>,
    dropped: BTreeMap<Key, usize>,
}

/// A function or a view.
#[derive(Clone, Copy)]
enum Object<'a> {
    Function(&'a Function),
    View(&'a View),
}

/// What tells it from all others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Function(Routine),
    View(QualifiedName),
}

impl Places {
    pub(super) fn of(changes: &[Change], schemas: Pair<&Schema>) -> Self {
        let made: Vec<_> = changes.iter().filter_map(made).collect();
        let dropped = changes.iter().filter_map(|change| dropped(change, schemas.previous));
        let count = ranks(dropped);
        let last = count.len();
        Places {
            late: late(changes, &made),
            made: ranks(made.into_iter()),
            dropped: count.into_iter().map(|(key, rank)| (key, last - rank)).collect(),
        }
    }

    /// Whether a function has to wait for the tables of the plan.
    pub(super) fn is_late(&self, function: &Function) -> bool {
        self.late.contains(function.name.name.as_str())
    }

    /// The place among others of the same phase.
    pub(super) fn rank(&self, change: &Change) -> usize {
        let rank = if let Change::DropFunction(routine) = change {
            self.dropped.get(&Key::Function(routine.clone()))
        } else if let Change::DropView { name, kind: _ } = change {
            self.dropped.get(&Key::View(name.clone()))
        } else {
            made(change).and_then(|object| self.made.get(&object.key()))
        };
        rank.copied().unwrap_or_default()
    }

    /// Whether a part of a table calls a function that comes after it.
    pub(super) fn waits(&self, change: &Change) -> bool {
        if self.late.is_empty() {
            return false;
        }
        if let Change::AddColumn(column) = change {
            self.column_waits(&column.item)
        } else if let Change::AlterColumn(column) = change {
            self.column_waits(&column.item.next)
        } else if let Change::AddCheck(check) = change {
            self.calls(&check.item.item.expr)
        } else if let Change::CreateIndex(index) = change {
            let Index { keys, predicate, .. } = &index.item.item;
            keys.iter().any(|key| self.key_waits(key)) || predicate.iter().any(|it| self.calls(it))
        } else if let Change::AddExclusion(exclusion) = change {
            let item = &exclusion.item.item;
            item.elements.iter().any(|element| self.key_waits(&element.key))
                || item.predicate.iter().any(|it| self.calls(it))
        } else {
            false
        }
    }

    /// Takes out of new tables what calls a function that comes after them.
    pub(super) fn split(&self, changes: &mut Vec<Change>) {
        if self.late.is_empty() {
            return;
        }
        let mut parts = Vec::new();
        for change in changes.iter_mut() {
            let Change::CreateTable { table, revoke_from: _ } = change else { continue };
            let name = table.name.clone();
            for column in &mut table.columns {
                if let Some(default) = column.default.take_if(|default| self.calls(default)) {
                    let next = Column { default: Some(default), ..column.clone() };
                    let item = Box::new(Pair { previous: column.clone(), next });
                    parts.push(Change::AlterColumn(OnTable { table: name.clone(), item }));
                }
            }
            let waits = |_: &_, check: &mut crate::model::Check<Sql>| self.calls(&check.expr);
            parts.extend(table.checks.extract_if(.., waits).map(|(check, item)| {
                let item = Named { name: check, item };
                Change::AddCheck(OnTable { table: name.clone(), item })
            }));
        }
        changes.extend(parts);
    }

    fn column_waits(&self, column: &Column<Sql>) -> bool {
        let generated = column.generated.iter().map(|generated| &generated.expr);
        column.default.iter().chain(generated).any(|sql| self.calls(sql))
    }

    fn key_waits(&self, key: &IndexKey<Sql>) -> bool {
        match &key.value {
            IndexValue::Column(_) => false,
            IndexValue::Expr(sql) => self.calls(sql),
        }
    }

    fn calls(&self, sql: &Sql) -> bool {
        !names(sql.as_str()).is_disjoint(&self.late)
    }
}

/// The function or view that a change makes or replaces. Functions that only policies call come after all
/// else.
fn made(change: &Change) -> Option<Object<'_>> {
    let object = if let Change::CreateFunction { function, revoke_from: _ } = change {
        Object::Function(function)
    } else if let Change::ReplaceFunction(functions) = change {
        Object::Function(&functions.next)
    } else if let Change::CreateView { view, revoke_from: _ } = change {
        Object::View(view)
    } else if let Change::ReplaceView(views) = change {
        Object::View(&views.next)
    } else {
        return None;
    };
    match object {
        Object::Function(function) if function.routine().is_private() => None,
        Object::Function(_) | Object::View(_) => Some(object),
    }
}

fn dropped<'a>(change: &Change, previous: &'a Schema) -> Option<Object<'a>> {
    if let Change::DropFunction(routine) = change {
        previous.functions.get(routine).map(Object::Function)
    } else if let Change::DropView { name, kind: _ } = change {
        previous.views.get(name).map(Object::View)
    } else {
        None
    }
}

impl Object<'_> {
    fn key(self) -> Key {
        match self {
            Object::Function(function) => Key::Function(function.routine()),
            Object::View(view) => Key::View(view.name.clone()),
        }
    }

    fn mentions(self) -> Names {
        match self {
            Object::Function(function) => mentions(function),
            Object::View(view) => {
                let called = view.triggers.values().map(|it| it.function.name.to_string());
                view.texts().flat_map(|sql| names(sql.as_str())).chain(called).collect()
            }
        }
    }
}

impl Key {
    fn name(&self) -> &str {
        match self {
            Key::Function(routine) => routine.name.name.as_str(),
            Key::View(name) => name.name.as_str(),
        }
    }
}

/// Functions that mention a relation that the plan makes or changes, and those that mention these.
fn late(changes: &[Change], made: &[Object<'_>]) -> Names {
    let mut waited_for: Names = changes.iter().filter_map(relation).collect();
    let mut late = Names::new();
    loop {
        let before = late.len();
        for object in made {
            let Object::Function(function) = object else { continue };
            if !mentions(function).is_disjoint(&waited_for) {
                late.insert(function.name.name.as_str().to_owned());
            }
        }
        if late.len() == before {
            return late;
        }
        waited_for.extend(late.iter().cloned());
    }
}

/// The relation that a change makes or changes.
fn relation(change: &Change) -> Option<String> {
    let name = if let Change::CreateTable { table, revoke_from: _ } = change {
        &table.name
    } else if let Change::AddColumn(column) = change {
        &column.table
    } else if let Change::AlterColumn(column) = change {
        &column.table
    } else if let Change::CreateView { view, revoke_from: _ } = change {
        &view.name
    } else if let Change::ReplaceView(views) = change {
        &views.next.name
    } else {
        return None;
    };
    Some(name.name.as_str().to_owned())
}

/// The order in which each comes after those that it mentions; by name where that does not decide.
fn ranks<'a>(objects: impl Iterator<Item = Object<'a>>) -> BTreeMap<Key, usize> {
    let objects: BTreeMap<_, _> = objects.map(|it| (it.key(), it)).collect();
    let mut by_name: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
    for key in objects.keys() {
        by_name.entry(key.name()).or_default().push(key);
    }
    let mut ranks = BTreeMap::new();
    let mut open = BTreeSet::new();
    for key in objects.keys() {
        visit(key, &objects, &by_name, &mut open, &mut ranks);
    }
    ranks
}

fn visit(
    key: &Key,
    objects: &BTreeMap<Key, Object<'_>>,
    by_name: &BTreeMap<&str, Vec<&Key>>,
    open: &mut BTreeSet<Key>,
    ranks: &mut BTreeMap<Key, usize>,
) {
    // Those that mention each other have no order.
    if ranks.contains_key(key) || !open.insert(key.clone()) {
        return;
    }
    let mentioned = objects.get(key).map(|object| object.mentions()).unwrap_or_default();
    let others = mentioned.iter().filter_map(|name| by_name.get(name.as_str())).flatten().copied();
    let mut others: Vec<_> = others.collect();
    others.sort();
    for other in others {
        visit(other, objects, by_name, open, ranks);
    }
    ranks.insert(key.clone(), ranks.len());
}

/// Every name in what a function takes, gives and does.
fn mentions(function: &Function) -> Names {
    let Function { name: _, arguments, returns, attributes: _, body } = function;
    let mut mentioned = match body {
        Body::Text(text) => names(text),
        Body::Standard { standard } => names(standard.as_str()),
    };
    let mut types: Vec<&PgType> = match returns {
        Returns::Value(ty) => vec![ty],
        Returns::SetOf { set_of } => vec![set_of],
        Returns::Table { table } => table.iter().map(|column| &column.ty).collect(),
        Returns::Procedure => Vec::new(),
    };
    for Argument { name: _, ty, mode: _, default } in arguments {
        types.push(ty);
        mentioned.extend(default.iter().flat_map(|sql| names(sql.as_str())));
    }
    mentioned.extend(types.iter().filter_map(|ty| {
        let BaseType::Named(name) = &ty.base else { return None };
        Some(name.name.as_str().to_owned())
    }));
    mentioned
}

/// Every name in a text. One in another language may be none that can be read, and is not read by
/// Postgres either before it runs.
fn names(text: &str) -> Names {
    let tokens = lex::tokens(text).unwrap_or_default();
    tokens.iter().filter_map(|token| token.kind.name().map(str::to_owned)).collect()
}
