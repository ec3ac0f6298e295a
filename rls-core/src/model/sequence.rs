//! How numbers are given out.
//!
//! Source: Postgres manual, `CREATE SEQUENCE`.

use super::{BaseType, DeclaredGrant, Ident, PgType, QualifiedName};

/// How a sequence counts. What is not said is as Postgres has it for the type: up from 1, by 1, to the
/// largest number, one at a time, and no further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SequenceOptions {
    /// The first number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start: Option<i64>,
    /// From one number to the next.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub increment: Option<i64>,
    /// The smallest number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub min: Option<i64>,
    /// The largest number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub max: Option<i64>,
    /// How many numbers a connection takes at a time.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cache: Option<i64>,
    /// Whether it begins again after the last number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "std::ops::Not::not"))]
    pub cycle: bool,
}

impl SequenceOptions {
    /// The same with what is as Postgres has it by itself left out, for a sequence of that type.
    #[must_use]
    pub fn as_kept(&self, ty: &BaseType) -> SequenceOptions {
        let SequenceOptions { start, increment, min, max, cache, cycle } = self;
        let down = self.counts_down();
        let (usual_min, usual_max) = usual_range(down, ty);
        let other = |value: &Option<i64>, usual: i64| value.filter(|value| *value != usual);
        let (min, max) = (other(min, usual_min), other(max, usual_max));
        let first = if down { max.unwrap_or(usual_max) } else { min.unwrap_or(usual_min) };
        SequenceOptions {
            start: other(start, first),
            increment: other(increment, 1),
            min,
            max,
            cache: other(cache, 1),
            cycle: *cycle,
        }
    }

    /// Whether each number is smaller than the one before.
    pub(crate) fn counts_down(&self) -> bool {
        self.increment.is_some_and(|increment| increment < 0)
    }

    /// The smallest and the largest number.
    pub(crate) fn range(&self, ty: &BaseType) -> (i64, i64) {
        let (min, max) = usual_range(self.counts_down(), ty);
        (self.min.unwrap_or(min), self.max.unwrap_or(max))
    }

    /// Whether all is as Postgres has it by itself.
    pub fn is_usual(&self) -> bool {
        *self == SequenceOptions::default()
    }
}

fn usual_range(down: bool, ty: &BaseType) -> (i64, i64) {
    let (least, greatest) = match ty {
        BaseType::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
        BaseType::Integer => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    if down { (least, -1) } else { (1, greatest) }
}

/// A sequence that is no identity column's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence {
    /// Schema and name.
    pub name: QualifiedName,
    /// The type whose numbers it gives out: `smallint`, `integer` or `bigint`.
    pub ty: PgType,
    /// How it counts.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "SequenceOptions::is_usual")
    )]
    pub options: SequenceOptions,
    /// The column with which it is dropped.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub owner: Option<SequenceOwner>,
}

/// The column that a sequence belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SequenceOwner {
    /// The table.
    pub table: QualifiedName,
    /// The column.
    pub column: Ident,
}

/// What `#[derive(Sequence)]` makes of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSequence {
    /// The sequence.
    pub sequence: Sequence,
    /// The comment on it.
    pub comment: Option<String>,
    /// The role that it belongs to; none takes what rls.toml says of all.
    pub owner: Option<Ident>,
    /// Privileges that are declared by name, beside those of who inserts with its numbers.
    pub grants: Vec<DeclaredGrant>,
}

impl Sequence {
    /// The same with what is as Postgres has it by itself left out.
    #[must_use]
    pub fn as_kept(&self) -> Sequence {
        Sequence { options: self.options.as_kept(&self.ty.base), ..self.clone() }
    }
}
