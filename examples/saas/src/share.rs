//! With whom documents are shared.
//!
//! Documents ask shares who may read them, and shares ask documents whose they are. Postgres refuses
//! policies that ask each other, so one of the two, [`is_owner`], asks as the owner of the tables.

use rls_schema::{Table, predicate};
use uuid::Uuid;

use crate::document::is_owner;

/// A document shared with a person. The document's owner sees and changes that, and the person
/// sees it.
#[derive(Table)]
#[rls(
    table = "shares",
    tenant = org_id == claim("o.id"),
    crud_policy(
        role = authenticated,
        read = auth_uid(user_id) || is_owner(document_id),
        modify = is_owner(document_id),
        write_columns = [document_id, user_id, can_edit],
    ),
)]
pub struct Share {
    /// The document.
    #[rls(primary_key, references(documents(id), on_delete = cascade))]
    pub document_id: Uuid,
    /// Clerk's: `user_…`.
    #[rls(primary_key, index)]
    pub user_id: String,
    /// The document's organisation, by the token.
    #[rls(default = claim("o.id"), references(organizations(id), on_delete = cascade))]
    pub org_id: String,
    /// Whether they may change its text.
    #[rls(default = false)]
    pub can_edit: bool,
}

/// Whether the document is shared with the user.
#[predicate]
pub fn is_shared(document: Uuid) -> bool {
    exists(Share, |s| s.document_id == document && auth_uid(s.user_id))
}

/// Whether it is shared with the user to be changed.
#[predicate]
pub fn may_edit(document: Uuid) -> bool {
    exists(Share, |s| s.document_id == document && auth_uid(s.user_id) && s.can_edit)
}
