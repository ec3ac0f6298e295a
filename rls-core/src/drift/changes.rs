//! Changes of a plan as what was done by hand. What a plan drops only to make it again is none.

use std::collections::{BTreeMap, BTreeSet};

use super::rebuilt::as_declared;
use super::{DriftKind, Finding, Thing, What};
use crate::diff::{Canonical, Change, Named, OnTable, Pair, same_view};
use crate::model::{
    Commented, Function, Ident, Partition, Partitioning, PolicyKind, QualifiedName, Schema, Sql,
};
use crate::render::{changed_words, statements};
use crate::resolve::Part;

/// What one or two changes say of one thing.
struct Seen {
    /// What the database has, if it has anything.
    has: Option<String>,
    /// What is declared, if anything is.
    lacks: Option<String>,
    place: Option<(QualifiedName, Part)>,
    widens: bool,
    /// Whether it is dropped, perhaps to be made again.
    dropped: bool,
}

/// What a thing is known by: its table, if it has one, and its name.
type Key = (Thing, Option<QualifiedName>, String);

/// The findings of all changes but those of privileges.
pub(super) fn find(
    changes: &[&Change],
    schemas: Pair<&Schema>,
    canonical: &Canonical,
) -> Vec<Finding> {
    let (seen, findings) = (BTreeMap::new(), Vec::new());
    let mut finder = Finder { schemas, canonical, seen, findings };
    for change in changes.iter().filter(|change| !is_of_missing_table(change, schemas)) {
        finder.look_at(change);
    }
    let Finder { seen, mut findings, .. } = finder;
    for ((thing, table, name), seen) in seen {
        let again = table.as_ref().is_some_and(|table| {
            seen.dropped && as_declared(thing, table, &name, schemas, canonical)
        });
        if !again && seen.has != seen.lacks {
            findings.push(finding(thing, table.as_ref(), &name, seen));
        }
    }
    findings
}

/// What belongs to a table that is not there is not missing too.
fn is_of_missing_table(change: &Change, schemas: Pair<&Schema>) -> bool {
    let previous = schemas.previous;
    let missing =
        |on: &QualifiedName| !previous.tables.contains_key(on) && !previous.views.contains_key(on);
    if let Change::CreatePolicy(policy) = change {
        missing(&policy.table)
    } else if let Change::CreatePartition { partition, .. } = change {
        missing(&partition.table) && live_partition(schemas, &partition.table).is_none()
    } else if let Change::CreateIndex(index) = change {
        missing(&index.table)
    } else if let Change::AddForeignKey(key) = change {
        missing(&key.table)
    } else if let Change::CreateTrigger(trigger) = change {
        missing(&trigger.table)
    } else if let Change::Comment { on, .. } = change {
        match on {
            Commented::Schema(name) => !schemas.previous.namespaces.contains(name),
            Commented::Function(routine) => !schemas.previous.functions.contains_key(routine),
            Commented::Type(name) => !schemas.previous.types.contains_key(name),
            Commented::Sequence(name) => !schemas.previous.sequences.contains_key(name),
            Commented::View(name) | Commented::MaterializedView(name) => {
                !schemas.previous.views.contains_key(name)
            }
            Commented::Table(table)
            | Commented::Column(table, _)
            | Commented::Constraint(table, _)
            | Commented::Trigger(table, _)
            | Commented::Policy(table, _) => missing(table),
            Commented::Index(_) => false,
        }
    } else {
        false
    }
}

fn live_partition(schemas: Pair<&Schema>, name: &QualifiedName) -> Option<Box<Partition<Sql>>> {
    let tables = schemas.previous.tables.values();
    let mut all = tables.flat_map(|table| &table.partitioning).flat_map(Partitioning::all);
    all.find(|partition| &partition.name == name).cloned().map(Box::new)
}

