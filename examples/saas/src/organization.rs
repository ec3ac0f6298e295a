//! Organisations: the tenants. Clerk makes them, and a webhook brings them here as the owner of
//! the tables; a user can at most rename one.

use chrono::{DateTime, Utc};
use rls_schema::Table;

use crate::member::{is_admin, is_member};

/// An organisation. Its members see it, its admins rename it.
#[derive(Table)]
#[rls(
    table = "organizations",
    tenant = id == claim("o.id"),
    crud_policy(
        role = authenticated,
        read = is_member(id),
        update = is_admin(id),
        write_columns = [name],
    ),
)]
pub struct Organization {
    /// Clerk's: `org_…`.
    #[rls(primary_key)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When Clerk made it.
    #[rls(default = now())]
    pub created_at: DateTime<Utc>,
}
