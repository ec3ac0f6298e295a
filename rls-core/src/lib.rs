//! The policy compiler: one declaration in, SQL, migrations and a diff out.
//!
//! The rooms, in the order data flows through them: [`syntax`] reads Rust source, [`model`] is what
//! everything is turned into, [`resolve`](mod@resolve) puts tables together, [`policy`] derives
//! privileges, [`diff`] compares, [`plan`] orders, [`render`] writes SQL, [`catalog`] reads a
//! database back, [`apply`] changes it and [`drift`] says what was changed by hand.
//!
//! Most users want the facade crate `rls-schema` and not this one.

#[cfg(feature = "postgres")]
pub mod apply;
#[cfg(feature = "postgres")]
pub mod catalog;
pub mod diff;
#[cfg(feature = "postgres")]
pub mod drift;
#[cfg(feature = "drizzle")]
pub mod drizzle;
pub mod lex;
pub mod model;
pub mod plan;
pub mod policy;
pub mod provider;
#[cfg(all(feature = "postgres", feature = "source"))]
pub mod pull;
pub mod render;
pub mod resolve;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "syntax")]
pub mod syntax;

mod declaration;
#[doc(hidden)]
pub mod declaration_parts;
mod place;

pub use declaration::{Declaration, Function, Sequence, Table, Typed, View};
pub use place::Place;
pub use provider::{DeclaredSchema, Grants, Provider, Settings};
