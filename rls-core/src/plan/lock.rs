//! Which locks a step takes on tables that are there, and for how long: what a reviewer has to know
//! before a plan meets traffic.
//!
//! Source: Postgres manual, "Explicit Locking", `ALTER TABLE` (notes), `CREATE INDEX`.

use std::collections::BTreeSet;
use std::fmt;

use crate::diff::{Change, Named, OnTable, Pair, TypeAlteration};
use crate::lex::{self, TokenKind};
use crate::model::{
    BaseType, Column, ForeignKey, Owned, PartitionBound, PgType, QualifiedName, Schema, Sql, Table,
    TypeForm,
};

use super::hazard::fits;

/// A lock on a table, a partition or a view. Partitions are locked with their table, or less.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock {
    /// What is locked.
    pub relation: QualifiedName,
    /// How strongly.
    pub mode: LockMode,
    /// For how long by its own account; what is locked stays so until its transaction ends.
    pub held: Held,
}

/// The table-level locks that steps take, from weak to strong. Weaker ones than these stop nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// Stops other changes of the table's definition and VACUUM.
    ShareUpdateExclusive,
    /// Stops whoever writes.
    Share,
    /// Stops whoever writes, and others that lock so.
    ShareRowExclusive,
    /// Stops everybody, readers too.
    AccessExclusive,
}

impl LockMode {
    /// All modes.
    pub const ALL: [LockMode; 4] = [
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::AccessExclusive,
    ];

