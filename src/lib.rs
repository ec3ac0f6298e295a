//! Row-level security as code for Postgres.
//!
//! # In this crate
//!
//! `#[derive(Table)]` and the trait [`Table`] that it implements, [`Schema`] to collect tables and
//! render them, and [`model`] with the values that both speak of.

pub use rls_core::model::Schema;
#[cfg(feature = "scan")]
pub use rls_core::syntax::scan;
pub use rls_core::{Declaration, Grants, Provider, Settings, Table, model, resolve};
pub use rls_derive::Table;

/// What the derive's output calls. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use rls_core::declaration_parts::*;
}
