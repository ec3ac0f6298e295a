//! What objects to come will carry from their first moment.

use std::fmt;

use super::{Grantee, Ident, Privilege};

/// A privilege that every object made later will carry.
///
/// Source: Postgres manual, `ALTER DEFAULT PRIVILEGES`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DefaultPrivilege {
    /// Which objects.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub target: DefaultTarget,
    /// Who will hold it.
    pub grantee: Grantee,
    /// What it allows.
    pub privilege: Privilege,
    /// Whether they may pass it on.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub grantable: bool,
}

/// Objects to come: of which kind, by whom, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DefaultTarget {
    /// The role that makes them; none for the one that applies the plan.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub creator: Option<Ident>,
    /// The schema they are made in; none for every schema. What is said of a schema is added to what
    /// is said of all.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub schema: Option<Ident>,
    /// Their kind.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_tables"))]
    pub objects: DefaultObjects,
}

/// A kind of objects to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum DefaultObjects {
    /// Tables, and views.
    #[default]
    Tables,
    /// Sequences.
    Sequences,
    /// Functions and procedures.
    Functions,
    /// Types and domains.
    Types,
    /// Schemas.
    Schemas,
}

/// Somebody whose default privileges on a target are exactly those that are declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DefaultHolder {
    /// Which objects.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub target: DefaultTarget,
    /// Who.
    pub grantee: Grantee,
}

impl DefaultObjects {
    /// As sentences and rls.toml have it.
    pub fn word(self) -> &'static str {
        match self {
            DefaultObjects::Tables => "tables",
            DefaultObjects::Sequences => "sequences",
            DefaultObjects::Functions => "functions",
            DefaultObjects::Types => "types",
            DefaultObjects::Schemas => "schemas",
        }
    }

    /// Every privilege on such objects.
    pub fn privileges(self) -> &'static [Privilege] {
        match self {
            DefaultObjects::Tables => &Privilege::ON_TABLES,
            DefaultObjects::Sequences => &Privilege::ON_SEQUENCES,
            DefaultObjects::Functions => &[Privilege::Execute],
            DefaultObjects::Types => &[Privilege::Usage],
            DefaultObjects::Schemas => &Privilege::ON_SCHEMAS,
        }
    }
}

/// For messages; SQL text comes from the renderer.
impl fmt::Display for DefaultTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.objects.word())?;
        if let Some(creator) = &self.creator {
            write!(f, " that {creator} makes")?;
        }
        match &self.schema {
            Some(schema) => write!(f, " in the schema {schema}"),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "serde")]
fn is_tables(objects: &DefaultObjects) -> bool {
    *objects == DefaultObjects::Tables
}
