//! Triggers: what a table or a view calls when its rows change.

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
    /// In which sessions it runs.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "TriggerState::is_usual"))]
    pub state: TriggerState,
}

/// In which sessions a trigger runs, by their `session_replication_role`.
///
/// Source: Postgres manual, `ALTER TABLE`, "DISABLE/ENABLE [ REPLICA | ALWAYS ] TRIGGER".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TriggerState {
    /// In all but those that apply what another server did.
    #[default]
    Origin,
    /// In none.
    Disabled,
    /// In those that apply what another server did, and no others.
    Replica,
    /// In all.
    Always,
}

impl TriggerState {
    /// Whether it is as Postgres has it by itself.
    pub fn is_usual(&self) -> bool {
        *self == TriggerState::default()
    }
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
