//! What things were called before. A rename is a step and no state: it is declared beside what it is
//! about, and snapshots and databases know none.

use std::collections::BTreeMap;

use super::{Ident, QualifiedName};

/// Names that things had, by the names that they have now. Each is a hint that acts where the old name is
/// there and the new one is not, and does nothing anywhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Renames {
    /// Of managed roles.
    #[cfg_attr(
        feature = "serde",
        serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub roles: BTreeMap<Ident, Ident>,
    /// Of tables. They stay in their schema.
    #[cfg_attr(
        feature = "serde",
        serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub tables: BTreeMap<QualifiedName, Ident>,
    /// Of sequences that are called after their columns.
    #[cfg_attr(
        feature = "serde",
        serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub sequences: BTreeMap<QualifiedName, Ident>,
    /// Of columns, each beside its table by the name that it has now.
    #[cfg_attr(
        feature = "serde",
        serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub columns: BTreeMap<(QualifiedName, Ident), Ident>,
    /// Of policies, likewise.
    #[cfg_attr(
        feature = "serde",
        serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub policies: BTreeMap<(QualifiedName, Ident), Ident>,
    /// Of values of enums, each beside its type.
    #[cfg_attr(
        feature = "serde",
        serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub values: BTreeMap<(QualifiedName, String), String>,
}

impl Renames {
    /// Whether nothing was called otherwise.
    pub fn is_empty(&self) -> bool {
        let Renames { roles, tables, sequences, columns, policies, values } = self;
        roles.is_empty()
            && tables.is_empty()
            && sequences.is_empty()
            && columns.is_empty()
            && policies.is_empty()
            && values.is_empty()
    }

    /// Adds those of something else.
    pub fn extend(&mut self, other: &Renames) {
        let Renames { roles, tables, sequences, columns, policies, values } = other.clone();
        self.roles.extend(roles);
        self.tables.extend(tables);
        self.sequences.extend(sequences);
        self.columns.extend(columns);
        self.policies.extend(policies);
        self.values.extend(values);
    }
}

/// Maps as lists of pairs: JSON has no keys that are made of several parts.
#[cfg(feature = "serde")]
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
