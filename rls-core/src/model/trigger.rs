//! Triggers.

use std::collections::BTreeSet;

use super::{Deferral, Ident, QualifiedName, Sql};

/// A trigger of a table; its name is the key in the table's map.
///
/// Source: Postgres manual, `CREATE TRIGGER`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trigger {
    /// Before or after what happens.
    pub timing: TriggerTiming,
    /// What sets it off; never empty.
    pub events: BTreeSet<TriggerEvent>,
    /// The columns that UPDATE has to be about; none means any.
    pub columns: BTreeSet<Ident>,
    /// Whether it runs for each row, and not once for each statement.
    pub for_each_row: bool,
    /// When it runs at all, in terms of OLD and NEW.
    pub when: Option<Sql>,
    /// What it calls.
    pub function: QualifiedName,
    /// What it hands over.
    pub arguments: Vec<String>,
    /// The name under which the function sees the rows as they were.
    pub old_table: Option<Ident>,
    /// The name under which the function sees the rows as they are now.
    pub new_table: Option<Ident>,
    /// Where it is a constraint, when that is checked.
    pub constraint: Option<Deferral>,
}

/// When a trigger runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TriggerTiming {
    /// Before the row is written.
    Before,
    /// After.
    After,
    /// In place of it, which only views have.
    InsteadOf,
}

/// What sets a trigger off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TriggerEvent {
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
}
