//! The only place that writes SQL, and the only place that quotes.

#![warn(clippy::wildcard_enum_match_arm)]

mod change;
mod closing;
mod comment;
mod constraint;
mod default_privilege;
mod function;
mod index;
mod online;
mod partition;
mod quote;
mod role;
mod sequence;
mod stand_in;
mod table;
mod term;
mod trigger;
mod types;
mod user_type;
mod view;

use change::{alter, grantee};
pub(crate) use change::{column_list, counts_rows_of, past_policies};
pub use change::{command_name, create_extension, privilege_name, script, statements};
#[cfg(feature = "postgres")]
pub(crate) use function::{routine, signature};
pub use online::KeyKind;
pub(crate) use online::{build_index, prove_not_null, refuse_null, take_index};
#[cfg(feature = "postgres")]
pub(crate) use partition::constant_text;
pub(crate) use partition::{key_equals, keys_of};
pub(crate) use quote::is_keyword;
pub use quote::{ident, literal, qualified};
pub(crate) use role::changed_words;
pub(crate) use sequence::next_of;
pub use stand_in::{STAND_IN_MARK, stand_in, stand_in_mark, stand_in_roles};
pub use term::term;
pub(crate) use term::{answer_body, array_body};
pub(crate) use view::shown_by;
