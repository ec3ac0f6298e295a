//! Types of columns, as drizzle-kit spells them.

use super::json::At;
use super::schema::Snapshot;
use crate::model::{BaseType, Ident, PgType, QualifiedName, TypeError};

/// What a column holds, and whether a sequence of its own fills it.
pub(super) struct Typed {
    pub(super) ty: PgType,
    pub(super) serial: bool,
}

/// Types of extensions that are written without a schema, and what the extension is called.
const OF_EXTENSIONS: &[(&str, &str)] = &[
    ("citext", "citext"),
    ("geography", "postgis"),
    ("geometry", "postgis"),
    ("halfvec", "vector"),
    ("hstore", "hstore"),
    ("ltree", "ltree"),
    ("sparsevec", "vector"),
    ("vector", "vector"),
];

/// The type at a place; `schema` is where an enum of that name is.
pub(super) fn read(at: &At<'_>, schema: Option<At<'_>>, snapshot: &Snapshot) -> Option<Typed> {
    let text = at.text()?.trim();
    let (element, array) = element(text);
    if let Some(schema) = schema {
        let name = QualifiedName::new(schema.name()?, at.named(element)?);
        let ty = PgType { array, ..PgType::plain(BaseType::Named(name)) };
        return Some(Typed { ty, serial: false });
    }
    let serial = match element.to_ascii_lowercase().as_str() {
        "smallserial" | "serial2" => Some(BaseType::SmallInt),
        "serial" | "serial4" => Some(BaseType::Integer),
        "bigserial" | "serial8" => Some(BaseType::BigInt),
        _ => None,
    };
    if let Some(base) = serial {
        return Some(Typed { ty: PgType::plain(base), serial: true });
    }
    let parsed = match PgType::parse(element) {
        Err(TypeError::Unknown(_)) => elsewhere(element, at, snapshot),
        parsed => parsed,
    };
    match parsed {
        Ok(ty) => Some(Typed { ty: PgType { array, ..ty }, serial: false }),
        Err(error) => {
            let help = "give it a type with its schema in `customType`, as in `public.mood`";
            at.mistake(error.to_string(), Some(help));
            None
        }
    }
}

/// `integer[3][3]` → `integer`, and whether there were brackets.
fn element(text: &str) -> (&str, bool) {
    let mut rest = text;
    while let Some(before) = rest.strip_suffix(']') {
        let Some((element, size)) = before.rsplit_once('[') else { break };
        if !size.chars().all(|c| c.is_ascii_digit()) {
            break;
        }
        rest = element.trim_end();
    }
    (rest, rest.len() < text.len())
}

/// A type that is not built in and says no schema: an enum, or one of an extension.
fn elsewhere(element: &str, at: &At<'_>, snapshot: &Snapshot) -> Result<PgType, TypeError> {
    let of_enum = snapshot.enums.iter().find(|name| name.name.as_str() == element);
    if let Some(name) = of_enum {
        return Ok(PgType::plain(BaseType::Named(name.clone())));
    }
    let name = element.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    let extension = OF_EXTENSIONS.iter().find(|(ty, _)| *ty == name);
    let ty = PgType::parse(&format!("public.{element}"))?;
    match extension {
        Some((_, extension)) => {
            snapshot.needs_extension(extension);
            at.report.note(format!(
                "the type {name} is taken for that of the extension {extension} in the schema public: \
                 where the extension is in another schema, say so in `sql_type`"
            ));
        }
        None => at.report.note(format!(
            "the type {name} is neither built in nor an enum of the snapshot: it is taken for one of \
             the schema public that somebody else makes"
        )),
    }
    Ok(ty)
}

/// An operator class by its name: Postgres's own, or one of an extension.
pub(super) fn operator_class(name: Ident, snapshot: &Snapshot) -> QualifiedName {
    let text = name.as_str();
    let extension = if text.ends_with("_trgm_ops") {
        Some("pg_trgm")
    } else if ["vector_", "halfvec_", "sparsevec_", "bit_hamming_", "bit_jaccard_"]
        .iter()
        .any(|begin| text.starts_with(begin))
    {
        Some("vector")
    } else if ["gist_geometry_", "gist_geography_", "spgist_geometry_"]
        .iter()
        .any(|begin| text.starts_with(begin))
    {
        Some("postgis")
    } else {
        None
    };
    let schema = match extension {
        Some(extension) => {
            snapshot.needs_extension(extension);
            "public"
        }
        None => "pg_catalog",
    };
    QualifiedName::new(Ident::literal(schema), name)
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn arrays_may_say_how_large_they_are() {
        assert_eq!(element("integer[3][3]"), ("integer", true));
        assert_eq!(element("numeric(6, 1)[]"), ("numeric(6, 1)", true));
        assert_eq!(element("Kind Of"), ("Kind Of", false));
        assert_eq!(element("odd]"), ("odd]", false));
    }
}
