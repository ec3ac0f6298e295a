//! The tables as a user of `rls-schema` declares them: what is measured is what compiling these gives.
//!
//! Each role stands for one way of saying who may see a row, so that one table serves all of them.
//! A role sees the policies that name it and no others.

use chrono::{DateTime, Utc};
use rls_schema::resolve::ResolveErrors;
use rls_schema::{Provider, Schema, Settings, Table, model::Ident, predicate};

/// The roles that the policies below are for.
pub const ROLES: [&str; 6] =
    ["by_owner", "by_tenant", "by_public", "by_admin", "by_team", "by_project"];

/// What they are compiled for.
pub fn settings() -> Settings {
    let roles = ROLES.iter().filter_map(|role| Ident::new(*role).ok()).collect();
    Settings { roles, ..Settings::new(Provider::Neon) }
}

/// Everything, compiled.
///
/// # Errors
/// The declarations contradict one another.
pub fn schema() -> Result<Schema, ResolveErrors> {
    let declaration = Schema::declare(settings());
    declaration.table::<Member>().table::<Project>().table::<Doc>().table::<Draft>().build()
}

/// Who belongs to which team.
#[derive(Table)]
#[rls(
    table = "members",
    crud_policy(role = [by_team, by_project], read = auth_uid(user_id)),
)]
pub struct Member {
    /// First in the key, so that somebody's teams are found by one index and nothing else.
    #[rls(primary_key)]
    pub user_id: String,
    /// The team.
    #[rls(primary_key, index)]
    pub team_id: i64,
}

/// A team's projects.
#[derive(Table)]
#[rls(table = "projects", crud_policy(role = by_project, read = true))]
pub struct Project {
    /// Its key.
    #[rls(primary_key)]
    pub id: i64,
    /// Whose it is.
    #[rls(index)]
    pub team_id: i64,
}

/// Whether somebody is in a team.
#[predicate]
fn in_team(team: i64) -> bool {
    exists(Member, |m| m.team_id == team && auth_uid(m.user_id))
}

/// Whether somebody is in the team of a project.
#[predicate]
fn in_project(project: i64) -> bool {
    exists(Project, |p| {
        p.id == project && exists(Member, |m| m.team_id == p.team_id && auth_uid(m.user_id))
    })
}

/// What teams see, with an index on each column that a policy compares.
#[derive(Table)]
#[rls(
    table = "docs",
    crud_policy(role = by_owner, read = auth_uid(owner), modify = auth_uid(owner)),
    crud_policy(
        role = by_tenant,
        read = claim("org") == org_id,
        modify = claim("org") == org_id,
    ),
    crud_policy(
        role = by_public,
        read = is_public || auth_uid(owner),
        modify = auth_uid(owner),
    ),
    crud_policy(
        role = by_admin,
        read = claim("role") == "admin",
        modify = claim("role") == "admin",
    ),
    crud_policy(role = by_team, read = in_team(team_id), modify = in_team(team_id)),
    crud_policy(role = by_project, read = in_project(project_id), modify = in_project(project_id)),
)]
pub struct Doc {
    /// Its key.
    #[rls(primary_key)]
    pub id: i64,
    /// Who wrote it.
    #[rls(index)]
    pub owner: String,
    /// Whose it is.
    #[rls(index)]
    pub team_id: i64,
    /// What it is part of.
    #[rls(index)]
    pub project_id: i64,
    /// The tenant.
    #[rls(index)]
    pub org_id: String,
    /// Whether everybody sees it.
    #[rls(index)]
    pub is_public: bool,
    /// What an update changes.
    pub title: String,
    /// What a list is ordered by.
    #[rls(index)]
    pub created_at: DateTime<Utc>,
}

/// The same without an index on the team.
#[derive(Table)]
#[rls(
    table = "drafts",
    policy_indexes = false,
    crud_policy(role = by_team, read = in_team(team_id), modify = in_team(team_id)),
)]
pub struct Draft {
    /// Its key.
    #[rls(primary_key)]
    pub id: i64,
    /// Who wrote it.
    pub owner: String,
    /// Whose it is.
    pub team_id: i64,
    /// What it is part of.
    pub project_id: i64,
    /// The tenant.
    pub org_id: String,
    /// Whether everybody sees it.
    pub is_public: bool,
    /// What an update changes.
    pub title: String,
    /// What a list is ordered by.
    #[rls(index)]
    pub created_at: DateTime<Utc>,
}
