//! What the derive's output is made of, under one roof, so that it works in any scope. Not part of
//! the public interface.

pub use std::boxed::Box;
pub use std::collections::{BTreeMap, BTreeSet};
pub use std::option::Option;
pub use std::string::String;
pub use std::vec;

pub use crate::model::{
    AllowedLint, Argument as FunctionArgument, ArgumentMode, Attributes, BaseType, Body, Check,
    Column, ColumnRef, Command, Commented, CompareOp, DeclaredFunction, DeclaredGrant,
    DeclaredPartition, DeclaredSequence, DeclaredTable, Deferral, Exclusion, ExclusionElement,
    Expr, ForeignKey, Function, Generated, Grantee, Ident, Identity, Index, IndexKey, IndexValue,
    Interval, IntervalFields, Literal, Modifier, NamedPredicate, OperatorClass, Parallel,
    Partition, PartitionBound, PartitionStrategy, Partitioning, PgType, Policy, PolicyKind,
    PrimaryKey, Privilege, QualifiedName, RangeEnd, ReferentialAction, Renames, ReturnedColumn,
    Returns, Routine, RowSecurity, Sequence, SequenceOptions, SequenceOwner, ShiftOp, Sql, Table,
    TextForm, TimeUnit, Trigger, TriggerEvent, TriggerState, TriggerTiming, Unique, Volatility,
};

pub use crate::model::{
    Attribute, CheckOption, Composite, DeclaredType, DeclaredView, Domain, DomainCheck, EnumType,
    TypeForm, TypedAs, UserType, View, ViewKind,
};

/// Stands for an argument of a named predicate, so that the compiler counts them.
#[derive(Clone, Copy, Debug)]
pub struct Argument;

/// A name that the derive has checked.
#[allow(clippy::expect_used, reason = "the derive refuses every name for which this could fail")]
pub fn ident(name: &str) -> Ident {
    Ident::new(name).expect("a name that the derive has checked")
}
