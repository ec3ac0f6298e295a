//! Privileges: who may touch an object at all, before any policy is asked.

use std::collections::BTreeSet;
use std::fmt;

use super::{Ident, QualifiedName, Routine};

/// One privilege on one object for one grantee.
///
/// Source: Postgres manual, "Privileges".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Grant {
    /// What it is on.
    pub object: GrantObject,
    /// Who holds it.
    pub grantee: Grantee,
    /// What it allows.
    pub privilege: Privilege,
}

impl Grant {
    /// To get at what is in a schema.
    pub fn usage(schema: &Ident, grantee: &Grantee) -> Grant {
        Grant {
            object: GrantObject::Schema(schema.clone()),
            grantee: grantee.clone(),
            privilege: Privilege::Usage,
        }
    }
}

/// Privileges as one `grant(..)` declares them, on an object that is said elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredGrant {
    /// Who holds them; never empty.
    pub roles: BTreeSet<Grantee>,
    /// What they allow; never empty.
    pub privileges: BTreeSet<Privilege>,
    /// The columns they are on; empty where they are on all of the object.
    pub columns: BTreeSet<Ident>,
    /// Whether their holders may pass them on (WITH GRANT OPTION).
    pub grantable: bool,
}

impl DeclaredGrant {
    /// The single privileges, on an object of that name or on the columns of that table.
    pub fn on(&self, object: &GrantObject) -> BTreeSet<Grant> {
        let columns = self.columns.iter().filter_map(|column| match object {
            GrantObject::Table(table) => {
                Some(GrantObject::Column { table: table.clone(), column: column.clone() })
            }
            GrantObject::Schema(_)
            | GrantObject::Sequence(_)
            | GrantObject::Function(_)
            | GrantObject::Routine(_)
            | GrantObject::Column { .. }
            | GrantObject::AllTables(_) => None,
        });
        let whole = self.columns.is_empty().then(|| object.clone());
        let mut grants = BTreeSet::new();
        for object in columns.chain(whole) {
            for (grantee, privilege) in self
                .roles
                .iter()
                .flat_map(|role| self.privileges.iter().map(move |privilege| (role, *privilege)))
            {
                let (object, grantee) = (object.clone(), grantee.clone());
                grants.insert(Grant { object, grantee, privilege });
            }
        }
        grants
    }
}

/// What a privilege is on. The order is the order of granting: a table is out of reach until the
/// last step opens it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum GrantObject {
    /// A schema: USAGE or CREATE.
    Schema(Ident),
    /// A sequence: USAGE, SELECT or UPDATE. Numbering of identity columns needs none.
    Sequence(QualifiedName),
    /// A function, the only one of its name: EXECUTE.
    Function(QualifiedName),
    /// A function or procedure that is declared, by what it takes: EXECUTE.
    Routine(Routine),
    /// A table.
    Table(QualifiedName),
    /// One column of a table: SELECT, INSERT, UPDATE or REFERENCES.
    Column {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: Ident,
    },
    /// Every table that a schema holds when the statement runs.
    AllTables(Ident),
}

impl GrantObject {
    /// The table or view that it is, or is a column of.
    pub fn relation(&self) -> Option<&QualifiedName> {
        match self {
            GrantObject::Table(name) | GrantObject::Column { table: name, column: _ } => Some(name),
            GrantObject::Schema(_)
            | GrantObject::Sequence(_)
            | GrantObject::Function(_)
            | GrantObject::Routine(_)
            | GrantObject::AllTables(_) => None,
        }
    }
}

/// For messages; SQL text comes from the renderer, which quotes.
impl fmt::Display for GrantObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantObject::Schema(name) => write!(f, "the schema {name}"),
            GrantObject::Sequence(name) => write!(f, "the sequence {name}"),
            GrantObject::Function(name) => write!(f, "the function {name}"),
            GrantObject::Routine(routine) => write!(f, "the function {routine}"),
            GrantObject::Table(name) => write!(f, "{name}"),
            GrantObject::Column { table, column } => write!(f, "{table}.{column}"),
            GrantObject::AllTables(schema) => write!(f, "all tables of the schema {schema}"),
        }
    }
}

/// A role, or everyone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Grantee {
    /// Every role there is, now and later.
    Public,
    /// One role, by name.
    Role(Ident),
}

impl Grantee {
    /// A role by its name.
    ///
    /// # Errors
    /// A word that means something else to Postgres where a role is named.
    pub fn role(name: Ident) -> Result<Self, String> {
        let special = ["public", "none", "current_user", "current_role", "session_user"];
        if special.contains(&name.as_str()) || name.as_str().starts_with("pg_") {
            return Err(format!("`{name}` is not the name of a role that can be granted to"));
        }
        Ok(Grantee::Role(name))
    }

    /// The role, where it is one.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self {
            Grantee::Public => None,
            Grantee::Role(name) => Some(name),
        }
    }

    /// The role's name as Drizzle's policy names spell it.
    pub fn as_str(&self) -> &str {
        match self {
            Grantee::Public => "public",
            Grantee::Role(name) => name.as_str(),
        }
    }
}

/// For messages; SQL text comes from the renderer, which quotes.
impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A privilege that the model knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Privilege {
    /// Reach objects in a schema.
    Usage,
    /// Read rows.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Remove rows.
    Delete,
    /// Empty a table, past every policy.
    Truncate,
    /// Point foreign keys at a table.
    References,
    /// Create triggers on a table.
    Trigger,
    /// VACUUM, ANALYZE and the like (Postgres 17 and later).
    Maintain,
    /// Call a function.
    Execute,
    /// Make objects in a schema.
    Create,
}

impl Privilege {
    /// Its name in declarations, on structs and in rls.toml alike.
    pub fn word(self) -> &'static str {
        match self {
            Privilege::Usage => "usage",
            Privilege::Select => "select",
            Privilege::Insert => "insert",
            Privilege::Update => "update",
            Privilege::Delete => "delete",
            Privilege::Truncate => "truncate",
            Privilege::References => "references",
            Privilege::Trigger => "trigger",
            Privilege::Maintain => "maintain",
            Privilege::Execute => "execute",
            Privilege::Create => "create",
        }
    }

    /// Every one there is.
    pub const ALL: [Privilege; 11] = [
        Privilege::Usage,
        Privilege::Select,
        Privilege::Insert,
        Privilege::Update,
        Privilege::Delete,
        Privilege::Truncate,
        Privilege::References,
        Privilege::Trigger,
        Privilege::Maintain,
        Privilege::Execute,
        Privilege::Create,
    ];

    /// Those that tables and views have, in the order of the manual. The last is only in Postgres 17
    /// and later.
    pub const ON_TABLES: [Privilege; 8] = [
        Privilege::Select,
        Privilege::Insert,
        Privilege::Update,
        Privilege::Delete,
        Privilege::Truncate,
        Privilege::References,
        Privilege::Trigger,
        Privilege::Maintain,
    ];

    /// Those that single columns have.
    pub const ON_COLUMNS: [Privilege; 4] =
        [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::References];

    /// Those that sequences have.
    pub const ON_SEQUENCES: [Privilege; 3] =
        [Privilege::Usage, Privilege::Select, Privilege::Update];

    /// Those that schemas have.
    pub const ON_SCHEMAS: [Privilege; 2] = [Privilege::Usage, Privilege::Create];

    /// The four that policies speak about.
    pub const ROWS: [Privilege; 4] =
        [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete];
}
