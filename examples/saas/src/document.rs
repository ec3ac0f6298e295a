//! Documents: private, seen by all who work on the project, or public.

use chrono::{DateTime, Utc};
use rls_schema::{Table, predicate};
use uuid::Uuid;

use crate::project_member::works_on;
use crate::share::{is_shared, may_edit};

/// A document. The public reads what is public, so tenant isolation is for those who are signed in:
/// of another organisation they read what everybody reads, even where something was shared with
/// them, and change nothing.
///
/// Owners do as they please, but cannot hand a document to somebody else. Whoever may edit changes
/// the text and nothing else.
#[derive(Table)]
#[rls(
    table = "documents",
    policy(
        name = "tenant isolation: read",
        command = select,
        role = authenticated,
        restrictive,
        using = org_id == claim("o.id") || visibility == "public",
    ),
    policy(
        name = "tenant isolation: insert",
        command = insert,
        role = authenticated,
        restrictive,
        with_check = org_id == claim("o.id"),
    ),
    policy(
        name = "tenant isolation: update",
        command = update,
        role = authenticated,
        restrictive,
        using = org_id == claim("o.id"),
    ),
    policy(
        name = "tenant isolation: delete",
        command = delete,
        role = authenticated,
        restrictive,
        using = org_id == claim("o.id"),
    ),
    crud_policy(
        role = anonymous,
        read = visibility == "public",
        read_columns = [id, title, body, updated_at],
    ),
    crud_policy(
        role = authenticated,
        read = auth_uid(owner_id)
            || visibility == "public"
            || visibility == "project" && works_on(project_id)
            || is_shared(id),
        insert = auth_uid(owner_id)
            && works_on(project_id)
            && visibility.is_in(["private", "project", "public"]),
        delete = auth_uid(owner_id),
        write_columns = [project_id, title, body, visibility],
    ),
    policy(
        name = "owners change what is theirs",
        command = update,
        role = authenticated,
        using = auth_uid(owner_id),
        with_check = auth_uid(owner_id) && visibility.is_in(["private", "project", "public"]),
        columns = [title, body, visibility, updated_at],
    ),
    policy(
        name = "editors change the text",
        command = update,
        role = authenticated,
        using = may_edit(id),
        with_check = may_edit(id) && was_as_visible(id, visibility),
        columns = [title, body, updated_at],
    ),
    policy(
        name = "every change is dated",
        command = update,
        role = authenticated,
        restrictive,
        using = true,
        with_check = updated_at == now(),
    ),
    allow(multiple_permissive_policies, reason = "owners and editors may leave different things behind"),
    allow(column_lists_merge, reason = "what editors must not change is held by `was_as_visible`"),
)]
pub struct Document {
    /// Made up by Postgres.
    #[rls(primary_key, default = sql("gen_random_uuid()"))]
    pub id: Uuid,
    /// The organisation, by the token.
    #[rls(default = claim("o.id"), index, references(organizations(id), on_delete = cascade))]
    pub org_id: String,
    /// Where it is.
    #[rls(index, references(projects(id), on_delete = cascade))]
    pub project_id: Uuid,
    /// Whoever wrote it, by the token.
    #[rls(default = auth_uid(), index)]
    pub owner_id: String,
    /// What it is about.
    pub title: String,
    /// The text.
    #[rls(default = "")]
    pub body: String,
    /// `private`, `project` or `public`.
    #[rls(default = "private", index)]
    pub visibility: String,
    /// When it was last changed.
    #[rls(default = now())]
    pub updated_at: DateTime<Utc>,
}

/// Whether the document is the user's, in the organisation that the token is for.
#[predicate]
pub fn is_owner(document: Uuid) -> bool {
    definer(exists(Document, |d| {
        d.id == document && auth_uid(d.owner_id) && d.org_id == claim("o.id")
    }))
}

/// Whether the document is as visible as before. A policy sees the new row or the old one; a lookup
/// while a row is changed finds it as it was.
#[predicate]
fn was_as_visible(document: Uuid, now: String) -> bool {
    definer(exists(Document, |d| d.id == document && d.visibility == now))
}
