//! Projects: where documents are.

use chrono::{DateTime, Utc};
use rls_schema::Table;
use uuid::Uuid;

use crate::member::is_admin;
use crate::project_member::works_on;

/// A project. Those who work on it see it; admins see all, begin them, rename and archive them, and
/// delete those that are archived.
#[derive(Table)]
#[rls(
    table = "projects",
    tenant = org_id == claim("o.id"),
    crud_policy(
        role = authenticated,
        read = works_on(id) || is_admin(org_id),
        modify = is_admin(org_id),
        delete = is_admin(org_id) && is_archived,
        write_columns = [name, is_archived],
    ),
)]
pub struct Project {
    /// Made up by Postgres.
    #[rls(primary_key, default = sql("gen_random_uuid()"))]
    pub id: Uuid,
    /// The organisation, by the token.
    #[rls(default = claim("o.id"), index, references(organizations(id), on_delete = cascade))]
    pub org_id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is over.
    #[rls(default = false)]
    pub is_archived: bool,
    /// Who began it, by the token.
    #[rls(default = auth_uid())]
    pub created_by: String,
    /// When.
    #[rls(default = now())]
    pub created_at: DateTime<Utc>,
}