fn finding(thing: Thing, table: Option<&QualifiedName>, name: &str, seen: Seen) -> Finding {
    let Seen { has, lacks, place, widens, dropped: _ } = seen;
    let what = match (&has, &lacks) {
        (Some(_), Some(_)) => What::Edited,
        (Some(_), None) => What::Added,
        (None, _) => What::Gone,
    };
    let object = match table {
        Some(table) => format!("the {} {name} on {table}", thing.word()),
        None => format!("the {} {name}", thing.word()),
    };
    let message = match what {
        What::Added => format!("{object} is there, and nobody declares it"),
        What::Edited => format!("{object} is not as declared"),
        What::Gone => format!("{object} is declared, and not there"),
        What::Renamed => format!("{object} is to be called otherwise"),
    };
    Finding {
        kind: DriftKind::Thing(thing, what),
        object,
        place,
        message,
        database: has,
        declared: lacks,
        widens: widens || (what == What::Edited && thing.guards()),
    }
}

struct Finder<'a> {
    schemas: Pair<&'a Schema>,
    canonical: &'a Canonical,
    seen: BTreeMap<Key, Seen>,
    findings: Vec<Finding>,
}

impl Finder<'_> {
    /// Exhaustive, so that no kind of change goes without a finding.
    fn look_at(&mut self, change: &Change) {
        match change {
            // They are told by themselves.
            Change::RenameRole { .. }
            | Change::RenameTable { .. }
            | Change::RenameSequence { .. }
            | Change::RenameColumn(_)
            | Change::RenamePolicy(_)
            | Change::RenameValue { .. } => {}
            Change::CreateRole(role) => self.lacks(Thing::Role, None, &role.name, change),
            Change::AlterRole(Named { name, item }) => {
                let back = Pair { previous: item.next.clone(), next: item.previous.clone() };
                let widens = item.previous.exceeds(&item.next);
                let seen = self.see(Thing::Role, None, name.as_str());
                seen.widens |= widens;
                let add = |to: &mut Option<String>, words: Vec<&str>| {
                    let before = to.take().map(|before| before + " ").unwrap_or_default();
                    *to = Some(before + &words.join(" "));
                };
                add(&mut seen.has, changed_words(&back));
                add(&mut seen.lacks, changed_words(item));
            }
            Change::CreateExtension { name, schema: _ } => {
                self.lacks(Thing::Extension, None, name, change);
            }
            Change::MoveExtension { name, from, to: _ } => {
                let seen = self.see(Thing::Extension, None, name.as_str());
                seen.has = from.as_ref().map(|schema| format!("in the schema {schema}"));
                seen.lacks = Some(sql(change));
            }
            Change::CreateNamespace(name) => self.lacks(Thing::Schema, None, name, change),
            Change::RevokeMembership(membership) => {
                let name = format!("of {} in {}", membership.member, membership.role);
                let made = Change::GrantMembership(membership.clone());
                let seen = self.see(Thing::Membership, None, &name);
                seen.has = Some(sql(&made));
                seen.widens = true;
            }
            Change::GrantMembership(membership) => {
                let name = format!("of {} in {}", membership.member, membership.role);
                self.see(Thing::Membership, None, &name).lacks = Some(sql(change));
            }
            Change::EnableRowSecurity(table) => {
                let what = format!("row security of {table} is off, so that no policy is enforced");
                self.unbound(DriftKind::RowSecurityOff, table, what, change);
            }
            Change::ForceRowSecurity(table) => {
                let off = DriftKind::RowSecurityOff;
                let told =
                    |finding: &Finding| finding.kind == off && finding.object == table.to_string();
                if !self.findings.iter().any(told) {
                    let what = format!("the policies of {table} do not bind its owner any more");
                    self.unbound(DriftKind::ForceRemoved, table, what, change);
                }
            }
            Change::DropPolicy(policy) => {
                let permissive = policy.item.item.kind == PolicyKind::Permissive;
                let made = Change::CreatePolicy(policy.clone());
                self.has_on(Thing::Policy, policy, &made, permissive);
            }
            Change::CreatePolicy(policy) => {
                let restrictive = policy.item.item.kind == PolicyKind::Restrictive;
                self.lacks_on(Thing::Policy, policy, change).widens |= restrictive;
            }
            Change::DropTrigger(trigger) => {
                let made = Change::CreateTrigger(trigger.clone());
                self.has_on(Thing::Trigger, trigger, &made, true);
            }
            Change::CreateTrigger(trigger) => {
                let view = self.schemas.previous.views.get(&trigger.table);
                let was = view.and_then(|view| view.triggers.get(&trigger.item.name)).cloned();
                if let Some(item) = was {
                    let was = again(trigger, item);
                    let made = Change::CreateTrigger(was.clone());
                    self.has_on(Thing::Trigger, &was, &made, true);
                }
                self.lacks_on(Thing::Trigger, trigger, change).widens = true;
            }
            Change::EnableTrigger(trigger) => {
                let previous = self.schemas.previous.tables.get(&trigger.table);
                let was = previous.and_then(|table| table.triggers.get(&trigger.item.name));
                let was = was.map(|was| Named { name: trigger.item.name.clone(), item: was.state });
                let back = was.map(|item| OnTable { table: trigger.table.clone(), item });
                let back = back.map(|back| sql(&Change::EnableTrigger(back)));
                let seen =
                    self.see(Thing::Trigger, Some(&trigger.table), trigger.item.name.as_str());
                seen.has = seen.has.take().or(back);
                seen.lacks.get_or_insert_with(|| sql(change));
                seen.place = Some((trigger.table.clone(), Part::Table));
                seen.widens = true;
            }
            Change::DropFunction(routine) => {
                let known = self.schemas.previous.functions.get(routine);
                let text = known.map(|function| function.body.as_str().to_owned());
                let text = text.unwrap_or_else(|| "another function of this name".to_owned());
                let seen = self.see(Thing::Function, None, &routine.name.to_string());
                seen.has = Some(text);
                seen.widens = true;
            }
            Change::CreateFunction { function, .. } => {
                let body = function.body.as_str().to_owned();
                let seen = self.see(Thing::Function, None, &function.name.to_string());
                seen.lacks = Some(body);
            }
            Change::ReplaceFunction(functions) => {
                let made = |function: &Function| {
                    let function = Box::new(function.clone());
                    sql(&Change::CreateFunction { function, revoke_from: BTreeSet::new() })
                };
                let (has, lacks) = (made(&functions.previous), made(&functions.next));
                let seen = self.see(Thing::Function, None, &functions.next.routine().to_string());
                (seen.has, seen.lacks) = (Some(has), Some(lacks));
                seen.widens = true;
            }
            Change::DropView { name, kind: _ } => self.view(name),
            Change::CreateView { view, revoke_from: _ } => self.view(&view.name),
            Change::ReplaceView(views) | Change::AlterView(views) => self.view(&views.next.name),
            Change::DropForeignKey(key) => {
                self.has_on(Thing::Constraint, key, &Change::AddForeignKey(key.clone()), false);
            }
            Change::AddForeignKey(key) => {
                let column = key.item.item.columns.first().cloned();
                let table = key.table.clone();
                let seen = self.lacks_on(Thing::Constraint, key, change);
                seen.place = column.map(|column| (table, Part::ForeignKey(column)));
            }
            Change::DeferForeignKey(key) => {
                let previous = self.schemas.previous.tables.get(&key.table);
                let was = previous.and_then(|table| table.foreign_keys.get(&key.item.name));
                let was = was.map(|was| format!("{:?}", was.deferral));
                let seen = self.lacks_on(Thing::Constraint, key, change);
                seen.has = Some(was.unwrap_or_default());
            }
            Change::ValidateConstraint(OnTable { table, item }) => {
                let seen = self.see(Thing::Constraint, Some(table), item.as_str());
                seen.has = Some("NOT VALID".to_owned());
                seen.lacks = Some(sql(change));
                seen.place = Some((table.clone(), Part::Table));
            }
            Change::DropUnique(key) => {
                self.has_on(Thing::Constraint, key, &Change::AddUnique(key.clone()), false);
            }
            Change::AddUnique(key) => {
                self.lacks_on(Thing::Constraint, key, change);
            }
            Change::DropCheck(check) => {
                self.has_on(Thing::Constraint, check, &Change::AddCheck(check.clone()), false);
            }
            Change::AddCheck(check) => {
                self.lacks_on(Thing::Constraint, check, change);
            }
            Change::DropExclusion(item) => {
                self.has_on(Thing::Constraint, item, &Change::AddExclusion(item.clone()), false);
            }
            Change::AddExclusion(item) => {
                self.lacks_on(Thing::Constraint, item, change);
            }
            Change::DropPrimaryKey(key) => {
                let seen = self.see(Thing::Constraint, Some(&key.table), key.item.name.as_str());
                seen.has = Some(sql(&Change::AddPrimaryKey(key.clone())));
                seen.place = Some((key.table.clone(), Part::Table));
            }
            Change::AddPrimaryKey(key) => {
                let seen = self.see(Thing::Constraint, Some(&key.table), key.item.name.as_str());
                seen.lacks = Some(sql(change));
                seen.place = Some((key.table.clone(), Part::Table));
            }
            Change::DropIndex(index) => {
                self.has_on(Thing::Index, index, &Change::CreateIndex(index.clone()), false);
            }
            Change::CreateIndex(index) => {
                let view = self.schemas.previous.views.get(&index.table);
                let was = view.and_then(|view| view.indexes.get(&index.item.name)).cloned();
                if let Some(item) = was {
                    let was = again(index, item);
                    let made = Change::CreateIndex(was.clone());
                    self.has_on(Thing::Index, &was, &made, false);
                }
                self.lacks_on(Thing::Index, index, change);
            }
            Change::DropTable(table) => {
                let seen = self.see(Thing::Table, None, &table.to_string());
                seen.has = Some(table.to_string());
            }
            Change::RenameType { name, .. } | Change::AlterType { name, .. } => self.ty(name),
            Change::CreateType(ty) => self.ty(&ty.name),
            Change::DropType(name) => self.ty(name),
            Change::CreateTable { table, .. } => {
                let name = table.name.clone();
                let seen = self.see(Thing::Table, None, &name.to_string());
                seen.lacks = Some(sql(change));
                seen.place = Some((name, Part::Table));
            }
            Change::DetachPartition(partition) | Change::DropPartition(partition) => {
                let has = live_partition(self.schemas, &partition.item).map(|item| {
                    let partition = OnTable { table: partition.table.clone(), item };
                    sql(&Change::CreatePartition { partition, revoke_from: BTreeSet::new() })
                });
                self.partition(&partition.table, &partition.item).has = has;
            }
            Change::AttachPartition(partition) => {
                let (partition, revoke_from) = (partition.clone(), BTreeSet::new());
                let made = Change::CreatePartition { partition: partition.clone(), revoke_from };
                self.partition(&partition.table, &partition.item.name).lacks = Some(sql(&made));
            }
            Change::CreatePartition { partition, .. } => {
                let lacks = Some(sql(change));
                self.partition(&partition.table, &partition.item.name).lacks = lacks;
            }
            Change::DropColumn(OnTable { table, item }) => {
                let previous = self.schemas.previous.tables.get(table);
                let column = previous.and_then(|previous| previous.column(item)).cloned();
                let made = column
                    .map(|item| sql(&Change::AddColumn(OnTable { table: table.clone(), item })));
                self.column(table, item).has = made;
            }
            Change::AddColumn(OnTable { table, item }) => {
                self.column(table, &item.name).lacks = Some(sql(change));
            }
            Change::AlterColumn(OnTable { table, item }) => {
                let made = |item: &crate::model::Column<_>| {
                    let item = item.clone();
                    sql(&Change::AddColumn(OnTable { table: table.clone(), item }))
                };
                let mut previous = item.previous.clone();
                let tables = &self.schemas.previous.tables;
                let was = tables.get(table).and_then(|table| table.column(&item.next.name));
                if was.is_some_and(|was| was.ty == item.next.ty) && previous.ty != item.next.ty {
                    // What differs is the type itself, which is a finding of its own.
                    previous.ty = item.next.ty.clone();
                    previous.default = item.next.default.clone();
                }
                let (has, lacks) = (made(&previous), made(&item.next));
                let seen = self.column(table, &item.next.name);
                // It may take two steps, of which the first begins at what is there.
                seen.has.get_or_insert(has);
                seen.lacks = Some(lacks);
            }
            Change::DropSequence(name) => {
                self.see(Thing::Sequence, None, &name.to_string()).has = Some(name.to_string());
            }
            Change::CreateSequence { sequence, .. } => {
                let seen = self.see(Thing::Sequence, None, &sequence.name.to_string());
                seen.lacks = Some(sql(change));
                seen.place = Some((sequence.name.clone(), Part::Table));
            }
            Change::AlterSequence(pair) => {
                let back = Pair { previous: pair.next.clone(), next: pair.previous.clone() };
                let seen = self.see(Thing::Sequence, None, &pair.next.name.to_string());
                seen.has = Some(sql(&Change::AlterSequence(Box::new(back))));
                seen.lacks = Some(sql(change));
                seen.place = Some((pair.next.name.clone(), Part::Table));
            }
            // What becomes of its column is told.
            Change::FreeSequence { .. } => {}
            Change::OwnSequence { sequence, .. } => {
                let there = self.schemas.previous.sequences.contains_key(&sequence.name);
                let seen = self.see(Thing::Sequence, None, &sequence.name.to_string());
                seen.lacks.get_or_insert_with(|| sql(change));
                if there {
                    seen.has.get_or_insert_with(|| "it belongs to another column".to_owned());
                }
            }
            Change::Comment { on, text } => self.comment(on, text.clone()),
            Change::ChangeOwner { owned, from: Some(from), to } => self.findings.push(Finding {
                kind: DriftKind::OwnerChanged,
                object: owned.to_string(),
                place: owned.name().map(|name| (name.clone(), Part::Table)),
                message: format!("{owned} belongs to {from}, and is declared to belong to {to}"),
                database: Some(from.to_string()),
                declared: Some(to.to_string()),
                widens: true,
            }),
            Change::ChangeOwner { from: None, .. }
            | Change::Revoke(_)
            | Change::RevokeColumns(_)
            | Change::RevokeDefault(_)
            | Change::GrantDefault(_)
            | Change::Grant(_)
            | Change::GrantColumns(_) => {}
        }
    }

    fn see(&mut self, thing: Thing, table: Option<&QualifiedName>, name: &str) -> &mut Seen {
        let nothing =
            || Seen { has: None, lacks: None, place: None, widens: false, dropped: false };
        self.seen.entry((thing, table.cloned(), name.to_owned())).or_insert_with(nothing)
    }

    fn lacks(&mut self, thing: Thing, table: Option<&QualifiedName>, name: &Ident, make: &Change) {
        self.see(thing, table, name.as_str()).lacks = Some(sql(make));
    }

    fn lacks_on<T>(&mut self, thing: Thing, on: &OnTable<Named<T>>, make: &Change) -> &mut Seen {
        let seen = self.see(thing, Some(&on.table), on.item.name.as_str());
        seen.lacks = Some(sql(make));
        seen.place = Some((on.table.clone(), part(thing, &on.item.name)));
        seen
    }

    fn has_on<T>(&mut self, thing: Thing, on: &OnTable<Named<T>>, make: &Change, widens: bool) {
        let seen = self.see(thing, Some(&on.table), on.item.name.as_str());
        seen.has = Some(sql(make));
        seen.dropped = true;
        seen.widens |= widens;
        seen.place.get_or_insert_with(|| (on.table.clone(), part(thing, &on.item.name)));
    }

    fn partition(&mut self, of: &QualifiedName, name: &QualifiedName) -> &mut Seen {
        let declared = self.schemas.next.tables.contains_key(of);
        let seen = self.see(Thing::Partition, Some(of), &name.to_string());
        seen.place = declared.then(|| (of.clone(), Part::Table));
        seen
    }

    fn ty(&mut self, name: &QualifiedName) {
        let made = |schema: &Schema| {
            schema.types.get(name).map(|ty| sql(&Change::CreateType(Box::new(ty.clone()))))
        };
        let (has, lacks) = (made(self.schemas.previous), made(self.schemas.next));
        // One that made way has no name of its own.
        if has.is_some() || lacks.is_some() {
            let seen = self.see(Thing::Type, None, &name.to_string());
            (seen.has, seen.lacks) = (has, lacks);
        }
    }

    /// One that only makes way for something else is as declared.
    fn view(&mut self, name: &QualifiedName) {
        let Pair { previous, next } = self.schemas;
        let both = previous.views.get(name).zip(next.views.get(name));
        if both.is_some_and(|(previous, next)| same_view(Pair { previous, next }, self.canonical)) {
            return;
        }
        let made = |schema: &Schema| {
            let view = schema.views.get(name).cloned().map(Box::new);
            view.map(|view| sql(&Change::CreateView { view, revoke_from: BTreeSet::new() }))
        };
        let (has, lacks) = (made(previous), made(next));
        let seen = self.see(Thing::View, None, &name.to_string());
        (seen.has, seen.lacks) = (has, lacks);
        seen.place = Some((name.clone(), Part::Table));
    }

    fn column(&mut self, table: &QualifiedName, name: &Ident) -> &mut Seen {
        let seen = self.see(Thing::Column, Some(table), name.as_str());
        seen.place = Some((table.clone(), Part::Column(name.clone())));
        seen
    }

    fn comment(&mut self, on: &Commented, declared: Option<String>) {
        let Schema { comments, undeclared_comments, .. } = self.schemas.previous;
        let has = comments.get(on).or_else(|| undeclared_comments.get(on)).cloned();
        let (table, name) = match on {
            Commented::Schema(name) => {
                let seen = self.see(Thing::Comment, None, &format!("on the schema {name}"));
                seen.has = has;
                seen.lacks = declared;
                return;
            }
            Commented::Type(name)
            | Commented::Sequence(name)
            | Commented::Table(name)
            | Commented::View(name)
            | Commented::MaterializedView(name)
            | Commented::Index(name) => (name.clone(), format!("on {name}")),
            Commented::Function(routine) => (routine.name.clone(), format!("on {routine}")),
            Commented::Column(table, name)
            | Commented::Constraint(table, name)
            | Commented::Trigger(table, name)
            | Commented::Policy(table, name) => (table.clone(), format!("on {table}.{name}")),
        };
        let seen = self.see(Thing::Comment, None, &name);
        seen.has = has;
        seen.lacks = declared;
        seen.place = Some((table, Part::Table));
    }

    fn unbound(&mut self, kind: DriftKind, table: &QualifiedName, message: String, mend: &Change) {
        self.findings.push(Finding {
            kind,
            object: table.to_string(),
            place: Some((table.clone(), Part::Table)),
            message,
            database: None,
            declared: Some(sql(mend)),
            widens: true,
        });
    }
}

/// Where in the declaration of a table something of that name stands.
fn part(thing: Thing, name: &Ident) -> Part {
    if thing == Thing::Policy { Part::Policy(name.clone()) } else { Part::Table }
}

/// What stood on a view that is made again.
fn again<T>(made: &OnTable<Named<T>>, was: T) -> OnTable<Named<T>> {
    let item = Named { name: made.item.name.clone(), item: was };
    OnTable { table: made.table.clone(), item }
}

/// What makes a thing, in SQL.
fn sql(change: &Change) -> String {
    statements(change).into_iter().next().unwrap_or_default()
}
