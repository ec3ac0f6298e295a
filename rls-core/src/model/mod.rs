//! The canonical model: what a declaration, a snapshot and a live database are all turned into
//! before anything is compared. Plain data in a fixed order, with no spans and no SQL of its own.
//!
//! A [`Table<Expr>`](Table) is *declared*: its expressions are typed and know no provider.
//! A [`Table<Sql>`](Table) is *compiled*: its expressions are SQL text for one provider.
//! [`Schema`] holds compiled tables only, because a snapshot and a live database know no others.

#[cfg(any(feature = "syntax", feature = "source"))]
mod case;
mod comment;
mod constraint;
mod declared;
mod default_privilege;
mod expr;
mod expr_text;
mod function;
mod grant;
mod index;
mod name;
mod owner;
mod partition;
mod policy;
mod rename;
mod role;
mod schema;
mod sequence;
mod site;
mod table;
mod trigger;
mod type_text;
mod types;
mod user_type;
mod view;

#[cfg(any(feature = "syntax", feature = "source"))]
pub(crate) use case::{CASES, Case};
pub use comment::Commented;
pub use constraint::{
    Check, Deferral, Exclusion, ExclusionElement, ForeignKey, PrimaryKey, ReferentialAction, Unique,
};
pub use declared::{AllowedLint, DeclaredPartition, DeclaredTable};
pub use default_privilege::{DefaultHolder, DefaultObjects, DefaultPrivilege, DefaultTarget};
pub use expr::{
    ColumnRef, CompareOp, Expr, Interval, Literal, NamedPredicate, ShiftOp, Sql, SubjectType,
    TextForm, TimeUnit,
};
pub(crate) use expr_text::unit_name;
#[cfg(feature = "source")]
pub(crate) use function::is_pseudo_type;
#[cfg(feature = "syntax")]
pub(crate) use function::pseudo_type;
pub use function::{
    Argument, ArgumentMode, Attributes, Body, DeclaredFunction, Function, PRIVATE_SCHEMA, Parallel,
    ReturnedColumn, Returns, Routine, Volatility,
};
pub use grant::{DeclaredGrant, Grant, GrantObject, Grantee, Privilege};
pub use index::{Index, IndexKey, IndexValue, OperatorClass};
#[cfg(any(feature = "syntax", feature = "source"))]
pub(crate) use name::snake_case;
pub use name::{Ident, IdentError, QualifiedName};
pub(crate) use name::{fnv1a, in_rust, usual_name};
pub use owner::Owned;
pub use partition::{Partition, PartitionBound, PartitionStrategy, Partitioning, RangeEnd};
pub use policy::{Command, Policy, PolicyKind};
pub use rename::Renames;
pub use role::{ExistingRole, Power, Role};
pub use schema::Schema;
pub use sequence::{DeclaredSequence, Sequence, SequenceOptions, SequenceOwner};
pub use site::{Gate, Site};
pub use table::{Column, Generated, Identity, RowSecurity, Table};
pub use trigger::{Trigger, TriggerEvent, TriggerState, TriggerTiming};
pub use types::{BaseType, IntervalFields, Modifier, PgType, TypeError, TypeFamily};
pub(crate) use user_type::by_need;
pub use user_type::{
    Attribute, Composite, DeclaredType, Domain, DomainCheck, EnumType, TypeForm, TypedAs, UserType,
};
pub use view::{CheckOption, DeclaredView, View, ViewKind};
