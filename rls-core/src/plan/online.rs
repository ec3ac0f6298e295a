//! An online plan: what would keep others from a table while every row of it is read is done behind the
//! transaction, in statements that let them read and write.
//!
//! What is behind the transaction cannot be rolled back with it, so it is only ever what changes nobody's
//! access: indexes, and proofs of constraints that hold for new rows already.

use super::{Batch, Hazard, HazardKind, Held, Lock, LockMode, Plan, Step};
use crate::diff::{Change, Named, OnTable, Pair};
use crate::model::{Column, Commented, ForeignKey, Ident, Index, QualifiedName, Schema, Sql};
use crate::render::{self, KeyKind};

/// Takes a plan apart.
pub(super) fn online(plan: Plan, next: &Schema) -> Plan {
    let splitter = Splitter { drops_keys_of: drops_keys_of(&plan), next };
    let (mut within, mut behind) = (Vec::new(), Vec::new());
    let mut late_keys: Vec<QualifiedName> = Vec::new();
    let mut late = Vec::new();
    for step in plan.steps {
        // A comment waits for what it is about.
        if let Change::Comment { on, text: _ } = &step.change
            && late.contains(on)
        {
            behind.push(Step { batch: Batch::Behind, ..step });
            continue;
        }
        let split = splitter.split(step, &late_keys);
        let keys = split.behind.iter().filter_map(|step| key_of(&step.change));
        late_keys.extend(keys.cloned());
        late.extend(split.behind.iter().filter_map(|step| commented(&step.change)));
        within.extend(split.within);
        behind.extend(split.behind);
    }
    within.extend(behind);
    Plan { steps: within }
}

/// What becomes of a step.
struct Split {
    within: Option<Step>,
    behind: Vec<Step>,
}

impl Split {
    fn unchanged(step: Step) -> Split {
        Split { within: Some(step), behind: Vec::new() }
    }
}

struct Splitter<'a> {
    /// Tables that lose a key or a unique index: they would be without one for a while.
    drops_keys_of: Vec<QualifiedName>,
    next: &'a Schema,
}

