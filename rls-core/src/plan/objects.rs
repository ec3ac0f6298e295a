//! Where functions stand among tables and among each other. Postgres reads some bodies at once, so what a
//! function mentions has to be there; and what mentions a function has to wait for it.
//!
//! A function that mentions no table of the plan comes before all tables, which may call it. Any other
//! one comes after them, and the parts of tables that call it after that. A name in a text may mean
//! something else: then something waits for nothing, which does no harm.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, Named, OnTable, Pair};
use crate::lex;
use crate::model::{
    Argument, BaseType, Body, Column, Function, Index, IndexKey, IndexValue, PgType, Returns,
    Routine, Schema, Sql,
};

/// The names that a text mentions, or an object has.
type Names = BTreeSet<String>;

/// Where each function of a plan stands.
pub(super) struct Places {
    /// Functions that have to come after the tables of the plan.
    late: Names,
    made: BTreeMap<Routine, usize>,
    dropped: BTreeMap<Routine, usize>,
}

impl Places {
    pub(super) fn of(changes: &[Change], schemas: Pair<&Schema>) -> Self {
        let made: Vec<_> = changes.iter().filter_map(made).collect();
        let dropped = changes.iter().filter_map(|change| {
            let Change::DropFunction(routine) = change else { return None };
            schemas.previous.functions.get(routine)
        });
        let count = ranks(dropped);
        let last = count.len();
        Places {
            late: late(changes, &made),
            made: ranks(made.into_iter()),
            dropped: count.into_iter().map(|(routine, rank)| (routine, last - rank)).collect(),
        }
    }

    /// Whether a function has to wait for the tables of the plan.
    pub(super) fn is_late(&self, function: &Function) -> bool {
        self.late.contains(function.name.name.as_str())
    }

    /// The place among others of the same phase.
    pub(super) fn rank(&self, change: &Change) -> usize {
        let rank = if let Change::DropFunction(routine) = change {
            self.dropped.get(routine)
        } else {
            made(change).and_then(|function| self.made.get(&function.routine()))
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

/// The function that a change makes or replaces. Those that policies call come after all else.
fn made(change: &Change) -> Option<&Function> {
    let function = if let Change::CreateFunction { function, revoke_from: _ } = change {
        &**function
    } else if let Change::ReplaceFunction(functions) = change {
        &functions.next
    } else {
        return None;
    };
    (!function.routine().is_private()).then_some(function)
}

/// Functions that mention a relation that the plan makes or changes, and those that mention these.
fn late(changes: &[Change], made: &[&Function]) -> Names {
    let mut waited_for: Names = changes.iter().filter_map(relation).collect();
    let mut late = Names::new();
    loop {
        let before = late.len();
        for function in made {
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
    } else {
        return None;
    };
    Some(name.name.as_str().to_owned())
}

/// The order in which each comes after those that it mentions; by name where that does not decide.
fn ranks<'a>(functions: impl Iterator<Item = &'a Function>) -> BTreeMap<Routine, usize> {
    let functions: BTreeMap<_, _> = functions.map(|it| (it.routine(), it)).collect();
    let mut ranks = BTreeMap::new();
    let mut open = BTreeSet::new();
    for routine in functions.keys() {
        visit(routine, &functions, &mut open, &mut ranks);
    }
    ranks
}

fn visit(
    routine: &Routine,
    functions: &BTreeMap<Routine, &Function>,
    open: &mut BTreeSet<Routine>,
    ranks: &mut BTreeMap<Routine, usize>,
) {
    // Those that mention each other have no order.
    if ranks.contains_key(routine) || !open.insert(routine.clone()) {
        return;
    }
    let mentioned = functions.get(routine).map(|function| mentions(function)).unwrap_or_default();
    for other in functions.keys().filter(|other| mentioned.contains(other.name.name.as_str())) {
        visit(other, functions, open, ranks);
    }
    ranks.insert(routine.clone(), ranks.len());
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
