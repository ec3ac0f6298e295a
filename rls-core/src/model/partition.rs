//! Partitions: how the rows of a table are spread over others, and what each of those holds.
//!
//! A partition is a table of its own to whoever names it: the policies and privileges of the one that
//! it belongs to do not apply then. So each has row security unless that is switched off, no policies, and nobody's
//! privileges.
//!
//! Source: Postgres manual, "Table Partitioning", `CREATE TABLE`.

use std::collections::BTreeMap;

use super::{DeclaredPartition, Expr, IndexKey, Literal, QualifiedName, RowSecurity, Site};

/// How the rows of a table are spread over partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(serialize = "E: serde::Serialize", deserialize = "E: serde::Deserialize<'de>"))
)]
pub struct Partitioning<E = Expr> {
    /// How a row finds its partition.
    pub strategy: PartitionStrategy,
    /// What tells partitions apart, in order.
    pub keys: Vec<IndexKey<E>>,
    /// Whether partitions beside these are somebody else's to make and to drop. They are closed all
    /// the same.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub keep_undeclared: bool,
    /// The partitions by name.
    #[cfg_attr(feature = "serde", serde(with = "super::schema::by_name"))]
    pub partitions: BTreeMap<QualifiedName, Partition<E>>,
}

/// How a row finds its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PartitionStrategy {
    /// By the range that the keys fall into.
    Range,
    /// By a list of values.
    List,
    /// By a hash of the keys.
    Hash,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(serialize = "E: serde::Serialize", deserialize = "E: serde::Deserialize<'de>"))
)]
pub struct Partition<E = Expr> {
    /// Schema and name.
    pub name: QualifiedName,
    /// Which rows it holds.
    pub bound: PartitionBound,
    /// What keeps out those who name it. Declared ones are closed as the table is, and closed to the
    /// owner where the table's policies bind the owner; open only where that is written.
    pub row_security: RowSecurity,
    /// How its own rows are spread over others, where they are.
    #[cfg_attr(
        feature = "serde",
        serde(default = "Option::default", skip_serializing_if = "Option::is_none")
    )]
    pub partitioning: Option<Partitioning<E>>,
}

/// Which rows a partition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PartitionBound {
    /// Those whose keys are not below `from`, and below `to`; a part for each key.
    Range {
        /// Where it begins.
        from: Vec<RangeEnd>,
        /// Where the next one begins.
        to: Vec<RangeEnd>,
    },
    /// Those whose key is one of these; none stands for NULL.
    List(Vec<Option<Literal>>),
    /// Those whose hash leaves that remainder.
    Hash {
        /// What is divided by.
        modulus: u32,
        /// What is left, which is smaller.
        remainder: u32,
    },
    /// Those that no other partition holds.
    Default,
}

/// Where a range begins or ends, for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RangeEnd {
    /// Below every value.
    MinValue,
    /// At a value.
    Value(Literal),
    /// Above every value.
    MaxValue,
}

impl<E> Partitioning<E> {
    /// The same with its expressions put through `f`; `of` is whose rows are spread.
    pub fn map<F>(&self, of: &QualifiedName, f: &mut impl FnMut(Site, &E) -> F) -> Partitioning<F> {
        let Partitioning { strategy, keys, keep_undeclared, partitions } = self;
        let mut mapped = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            mapped.push(key.map(|expr| f(Site::PartitionKey(of.clone(), at), expr)));
        }
        let mut parts = BTreeMap::new();
        for (name, Partition { name: _, bound, row_security, partitioning }) in partitions {
            // By reference, or the closure's type would grow with each level.
            let partitioning = match partitioning {
                Some(inner) => Some(inner.map(name, f)),
                None => None,
            };
            let (bound, row_security) = (bound.clone(), *row_security);
            let part = Partition { name: name.clone(), bound, row_security, partitioning };
            parts.insert(name.clone(), part);
        }
        Partitioning {
            strategy: *strategy,
            keys: mapped,
            keep_undeclared: *keep_undeclared,
            partitions: parts,
        }
    }

    /// Every partition, and every partition of a partition, each before its own.
    pub fn all(&self) -> Vec<&Partition<E>> {
        let mut all = Vec::new();
        for partition in self.partitions.values() {
            all.push(partition);
            all.extend(partition.partitioning.iter().flat_map(Partitioning::all));
        }
        all
    }

    /// Closes every partition as it says itself, or else as much as that, but those that are open.
    pub fn close(&mut self, floor: RowSecurity, said: &BTreeMap<QualifiedName, DeclaredPartition>) {
        for (name, partition) in &mut self.partitions {
            if partition.row_security != RowSecurity::Disabled {
                partition.row_security = match said.get(name).and_then(|said| said.force) {
                    Some(true) => RowSecurity::Forced,
                    Some(false) => RowSecurity::Enabled,
                    None => floor,
                };
            }
            if let Some(inner) = &mut partition.partitioning {
                inner.close(floor, said);
            }
        }
    }
}

impl RowSecurity {
    /// How partitions of a table are closed: nobody reads one past the table's policies, and its owner
    /// does not where those bind the owner.
    pub fn of_partitions(self) -> RowSecurity {
        self.max(RowSecurity::Enabled)
    }
}
