//! The whole of what one declaration governs in one database.

use std::collections::{BTreeMap, BTreeSet};

use super::{DefaultPrivilege, Grant, Grantee, Ident, QualifiedName, Sql, Table};

/// A compiled schema: what a declaration asks for, what a snapshot recorded, or what a live
/// database holds of it. Two of these are what [`diff`](crate::diff::diff) compares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schema {
    /// Extensions that must be there.
    pub extensions: BTreeSet<Ident>,
    /// Schemas (namespaces) that hold the tables.
    pub namespaces: BTreeSet<Ident>,
    /// Whose privileges on the tables are governed: everything they hold is either declared or
    /// revoked. Other roles are left alone. These roles are never created nor dropped.
    pub grantees: BTreeSet<Grantee>,
    /// Tables by name.
    #[cfg_attr(feature = "serde", serde(with = "by_name"))]
    pub tables: BTreeMap<QualifiedName, Table<Sql>>,
    /// Privileges.
    pub grants: BTreeSet<Grant>,
    /// Privileges on tables to come.
    pub default_privileges: BTreeSet<DefaultPrivilege>,
}

impl Schema {
    /// What every new database holds: the schema `public` and nothing of ours.
    pub fn new_database() -> Self {
        let public = Ident::new("public").ok();
        Schema { namespaces: public.into_iter().collect(), ..Schema::default() }
    }
}

/// JSON has no structured keys; a table carries its name, so a list says as much.
#[cfg(feature = "serde")]
mod by_name {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{QualifiedName, Sql, Table};

    pub(super) fn serialize<S: Serializer>(
        tables: &BTreeMap<QualifiedName, Table<Sql>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(tables.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<QualifiedName, Table<Sql>>, D::Error> {
        let mut tables = BTreeMap::new();
        for table in Vec::<Table<Sql>>::deserialize(deserializer)? {
            if let Some(twice) = tables.insert(table.name.clone(), table) {
                return Err(D::Error::custom(format!("table {} stands twice", twice.name)));
            }
        }
        Ok(tables)
    }
}
