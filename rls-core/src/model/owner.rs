//! To whom tables and sequences belong.

use super::{Ident, QualifiedName};

/// A table, a partition or a sequence, and the role that it belongs to. Such relations share one name
/// space. What belongs to a column goes with its table.
///
/// Source: Postgres manual, `ALTER TABLE`, OWNER TO.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ownership {
    /// What belongs to somebody.
    pub relation: QualifiedName,
    /// To whom.
    pub owner: Ident,
}