    /// As the manual writes it.
    pub fn name(self) -> &'static str {
        match self {
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// For how long a step itself needs what it has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// It changes the catalog only.
    Briefly,
    /// It reads every row, or builds an index of them.
    WhileScanned,
    /// It writes every row anew.
    WhileRewritten,
}

/// The locks of each change on what is there before the plan; on what the plan makes, nobody waits.
pub(super) fn find(changes: &[Change], schemas: Pair<&Schema>) -> Vec<Vec<Lock>> {
    let mut made = BTreeSet::new();
    let mut of = |change: &Change| {
        let mut locks = all(change, schemas);
        locks.retain(|lock| {
            exists(&lock.relation, schemas.previous) && !made.contains(&lock.relation)
        });
        locks.sort();
        // What takes the place of something that went is new.
        if let Change::CreateTable { table, .. } = change {
            made.insert(table.name.clone());
        } else if let Change::CreatePartition { partition, .. } = change {
            made.insert(partition.item.name.clone());
        } else if let Change::CreateView { view, .. } = change {
            made.insert(view.name.clone());
        }
        locks
    };
    changes.iter().map(&mut of).collect()
}

fn all(change: &Change, schemas: Pair<&Schema>) -> Vec<Lock> {
    use Held::{Briefly, WhileRewritten, WhileScanned};
    use LockMode::{AccessExclusive, Share, ShareRowExclusive, ShareUpdateExclusive};
    let lock =
        |relation: &QualifiedName, mode, held| Lock { relation: relation.clone(), mode, held };
    let one = |relation: &QualifiedName, mode, held| vec![lock(relation, mode, held)];
    match change {
        // By the name that it gets: that is how the rest of the plan knows it.
        Change::RenameTable { name, to } => {
            let name = QualifiedName::new(name.schema.clone(), to.clone());
            one(&name, AccessExclusive, Briefly)
        }
        Change::RenameColumn(on) | Change::RenamePolicy(on) => {
            one(&on.table, AccessExclusive, Briefly)
        }
        Change::EnableRowSecurity(table) | Change::ForceRowSecurity(table) => {
            one(table, AccessExclusive, Briefly)
        }
        Change::DropTrigger(on) => one(&on.table, AccessExclusive, Briefly),
        Change::CreateTrigger(on) => one(&on.table, ShareRowExclusive, Briefly),
        Change::EnableTrigger(on) => one(&on.table, ShareRowExclusive, Briefly),
        Change::DropPolicy(on) | Change::CreatePolicy(on) => {
            one(&on.table, AccessExclusive, Briefly)
        }
        Change::DropView { name, kind: _ } => one(name, AccessExclusive, Briefly),
        Change::ReplaceView(views) | Change::AlterView(views) => {
            one(&views.next.name, AccessExclusive, Briefly)
        }
        Change::DropForeignKey(key) => both(key, AccessExclusive, Briefly),
        Change::DropUnique(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::DropPrimaryKey(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::DropCheck(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::DropExclusion(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::DropIndex(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::DropTable(name) => one(name, AccessExclusive, Briefly),
        Change::DropColumn(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::DetachPartition(OnTable { table, item })
        | Change::DropPartition(OnTable { table, item }) => {
            [table, item].map(|it| lock(it, AccessExclusive, Briefly)).into()
        }
        Change::AttachPartition(OnTable { table, item }) => {
            let mut locks = one(table, ShareUpdateExclusive, Briefly);
            locks.push(lock(&item.name, AccessExclusive, WhileScanned));
            locks.extend(
                default_of(table, schemas.previous)
                    .map(|it| lock(it, AccessExclusive, WhileScanned)),
            );
            locks
        }
        Change::CreatePartition { partition: OnTable { table, .. }, .. } => {
            let mut locks = one(table, AccessExclusive, Briefly);
            locks.extend(
                default_of(table, schemas.previous)
                    .map(|it| lock(it, AccessExclusive, WhileScanned)),
            );
            locks
        }
        Change::AddColumn(OnTable { table, item }) => {
            let held = if fills_rows(item, schemas.next) { WhileRewritten } else { Briefly };
            one(table, AccessExclusive, held)
        }
        Change::AlterColumn(OnTable { table, item }) => one(table, AccessExclusive, altered(item)),
        Change::AddPrimaryKey(OnTable { table, item: _ }) => {
            one(table, AccessExclusive, WhileScanned)
        }
        Change::AddUnique(OnTable { table, item: _ }) => one(table, AccessExclusive, WhileScanned),
        Change::AddExclusion(OnTable { table, item: _ }) => {
            one(table, AccessExclusive, WhileScanned)
        }
        Change::AddCheck(OnTable { table, item }) => {
            let held = if item.item.not_valid { Briefly } else { WhileScanned };
            one(table, AccessExclusive, held)
        }
        Change::CreateIndex(OnTable { table, item: _ }) => one(table, Share, WhileScanned),
        Change::AddForeignKey(key) => {
            let scanned = !key.item.item.not_valid && exists(&key.table, schemas.previous);
            both(key, ShareRowExclusive, if scanned { WhileScanned } else { Briefly })
        }
        Change::DeferForeignKey(OnTable { table, item: _ }) => one(table, AccessExclusive, Briefly),
        Change::ValidateConstraint(OnTable { table, item: _ }) => {
            one(table, ShareUpdateExclusive, WhileScanned)
        }
        Change::AlterType { name, alteration } => match &**alteration {
            TypeAlteration::AddCheck(check) if check.item.not_valid => Vec::new(),
            TypeAlteration::AddCheck(_)
            | TypeAlteration::ValidateCheck(_)
            | TypeAlteration::SetNotNull(true) => {
                users_of(name, schemas.previous).map(|it| lock(it, Share, WhileScanned)).collect()
            }
            TypeAlteration::AddValue { .. }
            | TypeAlteration::DropCheck(_)
            | TypeAlteration::SetDefault(_)
            | TypeAlteration::SetNotNull(false)
            | TypeAlteration::DropAttribute(_)
            | TypeAlteration::AddAttribute(_)
            | TypeAlteration::AlterAttribute(_) => Vec::new(),
        },
        Change::ChangeOwner { owned: Owned::Relation(name), .. } => {
            one(name, AccessExclusive, Briefly)
        }
        Change::ChangeOwner {
            owned: Owned::Schema(_) | Owned::Type(_) | Owned::Function(_),
            ..
        }
        | Change::RenameRole { .. }
        | Change::RenameSequence { .. }
        | Change::RenameValue { .. }
        | Change::CreateRole(_)
        | Change::AlterRole(_)
        | Change::CreateExtension { .. }
        | Change::MoveExtension { .. }
        | Change::CreateNamespace(_)
        | Change::Revoke(_)
        | Change::RevokeColumns(_)
        | Change::RevokeMembership(_)
        | Change::RevokeDefault(_)
        | Change::DropFunction(_)
        | Change::FreeSequence { .. }
        | Change::DropSequence(_)
        | Change::CreateSequence { .. }
        | Change::AlterSequence(_)
        | Change::OwnSequence { .. }
        | Change::RenameType { .. }
        | Change::CreateType(_)
        | Change::DropType(_)
        | Change::CreateTable { .. }
        | Change::Comment { .. }
        | Change::CreateFunction { .. }
        | Change::ReplaceFunction(_)
        | Change::CreateView { .. }
        | Change::GrantDefault(_)
        | Change::Grant(_)
        | Change::GrantColumns(_)
        | Change::GrantMembership(_) => Vec::new(),
    }
}

/// Whether something is there before the plan.
fn exists(name: &QualifiedName, previous: &Schema) -> bool {
    let partition = |table: &Table<Sql>| {
        table.partitioning.iter().any(|it| it.all().iter().any(|part| &part.name == name))
    };
    previous.tables.contains_key(name)
        || previous.views.contains_key(name)
        || previous.tables.values().any(partition)
}

/// A foreign key locks the table that has it and the one that it is about.
fn both(key: &OnTable<Named<ForeignKey>>, mode: LockMode, held: Held) -> Vec<Lock> {
    let mut names = vec![&key.table];
    names.extend((key.item.item.table != key.table).then_some(&key.item.item.table));
    names.into_iter().map(|name| Lock { relation: name.clone(), mode, held }).collect()
}

/// The partition that may hold rows which belong into another one.
fn default_of<'a>(table: &QualifiedName, previous: &'a Schema) -> Option<&'a QualifiedName> {
    let mut parts = previous.tables.get(table)?.partitioning.as_ref()?.partitions.values();
    let default = parts.find(|part| matches!(part.bound, PartitionBound::Default));
    default.map(|part| &part.name)
}

/// The tables with a column of a type.
fn users_of<'a>(
    name: &'a QualifiedName,
    previous: &'a Schema,
) -> impl Iterator<Item = &'a QualifiedName> {
    let is_it = move |ty: &PgType| matches!(&ty.base, BaseType::Named(base) if base == name);
    let uses = move |table: &&Table<Sql>| table.columns.iter().any(|column| is_it(&column.ty));
    previous.tables.values().filter(uses).map(|table| &table.name)
}

/// Whether a new column has a value of its own for each row that is there; one value for all of them
/// is kept beside the table.
fn fills_rows(column: &Column<Sql>, next: &Schema) -> bool {
    let Column { ty, default, identity, generated, .. } = column;
    let domain = if let BaseType::Named(name) = &ty.base {
        next.types.get(name).is_some_and(|ty| match &ty.form {
            TypeForm::Domain(domain) => !domain.checks.is_empty() || domain.not_null,
            TypeForm::Enum(_) | TypeForm::Composite(_) => false,
        })
    } else {
        false
    };
    let stored = generated.as_ref().is_some_and(|generated| generated.stored);
    identity.is_some() || stored || domain || default.as_ref().is_some_and(may_differ_by_row)
}

/// Whether an expression calls what is not known to say the same for each row.
fn may_differ_by_row(sql: &Sql) -> bool {
    const STEADY: [&str; 8] = [
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "user_id",
        "uid",
        "current_setting",
        "coalesce",
        "jwt",
    ];
    let tokens = lex::tokens(sql.as_str()).unwrap_or_default();
    let calls = tokens.windows(2).filter(|two| two[1].kind == TokenKind::Punctuation('('));
    calls.filter_map(|two| two[0].kind.name()).any(|name| !STEADY.contains(&name))
}

/// What ALTER COLUMN does to the rows that are there.
fn altered(columns: &Pair<Column<Sql>>) -> Held {
    let Pair { previous, next } = columns;
    if previous.ty != next.ty && !(fits(&previous.ty, &next.ty) && is_text(previous, next)) {
        Held::WhileRewritten
    } else if (previous.nullable && !next.nullable)
        || previous.collation != next.collation
        || (previous.identity.is_none() && next.identity.is_some())
    {
        Held::WhileScanned
    } else {
        Held::Briefly
    }
}

/// Text of any length is stored alike.
fn is_text(previous: &Column<Sql>, next: &Column<Sql>) -> bool {
    let text = |ty: &PgType| matches!(ty.base, BaseType::Text | BaseType::Varchar);
    text(&previous.ty) && text(&next.ty)
}