impl Splitter<'_> {
    fn split(&self, step: Step, late_keys: &[QualifiedName]) -> Split {
        if let Change::ValidateConstraint(on) = &step.change {
            let locks = vec![weak(&on.table)];
            let message = format!("the constraint \"{}\" on {} is proven", on.item, on.table);
            let behind = vec![Step {
                batch: Batch::Behind,
                locks,
                hazards: vec![outside(&message)],
                ..step
            }];
            return Split { within: None, behind };
        }
        let scans = step.locks.iter().any(|lock| lock.held == Held::WhileScanned);
        if !scans {
            return Split::unchanged(step);
        }
        if let Change::CreateIndex(on) = &step.change {
            self.index(on.clone(), step)
        } else if let Change::AddUnique(OnTable { table, item }) = &step.change {
            let taken = render::take_index(table, &item.name, KeyKind::Unique, item.item.deferral);
            let built = Named { name: item.name.clone(), item: item.item.index() };
            self.key(OnTable { table: table.clone(), item: built }, taken, step)
        } else if let Change::AddPrimaryKey(OnTable { table, item }) = &step.change {
            let taken = render::take_index(table, &item.name, KeyKind::Primary, item.deferral);
            let built = Named { name: item.name.clone(), item: item.index() };
            self.key(OnTable { table: table.clone(), item: built }, taken, step)
        } else if let Change::AddForeignKey(on) = &step.change {
            let late = late_keys.contains(&on.item.item.table);
            self.foreign_key(on.clone(), step, late)
        } else if let Change::AddCheck(on) = &step.change {
            let on = on.clone();
            let mut unproven = on.clone();
            unproven.item.item.not_valid = true;
            proven_behind(step, Change::AddCheck(unproven), "check", &on.table, &on.item.name)
        } else if let Change::AlterColumn(on) = &step.change {
            refuse_null(on.clone(), step)
        } else {
            Split::unchanged(step)
        }
    }

    fn index(&self, on: OnTable<Named<Index<Sql>>>, step: Step) -> Split {
        let OnTable { table, item } = &on;
        let unguarded = item.item.unique && self.drops_keys_of.contains(table);
        if self.is_spread(table) || unguarded {
            return Split::unchanged(step);
        }
        let message = format!(
            "the index \"{}\" on {table} is built: until then statements are as slow as without it",
            item.name
        );
        let behind = Step {
            hazards: kept(&step, &message),
            locks: vec![weak(table)],
            statements: vec![render::build_index(table, item)],
            batch: Batch::Behind,
            change: step.change,
        };
        Split { within: None, behind: vec![behind] }
    }

    /// A key takes over an index that has been built.
    fn key(&self, built: OnTable<Named<Index<Sql>>>, taken: String, step: Step) -> Split {
        let OnTable { table, item: Named { name, .. } } = &built;
        if self.is_spread(table) || self.drops_keys_of.contains(table) {
            return Split::unchanged(step);
        }
        let message =
            format!("the key \"{name}\" of {table} is built: until then nothing is refused for it");
        let build = Step {
            hazards: kept(&step, &message),
            locks: vec![weak(table)],
            statements: vec![render::build_index(table, &built.item)],
            batch: Batch::Behind,
            change: Change::CreateIndex(built.clone()),
        };
        let take = Step {
            hazards: Vec::new(),
            locks: vec![briefly(table)],
            statements: vec![taken],
            batch: Batch::Behind,
            change: step.change,
        };
        Split { within: None, behind: vec![build, take] }
    }

    fn foreign_key(&self, on: OnTable<Named<ForeignKey>>, step: Step, late: bool) -> Split {
        let OnTable { table, item } = &on;
        if self.is_spread(table) {
            return Split::unchanged(step);
        }
        let mut unproven = on.clone();
        unproven.item.item.not_valid = true;
        let unproven = Change::AddForeignKey(unproven);
        let mut split = proven_behind(step, unproven.clone(), "foreign key", table, &item.name);
        // The key that it is about is built behind the transaction.
        if late && let Some(step) = split.within.take() {
            split.behind.insert(0, Step { change: unproven, batch: Batch::Behind, ..step });
        }
        split
    }

    /// Postgres builds nothing concurrently on a table with partitions.
    fn is_spread(&self, table: &QualifiedName) -> bool {
        self.next.tables.get(table).is_some_and(|table| table.partitioning.is_some())
    }
}

/// A constraint that holds for new rows at once, and is put to the others behind the transaction.
fn proven_behind(
    step: Step,
    unproven: Change,
    kind: &str,
    table: &QualifiedName,
    name: &Ident,
) -> Split {
    let validate = Change::ValidateConstraint(OnTable { table: table.clone(), item: name.clone() });
    let behind = Step {
        statements: render::statements(&validate),
        hazards: vec![outside(&format!("the {kind} \"{name}\" on {table} is proven"))],
        locks: vec![weak(table)],
        batch: Batch::Behind,
        change: validate,
    };
    let mut locks = step.locks.clone();
    for lock in &mut locks {
        lock.held = Held::Briefly;
    }
    let hazards = unblocked(&step);
    let within = Step { statements: render::statements(&unproven), hazards, locks, ..step };
    Split { within: Some(within), behind: vec![behind] }
}

