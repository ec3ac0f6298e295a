//! What comments stand on.

use super::{Ident, QualifiedName, Routine};

/// Something that has a comment.
///
/// Source: Postgres manual, `COMMENT`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Commented {
    /// A schema.
    Schema(Ident),
    /// A type. The attributes of a composite one are its columns.
    Type(QualifiedName),
    /// A sequence.
    Sequence(QualifiedName),
    /// A table, or a partition.
    Table(QualifiedName),
    /// A view.
    View(QualifiedName),
    /// A materialized view.
    MaterializedView(QualifiedName),
    /// A column, of a view too.
    Column(QualifiedName, Ident),
    /// A constraint of a table.
    Constraint(QualifiedName, Ident),
    /// An index, by its schema and name.
    Index(QualifiedName),
    /// A policy of a table.
    Policy(QualifiedName, Ident),
    /// A trigger of a table or a view.
    Trigger(QualifiedName, Ident),
    /// A function or a procedure.
    Function(Routine),
}

/// JSON has no structured keys: comments are a list of pairs.
#[cfg(feature = "serde")]
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Commented;

    pub(in crate::model) fn serialize<S: Serializer>(
        comments: &BTreeMap<Commented, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(comments)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Commented, String>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
