//! To whom things belong.

use std::fmt;

use super::{Ident, QualifiedName, Routine};

/// Something that belongs to a role. What belongs to a column or a table goes with that.
///
/// Source: Postgres manual, `ALTER TABLE`, `ALTER TYPE`, `ALTER ROUTINE` and `ALTER SCHEMA`, OWNER TO.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Owned {
    /// A schema. It comes first: nothing is handed over to somebody who may make nothing there.
    Schema(Ident),
    /// An enum, a domain or a composite type.
    Type(QualifiedName),
    /// A table, a partition, a sequence or a view: such relations share one name space.
    Relation(QualifiedName),
    /// A function or a procedure.
    Function(Routine),
}

impl Owned {
    /// A role that something can belong to.
    ///
    /// # Errors
    /// A word that means something else to Postgres where a role is named.
    pub fn checked_owner(name: Ident) -> Result<Ident, String> {
        let special = ["public", "none", "current_user", "current_role", "session_user"];
        match special.contains(&name.as_str()) {
            true => Err(format!("`{name}` is not the name of a role that things can belong to")),
            false => Ok(name),
        }
    }

    /// The name under which it stands in source, if it does.
    pub fn name(&self) -> Option<&QualifiedName> {
        match self {
            Owned::Schema(_) => None,
            Owned::Type(name) | Owned::Relation(name) => Some(name),
            Owned::Function(routine) => Some(&routine.name),
        }
    }
}

/// For messages; SQL text comes from the renderer, which quotes.
impl fmt::Display for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owned::Schema(name) => write!(f, "the schema {name}"),
            Owned::Type(name) => write!(f, "the type {name}"),
            Owned::Relation(name) => write!(f, "{name}"),
            Owned::Function(routine) => write!(f, "the function {routine}"),
        }
    }
}

/// JSON has no structured keys: owners are a list, each beside what belongs to them.
#[cfg(feature = "serde")]
pub(super) mod by_owned {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Ident, Owned};

    #[derive(Serialize, Deserialize)]
    struct Ownership<O, I> {
        #[serde(flatten)]
        owned: O,
        owner: I,
    }

    pub(in crate::model) fn serialize<S: Serializer>(
        owners: &BTreeMap<Owned, Ident>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(owners.iter().map(|(owned, owner)| Ownership { owned, owner }))
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Owned, Ident>, D::Error> {
        let owners = Vec::<Ownership<Owned, Ident>>::deserialize(deserializer)?;
        Ok(owners.into_iter().map(|Ownership { owned, owner }| (owned, owner)).collect())
    }
}
