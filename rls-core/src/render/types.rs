//! Types as text.

use std::fmt;

use super::qualified;
use crate::model::{BaseType, PgType};

/// The type's canonical text: what `format_type` prints with an empty `search_path`.
impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (&self.base, self.base.builtin_name()) {
            (BaseType::Named(name), _) => qualified(name),
            // `character` alone would mean `character(1)`.
            (BaseType::Char, _) if self.modifiers.is_empty() => "bpchar".to_owned(),
            (_, name) => name.unwrap_or_default().to_owned(),
        };
        let modifiers = match self.modifiers.as_slice() {
            [] => String::new(),
            numbers => {
                let numbers: Vec<_> = numbers.iter().map(i32::to_string).collect();
                format!("({})", numbers.join(","))
            }
        };
        // The brackets of times stand in the middle: `timestamp(3) with time zone`.
        match name.split_once(' ') {
            Some((head, tail)) if tail.ends_with("time zone") => {
                write!(f, "{head}{modifiers} {tail}")?;
            }
            _ => write!(f, "{name}{modifiers}")?,
        }
        f.write_str(if self.array { "[]" } else { "" })
    }
}