/// NOT NULL is refused by a check from now on, and proven by it later.
fn refuse_null(on: OnTable<Box<Pair<Column<Sql>>>>, step: Step) -> Split {
    let OnTable { table, item } = &on;
    let Pair { previous, next } = &**item;
    let nullable = Column { nullable: true, ..next.clone() };
    let only_null = previous.ty == next.ty
        && previous.collation == next.collation
        && previous.identity.is_some() == next.identity.is_some();
    if !(previous.nullable && !next.nullable && only_null) {
        return Split::unchanged(step);
    }
    let stand_in = not_null_stand_in(&next.name);
    let mut statements = Vec::new();
    if *previous != nullable {
        let rest = Pair { previous: previous.clone(), next: nullable };
        let rest = OnTable { table: table.clone(), item: Box::new(rest) };
        statements = render::statements(&Change::AlterColumn(rest));
    }
    statements.push(render::refuse_null(table, &next.name, &stand_in));
    let message = format!("that {table}.{} holds no NULL is proven", next.name);
    let behind = Step {
        statements: render::prove_not_null(table, &next.name, &stand_in),
        hazards: vec![outside(&message)],
        locks: vec![briefly(table)],
        batch: Batch::Behind,
        change: step.change.clone(),
    };
    let within =
        Step { statements, hazards: unblocked(&step), locks: vec![briefly(table)], ..step };
    Split { within: Some(within), behind: vec![behind] }
}

/// What a check is called that stands in for a column's NOT NULL until that is proven.
pub(crate) fn not_null_stand_in(column: &Ident) -> Ident {
    let name = format!("rls_not_null_{column}");
    // A name is never empty here, which is all that could be wrong with it.
    Ident::shortened(&name).unwrap_or_else(|_| column.clone())
}

fn weak(table: &QualifiedName) -> Lock {
    let mode = LockMode::ShareUpdateExclusive;
    Lock { relation: table.clone(), mode, held: Held::WhileScanned }
}

fn briefly(table: &QualifiedName) -> Lock {
    Lock { relation: table.clone(), mode: LockMode::AccessExclusive, held: Held::Briefly }
}

/// The hazards of a step but that it blocks, and that what is done stays done.
fn kept(step: &Step, message: &str) -> Vec<Hazard> {
    unblocked(step).into_iter().chain([outside(message)]).collect()
}

fn unblocked(step: &Step) -> Vec<Hazard> {
    let blocks = |hazard: &&Hazard| {
        !matches!(hazard.kind, HazardKind::BlocksReads | HazardKind::BlocksWrites)
    };
    step.hazards.iter().filter(blocks).cloned().collect()
}

fn outside(what: &str) -> Hazard {
    let message = format!("{what}, behind the transaction, and stays done if a later step fails");
    Hazard { kind: HazardKind::OutsideTransaction, message }
}

fn drops_keys_of(plan: &Plan) -> Vec<QualifiedName> {
    let dropped = plan.steps.iter().filter_map(|step| {
        if let Change::DropUnique(on) = &step.change {
            Some(&on.table)
        } else if let Change::DropPrimaryKey(on) = &step.change {
            Some(&on.table)
        } else if let Change::DropIndex(on) = &step.change {
            (on.item.item.unique && !on.item.item.not_valid).then_some(&on.table)
        } else {
            None
        }
    });
    dropped.cloned().collect()
}

/// What a step makes that is not there before it, as a comment calls it.
fn commented(change: &Change) -> Option<Commented> {
    if let Change::CreateIndex(on) = change {
        let name = QualifiedName::new(on.table.schema.clone(), on.item.name.clone());
        return Some(Commented::Index(name));
    }
    let (table, name) = if let Change::AddUnique(on) = change {
        (&on.table, &on.item.name)
    } else if let Change::AddPrimaryKey(on) = change {
        (&on.table, &on.item.name)
    } else if let Change::AddForeignKey(on) = change {
        (&on.table, &on.item.name)
    } else {
        return None;
    };
    Some(Commented::Constraint(table.clone(), name.clone()))
}

/// The table whose key a step builds.
fn key_of(change: &Change) -> Option<&QualifiedName> {
    if let Change::AddUnique(on) = change {
        Some(&on.table)
    } else if let Change::AddPrimaryKey(on) = change {
        Some(&on.table)
    } else if let Change::CreateIndex(on) = change {
        on.item.item.unique.then_some(&on.table)
    } else {
        None
    }
}
