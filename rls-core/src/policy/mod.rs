//! What policies mean beyond their own SQL.

pub mod crud;
pub(crate) mod grants;
