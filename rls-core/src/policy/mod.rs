//! What policies mean beyond their own SQL.
//!
//! ```text
//! model::Expr ──link──▶ Term ──optimize──▶ Term ──render──▶ SQL
//! ```

pub mod compile;
pub mod crud;
pub(crate) mod definer;
pub(crate) mod grants;
pub mod index;
mod kind;
pub mod link;
pub mod lint;
mod needs;
pub mod optimize;
pub(crate) mod recursion;
pub mod term;
