//! What was done.

use chrono::{DateTime, Utc};
use rls_schema::Table;

use crate::member::is_member;

/// An entry in the log. Members append in their own name and at the true time; admins read. No
/// policy changes or deletes, and `force` binds the owner of the table to that too. (TRUNCATE is the
/// owner's all the same: row security does not see it.)
///
/// Who reads is asked of the token and not of `members`: a reader less is worth a minute's delay,
/// and the log is long.
#[derive(Table)]
#[rls(
    table = "audit_log",
    tenant = org_id == claim("o.id"),
    force,
    crud_policy(
        role = authenticated,
        read = claim("o.rol").is_in(["owner", "admin"]),
        insert = auth_uid(actor_id) && is_member(org_id),
        write_columns = [action],
    ),
)]
pub struct AuditEntry {
    /// Numbered by Postgres, and by nobody else.
    #[rls(primary_key, identity = always)]
    pub id: i64,
    /// The organisation, by the token.
    #[rls(default = claim("o.id"), index, references = organizations(id))]
    pub org_id: String,
    /// Whoever did it, by the token.
    #[rls(default = auth_uid())]
    pub actor_id: String,
    /// What was done.
    pub action: String,
    /// When.
    #[rls(default = now())]
    pub at: DateTime<Utc>,
}
