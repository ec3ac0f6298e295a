//! Row-level security as code for Postgres: a struct says what a table holds and who may do what with
//! its rows, and the rest is compiled from it.
//!
//! ```
//! use rls_schema::{Provider, Schema, Settings, Table};
//!
//! #[derive(Table)]
//! #[rls(
//!     table = "notes",
//!     crud_policy(role = authenticated, read = auth_uid(owner), modify = auth_uid(owner)),
//! )]
//! pub struct Note {
//!     #[rls(primary_key, identity)]
//!     pub id: i64,
//!     #[rls(default = auth_uid(), index)]
//!     pub owner: String,
//!     pub text: String,
//! }
//!
//! let schema = Schema::declare(Settings::new(Provider::Neon)).table::<Note>().build()?;
//! let sql = schema.to_sql();
//! assert!(sql.contains("ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY"));
//! assert!(sql.contains("USING ((SELECT auth.user_id()) = owner)"));
//! # Ok::<(), rls_schema::resolve::ResolveErrors>(())
//! ```
//!
//! [`Table`] is the derive and the trait that it implements, [`Schema`] collects tables and renders
//! them, and [`model`] has the values that both speak of. The command line is `rls-cli`.

pub use rls_core::model::Schema;
#[cfg(feature = "scan")]
pub use rls_core::syntax::scan;
pub use rls_core::{
    Declaration, Function, Grants, Provider, Sequence, Settings, Table, Typed, View, model, resolve,
};
pub use rls_derive::{Function, PgEnum, PgType, Sequence, Table, View, predicate};

/// What the derive's output calls. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use rls_core::declaration_parts::*;
}
