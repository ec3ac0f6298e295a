//! A product for many organisations, with Neon and Clerk: documents in projects, shared with people
//! and with the public, and a log of what was done. One file a table; each says who may do what
//! with its rows.
//!
//! Three things hold everywhere. Rows of another organisation than the token's are out of reach.
//! Whether somebody belongs to something is asked by a named predicate, next to the table that
//! knows. Columns that nobody has to write cannot be written: the token fills in the organisation
//! and the person.

mod audit_log;
mod document;
mod member;
mod organization;
mod project;
mod project_member;
mod share;

pub use audit_log::AuditEntry;
pub use document::Document;
pub use member::Member;
pub use organization::Organization;
pub use project::Project;
pub use project_member::ProjectMember;
pub use share::Share;

use rls_schema::Declaration;

/// All tables, for any provider's settings.
#[must_use]
pub fn declare(settings: rls_schema::Settings) -> Declaration {
    rls_schema::Schema::declare(settings)
        .table::<Organization>()
        .table::<Member>()
        .table::<Project>()
        .table::<ProjectMember>()
        .table::<Document>()
        .table::<Share>()
        .table::<AuditEntry>()
}
