//! The type of a field: the one that means exactly the column's type, or the nearest one with
//! `sql_type = ".."` beside it.

use super::file::File;
use crate::model::{BaseType, PgType};

/// A field's type, and whether it says all.
pub(super) struct RustType {
    pub(super) text: String,
    /// Whether the column's type is read off it.
    pub(super) exact: bool,
}

/// The type of a column's field; what it needs is imported.
pub(super) fn of(ty: &PgType, nullable: bool, file: &mut File) -> RustType {
    let declared = match &ty.base {
        BaseType::Named(name) => file.types.get(name).cloned(),
        _ => None,
    };
    let (name, exact) = match declared {
        Some(name) => (name, true),
        None => {
            let (from, name, exact) = element(&ty.base);
            if let Some(from) = from {
                let names = name.split(['<', '>']).filter(|name| !name.is_empty());
                names.for_each(|name| file.import(from, name));
            }
            (name.to_owned(), exact)
        }
    };
    let one = if ty.array { format!("Vec<{name}>") } else { name };
    let text = if nullable { format!("Option<{one}>") } else { one };
    RustType { text, exact: exact && ty.modifiers.is_empty() }
}

/// Where the type comes from, its name, and whether it stands for the Postgres type by itself.
fn element(base: &BaseType) -> (Option<&'static str>, &'static str, bool) {
    match base {
        BaseType::SmallInt => (None, "i16", true),
        BaseType::Integer => (None, "i32", true),
        BaseType::BigInt => (None, "i64", true),
        BaseType::Real => (None, "f32", true),
        BaseType::DoublePrecision => (None, "f64", true),
        BaseType::Boolean => (None, "bool", true),
        BaseType::Text => (None, "String", true),
        BaseType::Bytea => (None, "Vec<u8>", true),
        BaseType::Uuid => (Some("uuid"), "Uuid", true),
        BaseType::Numeric => (Some("rust_decimal"), "Decimal", true),
        BaseType::Timestamptz => (Some("chrono"), "DateTime<Utc>", true),
        BaseType::Timestamp => (Some("chrono"), "NaiveDateTime", true),
        BaseType::Date => (Some("chrono"), "NaiveDate", true),
        BaseType::Time => (Some("chrono"), "NaiveTime", true),
        BaseType::Interval => (Some("chrono"), "TimeDelta", true),
        BaseType::Jsonb => (Some("serde_json"), "Value", true),
        BaseType::Json => (Some("serde_json"), "Value", false),
        BaseType::Oid => (None, "u32", false),
        // As text they are what Postgres prints.
        _ => (None, "String", false),
    }
}

/// The line of Cargo.toml for a crate that a file names.
pub(super) fn dependency(from: &str) -> Option<&'static str> {
    Some(match from {
        "chrono" => "chrono = \"0.4\"",
        "rust_decimal" => "rust_decimal = \"1\"",
        "serde_json" => "serde_json = \"1\"",
        "uuid" => "uuid = \"1\"",
        _ => return None,
    })
}
