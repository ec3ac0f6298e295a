//! Types as text.

use std::fmt;

use super::qualified;
use crate::model::{BaseType, Modifier, PgType};

/// The type's canonical text: what `format_type` prints with an empty `search_path`.
impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (&self.base, self.base.builtin_name()) {
            (BaseType::Named(name), _) => qualified(name),
            // `character` alone would mean `character(1)`, and `bit` alone `bit(1)`.
            (BaseType::Char, _) if self.modifiers.is_empty() => "bpchar".to_owned(),
            (BaseType::Bit, _) if self.modifiers.is_empty() => "\"bit\"".to_owned(),
            (_, name) => name.unwrap_or_default().to_owned(),
        };
        let mut fields = "";
        let mut listed = Vec::new();
        for modifier in &self.modifiers {
            match modifier {
                Modifier::Number(number) => listed.push(number.to_string()),
                Modifier::Word(word) => listed.push(word.clone()),
                Modifier::Fields(which) => fields = which.name(),
            }
        }
        let name = if fields.is_empty() { name } else { format!("{name} {fields}") };
        let modifiers =
            if listed.is_empty() { String::new() } else { format!("({})", listed.join(",")) };
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
