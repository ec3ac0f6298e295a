//! Who belongs to which organisation.
//!
//! The token says it too (`o.rol`), as it was when the token was signed. Who runs an organisation and
//! who works on what is asked of the table, so that whoever is removed has lost that at once.

use chrono::{DateTime, Utc};
use rls_schema::{Table, predicate};

/// A person in an organisation. Everybody in it sees them; admins let people in, make them admins
/// or not, and take them out. The owner is nobody's to change, and nobody becomes one here.
#[derive(Table)]
#[rls(
    table = "members",
    tenant = org_id == claim("o.id"),
    crud_policy(
        role = authenticated,
        read = is_member(org_id),
        insert = is_admin(org_id) && role.is_in(["admin", "member"]),
        delete = is_admin(org_id) && role.is_in(["admin", "member"]),
        write_columns = [user_id, role],
    ),
    policy(
        name = "admins change roles",
        command = update,
        role = authenticated,
        using = is_admin(org_id) && role.is_in(["admin", "member"]),
        columns = [role],
    ),
)]
pub struct Member {
    /// The organisation: by default the token's, and no other can be named.
    #[rls(primary_key, default = claim("o.id"), references(organizations(id), on_delete = cascade))]
    pub org_id: String,
    /// Clerk's: `user_…`.
    #[rls(primary_key, index)]
    pub user_id: String,
    /// `owner`, `admin` or `member`.
    #[rls(default = "member")]
    pub role: String,
    /// When they came in.
    #[rls(default = now())]
    pub joined_at: DateTime<Utc>,
}

/// Whether the user belongs to the organisation. A policy of `members` that looked into `members`
/// would ask itself without end, so this runs as the owner of the tables.
#[predicate]
pub fn is_member(org: String) -> bool {
    definer(exists(Member, |m| m.org_id == org && auth_uid(m.user_id)))
}

/// Whether the user runs the organisation.
#[predicate]
pub fn is_admin(org: String) -> bool {
    definer(exists(Member, |m| {
        m.org_id == org && auth_uid(m.user_id) && m.role.is_in(["owner", "admin"])
    }))
}
