//! Who works on which project.

use rls_schema::{Table, predicate};
use uuid::Uuid;

use crate::member::{Member, is_admin};
use crate::project::Project;

/// A person on a project. Everybody on it sees them; admins put members of their organisation on
/// its projects, and take them off.
#[derive(Table)]
#[rls(
    table = "project_members",
    tenant = org_id == claim("o.id"),
    crud_policy(
        role = authenticated,
        read = works_on(project_id) || is_admin(org_id),
        insert = is_admin(org_id)
            && exists(Project, |p| p.id == project_id && p.org_id == org_id)
            && exists(Member, |m| m.org_id == org_id && m.user_id == user_id),
        delete = is_admin(org_id),
        write_columns = [project_id, user_id],
    ),
)]
pub struct ProjectMember {
    /// The project.
    #[rls(primary_key, references(projects(id), on_delete = cascade))]
    pub project_id: Uuid,
    /// Clerk's: `user_…`.
    #[rls(primary_key, index)]
    pub user_id: String,
    /// The project's organisation, by the token.
    #[rls(default = claim("o.id"), references(organizations(id), on_delete = cascade))]
    pub org_id: String,
}

/// Whether the user works on the project, in the organisation that the token is for, and still
/// belongs to that organisation: whoever left it has left its projects.
#[predicate]
pub fn works_on(project: Uuid) -> bool {
    definer(exists(ProjectMember, |on| {
        on.project_id == project
            && auth_uid(on.user_id)
            && on.org_id == claim("o.id")
            && exists(Member, |m| m.org_id == on.org_id && auth_uid(m.user_id))
    }))
}
