//! A table as it was declared: what the model compares, and what only the compiler needs.

use std::collections::{BTreeMap, BTreeSet};

use super::user_type::bring;
use super::{
    Commented, DeclaredGrant, DeclaredType, Expr, Ident, QualifiedName, Renames, Sequence, Table,
    TypedAs,
};

/// What `#[derive(Table)]` makes of a struct. Its expressions use the names of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredTable {
    /// Columns, keys, indexes and policies.
    pub table: Table<Expr>,
    /// The struct's name, by which predicates of other tables call it.
    pub rust_name: String,
    /// The field of each column, in the order of the columns.
    pub fields: Vec<String>,
    /// Fields that are no columns.
    pub skipped: Vec<String>,
    /// Whether indexes that policies need are made where they are missing.
    pub policy_indexes: bool,
    /// Whether policies bind the table's owner too; none takes the schema's default.
    pub force: Option<bool>,
    /// For policies that speak about some columns only, which.
    pub policy_columns: BTreeMap<Ident, BTreeSet<Ident>>,
    /// The policies whose WITH CHECK nobody wrote: what USING says holds for new rows too, and where both
    /// come out as one text, Postgres is left to do what it does by itself.
    pub implied_checks: BTreeSet<Ident>,
    /// Lints that are known and accepted, and why.
    pub allowed: Vec<AllowedLint>,
    /// The enums, domains and composite types that its columns bring along.
    pub types: Vec<DeclaredType>,
    /// The sequences that its columns bring along.
    pub sequences: Vec<Sequence>,
    /// What partitions say of themselves, of any depth; nothing of those that are as their table is.
    pub partitions: BTreeMap<QualifiedName, DeclaredPartition>,
    /// The role that it and its partitions belong to; none takes what rls.toml says of all.
    pub owner: Option<Ident>,
    /// Privileges that are declared by name, beside those that its policies need.
    pub grants: Vec<DeclaredGrant>,
    /// Comments on it and what belongs to it.
    pub comments: BTreeMap<Commented, String>,
    /// What it, its columns and its policies were called before.
    pub renames: Renames,
}

/// What a partition says of itself, beside its rows and whether it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredPartition {
    /// Whether it is closed to its owner too; none is as its table.
    pub force: Option<bool>,
    /// The role that it belongs to; none is as its table.
    pub owner: Option<Ident>,
    /// Privileges to use it by its own name. Whoever goes through the table needs none.
    pub grants: Vec<DeclaredGrant>,
}

/// A lint that does not apply to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedLint {
    /// The lint's stable name.
    pub lint: String,
    /// Why it is all right here; never empty.
    pub reason: String,
}

impl From<Table<Expr>> for DeclaredTable {
    /// A table whose fields are called as its columns are.
    fn from(table: Table<Expr>) -> Self {
        DeclaredTable {
            rust_name: table.name.name.as_str().to_owned(),
            fields: table.columns.iter().map(|column| column.name.as_str().to_owned()).collect(),
            skipped: Vec::new(),
            policy_indexes: true,
            force: None,
            policy_columns: BTreeMap::new(),
            implied_checks: BTreeSet::new(),
            allowed: Vec::new(),
            types: Vec::new(),
            sequences: Vec::new(),
            partitions: BTreeMap::new(),
            owner: None,
            grants: Vec::new(),
            comments: BTreeMap::new(),
            renames: Renames::default(),
            table,
        }
    }
}

impl DeclaredTable {
    /// The place of the column that a field stands for.
    pub fn place_of(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|name| name == field)
    }

    /// Gives a column the type that its field's Rust type is in the database, with what counts in it.
    pub fn set_type(&mut self, field: &str, typed: TypedAs) {
        let TypedAs { ty, types } = typed;
        let at = self.place_of(field);
        let Some(column) = at.and_then(|at| self.table.columns.get_mut(at)) else { return };
        column.numbering = column.numbering.as_kept(&ty.base);
        let own = |sequence: &&mut Sequence| {
            sequence.owner.as_ref().is_some_and(|owner| owner.column == column.name)
        };
        for sequence in self.sequences.iter_mut().filter(own) {
            sequence.options = sequence.options.as_kept(&ty.base);
            sequence.ty = ty.clone();
        }
        column.ty = ty;
        bring(&mut self.types, types);
    }
}
