//! The whole of what one declaration governs in one database.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Commented, DefaultHolder, DefaultPrivilege, Function, Grant, Grantee, Ident, Owned,
    QualifiedName, Renames, Role, Routine, Sequence, Sql, Table, UserType, View,
};

/// A compiled schema: what a declaration asks for, what a snapshot recorded, or what a live
/// database holds of it. Two of these are what [`diff`](crate::diff::diff) compares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schema {
    /// Extensions that must be there.
    pub extensions: BTreeSet<Ident>,
    /// The schemas that extensions are in, where that is declared; others are wherever they are.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub extension_schemas: BTreeMap<Ident, Ident>,
    /// Schemas (namespaces) that hold the tables.
    pub namespaces: BTreeSet<Ident>,
    /// Whose privileges on the tables are governed: everything they hold is either declared or
    /// revoked. Other roles are left alone.
    pub grantees: BTreeSet<Grantee>,
    /// Those of the grantees that are created and altered; the others exist.
    #[cfg_attr(feature = "serde", serde(default))]
    pub roles: BTreeMap<Ident, Role>,
    /// The governed roles that roles which exist are members of, where that is declared: of these, in
    /// full.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub memberships: BTreeMap<Ident, BTreeSet<Ident>>,
    /// Roles that exist of which it is known that no policy applies to them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub exempt_roles: BTreeSet<Ident>,
    /// Sequences by name, without those of identity columns.
    #[cfg_attr(
        feature = "serde",
        serde(default, with = "by_name", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub sequences: BTreeMap<QualifiedName, Sequence>,
    /// Enums, domains and composite types by name.
    #[cfg_attr(
        feature = "serde",
        serde(default, with = "by_name", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub types: BTreeMap<QualifiedName, UserType<Sql>>,
    /// Tables by name.
    #[cfg_attr(feature = "serde", serde(with = "by_name"))]
    pub tables: BTreeMap<QualifiedName, Table<Sql>>,
    /// Views and materialized views by name.
    #[cfg_attr(
        feature = "serde",
        serde(default, with = "by_name", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub views: BTreeMap<QualifiedName, View>,
    /// Views that nobody declares, by name, and what they read of what is declared: a relation and, where
    /// that is known, its column. Live databases only.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub readers: BTreeMap<QualifiedName, BTreeSet<(QualifiedName, Option<Ident>)>>,
    /// Functions by name and arguments.
    #[cfg_attr(feature = "serde", serde(default, with = "super::function::by_routine"))]
    pub functions: BTreeMap<Routine, Function>,
    /// What stands in the place of a function and is none that a declaration can say; and, where only
    /// functions of ours may be, another one of the name and one that nobody declares. Live databases
    /// only.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub strays: Vec<Routine>,
    /// Comments.
    #[cfg_attr(
        feature = "serde",
        serde(default, with = "super::comment::pairs", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub comments: BTreeMap<Commented, String>,
    /// Comments that nobody declares: left alone, and made again where what they stand on is made
    /// anew. Live databases only.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub undeclared_comments: BTreeMap<Commented, String>,
    /// To whom things belong whose owner is declared; others keep theirs.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            with = "super::owner::by_owned",
            skip_serializing_if = "BTreeMap::is_empty"
        )
    )]
    pub owners: BTreeMap<Owned, Ident>,
    /// To whom declared things and their partitions belong whose owner is not declared, but what belongs to
    /// whoever looks, together with its table: left alone, and given back where it is made anew. Live databases only.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub undeclared_owners: BTreeMap<Owned, Ident>,
    /// Privileges.
    pub grants: BTreeSet<Grant>,
    /// Those of them that their holders may pass on (WITH GRANT OPTION). The owner's are not among
    /// them: an owner may pass on everything.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub grant_options: BTreeSet<Grant>,
    /// Those of them on schemas and on sequences and functions of others that are held by name or not at
    /// all: of the rest it is enough that PUBLIC holds them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub grants_by_name: BTreeSet<Grant>,
    /// Privileges on objects to come.
    pub default_privileges: BTreeSet<DefaultPrivilege>,
    /// Whose default privileges are declared in full: what else they hold is revoked.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub settled_defaults: BTreeSet<DefaultHolder>,
    /// What things were called before. Declarations only: a snapshot is a state, and a rename is a step.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub renames: Renames,
}

impl Schema {
    /// Who holds something on a table or a view, or on a column of it.
    pub fn holders(&self, relation: &QualifiedName) -> BTreeSet<&Grantee> {
        let on_it = self.grants.iter().filter(|grant| grant.object.relation() == Some(relation));
        on_it.map(|grant| &grant.grantee).collect()
    }

    /// What every new database holds: the schema `public` and nothing of ours.
    pub fn new_database() -> Self {
        let public = Ident::new("public").ok();
        Schema { namespaces: public.into_iter().collect(), ..Schema::default() }
    }
}

/// JSON has no structured keys; what carries its name makes a list that says as much.
#[cfg(feature = "serde")]
pub(super) mod by_name {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{QualifiedName, Sequence, Sql, Table, UserType, View};
    use crate::model::Partition;

    pub(in crate::model) trait Named {
        fn name(&self) -> &QualifiedName;
    }

    impl Named for Table<Sql> {
        fn name(&self) -> &QualifiedName {
            &self.name
        }
    }

    impl Named for UserType<Sql> {
        fn name(&self) -> &QualifiedName {
            &self.name
        }
    }

    impl Named for Sequence {
        fn name(&self) -> &QualifiedName {
            &self.name
        }
    }

    impl Named for View {
        fn name(&self) -> &QualifiedName {
            &self.name
        }
    }

    impl<E> Named for Partition<E> {
        fn name(&self) -> &QualifiedName {
            &self.name
        }
    }

    pub(in crate::model) fn serialize<T: Serialize, S: Serializer>(
        items: &BTreeMap<QualifiedName, T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(items.values())
    }

    pub(in crate::model) fn deserialize<'de, T: Named + Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<QualifiedName, T>, D::Error> {
        let mut items = BTreeMap::new();
        for item in Vec::<T>::deserialize(deserializer)? {
            if let Some(twice) = items.insert(item.name().clone(), item) {
                return Err(D::Error::custom(format!("{} stands twice", twice.name())));
            }
        }
        Ok(items)
    }
}
