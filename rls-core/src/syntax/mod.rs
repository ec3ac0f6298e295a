//! The grammar of `#[rls(..)]` and its lowering to the model, called by the derive at compile time
//! and by the CLI on source files, so that no rule exists twice.
//!
//! ```text
//! syn::DeriveInput ──decl──▶ Decl ──lower──▶ model::Table
//!          attr, policy, rust_type            lower_policy, predicate, call, method, raw_sql
//! ```
//! Every step goes on after an error and leaves it in the [`Ctxt`]: all mistakes of a run are told
//! at once.

mod attr;
mod call;
mod column;
mod comment;
mod constraint;
mod ctxt;
mod decl;
mod function;
mod grant;
mod index_key;
mod lower;
mod lower_constraint;
mod lower_partition;
mod lower_policy;
mod method;
mod named;
mod object;
mod owner;
mod partition;
mod policy;
mod predicate;
mod raw_sql;
mod references;
mod rename;
mod rust_type;
mod sequence;
mod signature;
mod trigger;
mod user_type;
mod view;

#[cfg(feature = "scan")]
mod cfg;
#[cfg(feature = "scan")]
mod derives;
#[cfg(feature = "scan")]
mod found;
#[cfg(feature = "scan")]
mod places;
#[cfg(feature = "scan")]
pub mod scan;
#[cfg(feature = "sql-parser")]
pub mod sql_parser;
#[cfg(feature = "scan")]
mod typed;

pub use ctxt::{Ctxt, Diagnostic};
pub use function::lower_function;
pub use lower::{Lowered, lower};
#[cfg(feature = "scan")]
use named::parameters;
pub use named::{LoweredPredicate, lower_predicate};
pub use rust_type::RustType;
pub use sequence::lower_sequence;
pub use user_type::{LoweredForm, LoweredType, lower_enum, lower_type};
pub use view::lower_view;
