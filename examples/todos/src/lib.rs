//! The todos of the guide: one struct says what the table holds and who may do what with its rows.

use chrono::{DateTime, Utc};
use rls_schema::Table;

/// Something to do. Its owner sees and changes it, nobody else does.
#[derive(Table)]
#[rls(
    table = "todos",
    crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)),
    allow(user_settable_identity, reason = "the guide's table numbers by default"),
)]
pub struct Todo {
    /// Numbered by Postgres.
    #[rls(primary_key, identity)]
    pub id: i64,
    /// Whoever inserts it, by their token.
    #[rls(default = auth_uid(), index)]
    pub user_id: String,
    /// What is to do.
    pub task: String,
    /// Whether it is done.
    #[rls(default = false)]
    pub is_complete: bool,
    /// When it was written down.
    #[rls(default = now())]
    pub inserted_at: DateTime<Utc>,
}

/// The same declaration as SQL, compiled by `build.rs`.
pub const SCHEMA_SQL: &str = include_str!(concat!(env!("OUT_DIR"), "/schema.sql"));
