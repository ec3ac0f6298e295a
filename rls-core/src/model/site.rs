//! Where in a table an expression stands.

use super::{Ident, QualifiedName};

/// An expression of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A predicate of a policy.
    Policy(Ident, Gate),
    /// The default of a column.
    Default(Ident),
    /// What a column is computed from.
    Generated(Ident),
    /// A CHECK constraint.
    Check(Ident),
    /// A key of an index or an exclusion constraint, by its place.
    IndexKey(Ident, usize),
    /// Which rows an index or an exclusion constraint is about.
    IndexPredicate(Ident),
    /// What the partitions of a table, or of a partition, are told apart by, by its place.
    PartitionKey(QualifiedName, usize),
}

/// Which rows a predicate of a policy is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// USING: asked of every existing row that a statement comes across.
    Using,
    /// WITH CHECK: asked of every row that a statement leaves behind.
    Check,
}
