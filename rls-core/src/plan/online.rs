//! An online plan: what would keep others from a table while every row of it is read is done behind the
//! transaction, in statements that let them read and write.
//!
//! What is behind the transaction cannot be rolled back with it, so it is only ever what changes nobody's
//! access: indexes, and proofs of constraints that hold for new rows already.

use super::{Batch, Hazard, HazardKind, Held, Lock, LockMode, Plan, Step};
use crate::diff::{Change, Named, OnTable, Pair};
use crate::lex;
use crate::model::{Column, Commented, ForeignKey, Ident, Index, QualifiedName, Schema, Sql};
use crate::render::{self, KeyKind};

/// Takes a plan apart.
pub(super) fn online(plan: Plan, next: &Schema) -> Plan {
    let drops_keys_of = drops_keys_of(&plan);
    let queries = queries(&plan);
    let splitter = Splitter { drops_keys_of, queries, next };
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
    /// Of views that the plan makes: one may group by a primary key, and show columns that lean on it.
    queries: Vec<Sql>,
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
        if let Change::AddForeignKey(on) = &step.change
            && late_keys.contains(&on.item.item.table)
        {
            return self.late_foreign_key(on.clone(), step);
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
            if self.keys_stay(table) {
                return Split::unchanged(step);
            }
            key(OnTable { table: table.clone(), item: built }, taken, step)
        } else if let Change::AddPrimaryKey(OnTable { table, item }) = &step.change {
            if self.primary_key_stays(table) {
                return Split::unchanged(step);
            }
            let taken = render::take_index(table, &item.name, KeyKind::Primary, item.deferral);
            let built = Named { name: item.name.clone(), item: item.index() };
            key(OnTable { table: table.clone(), item: built }, taken, step)
        } else if let Change::AddForeignKey(on) = &step.change {
            self.foreign_key(on.clone(), step)
        } else if let Change::AddCheck(on) = &step.change {
            let on = on.clone();
            let mut unproven = on.clone();
            unproven.item.item.not_valid = true;
            proven_behind(step, Change::AddCheck(unproven), "check", &on.table, &on.item.name)
        } else if let Change::AlterColumn(on) = &step.change {
            if self.is_left_without_check(&on.table, &on.item.next.name) {
                return Split::unchanged(step);
            }
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

    fn foreign_key(&self, on: OnTable<Named<ForeignKey>>, step: Step) -> Split {
        if self.is_spread(&on.table) { Split::unchanged(step) } else { foreign_key(on, step) }
    }

    /// One that is about a key that is built behind the transaction, whatever table it is on.
    fn late_foreign_key(&self, on: OnTable<Named<ForeignKey>>, step: Step) -> Split {
        let OnTable { table, item: Named { name, item } } = &on;
        if item.not_valid || self.is_spread(table) {
            let added = outside(&format!("the foreign key \"{name}\" on {table} is added"));
            let hazards = step.hazards.iter().cloned().chain([added]).collect();
            let behind = vec![Step { hazards, batch: Batch::Behind, ..step }];
            return Split { within: None, behind };
        }
        let mut unproven = on.clone();
        unproven.item.item.not_valid = true;
        let change = Change::AddForeignKey(unproven);
        let mut split = foreign_key(on, step);
        if let Some(step) = split.within.take() {
            split.behind.insert(0, Step { change, batch: Batch::Behind, ..step });
        }
        split
    }

    /// Whether its keys are made in the transaction.
    fn keys_stay(&self, table: &QualifiedName) -> bool {
        self.is_spread(table) || self.drops_keys_of.contains(table)
    }

    fn primary_key_stays(&self, table: &QualifiedName) -> bool {
        let is_it = |name: &str| name == table.name.as_str();
        self.keys_stay(table) || self.queries.iter().any(|sql| lex::has_name(sql.as_str(), is_it))
    }

    /// Whether no check can stand in for NOT NULL: a primary key in the transaction demands that there
    /// already, and a constraint of that name would make way.
    fn is_left_without_check(&self, table: &QualifiedName, column: &Ident) -> bool {
        let stand_in = not_null_stand_in(column);
        self.next.tables.get(table).is_some_and(|found| {
            let key = found.primary_key.as_ref();
            key.is_some_and(|key| key.columns.contains(column)) && self.primary_key_stays(table)
                || found.constraint_names().any(|name| *name == stand_in)
        })
    }

    /// Postgres builds nothing concurrently on a table with partitions.
    fn is_spread(&self, table: &QualifiedName) -> bool {
        self.next.tables.get(table).is_some_and(|table| table.partitioning.is_some())
    }
}

/// A key takes over an index that has been built.
fn key(built: OnTable<Named<Index<Sql>>>, taken: String, step: Step) -> Split {
    let OnTable { table, item: Named { name, .. } } = &built;
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

/// A foreign key on a table without partitions.
fn foreign_key(on: OnTable<Named<ForeignKey>>, step: Step) -> Split {
    let mut unproven = on.clone();
    unproven.item.item.not_valid = true;
    let unproven = Change::AddForeignKey(unproven);
    proven_behind(step, unproven, "foreign key", &on.table, &on.item.name)
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

/// What views ask for that are made.
fn queries(plan: &Plan) -> Vec<Sql> {
    let made = plan.steps.iter().filter_map(|step| {
        if let Change::CreateView { view, .. } = &step.change {
            Some(&view.query)
        } else if let Change::ReplaceView(views) = &step.change {
            Some(&views.next.query)
        } else {
            None
        }
    });
    made.cloned().collect()
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
