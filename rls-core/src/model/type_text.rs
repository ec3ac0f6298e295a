//! Types as people and Postgres write them, read into the model.

use super::{BaseType, Ident, IntervalFields, Modifier, PgType, QualifiedName, TypeError};

impl PgType {
    /// Reads a type as people write it and as `format_type` prints it: `int8`, `varchar(20)`,
    /// `timestamp(3) with time zone`, `interval day to second(3)`, `text[]`, `public.mood`,
    /// `public.geometry(Point,4326)`, `"My Schema"."T"`.
    ///
    /// # Errors
    /// A name that is not built in needs its schema, for only the server knows where else to look.
    pub fn parse(text: &str) -> Result<PgType, TypeError> {
        let mut rest = text.trim();
        let mut array = false;
        while let Some(element) = rest.strip_suffix("[]") {
            array = true;
            rest = element.trim_end();
        }
        let (head, inside, tail) = split_brackets(rest)?;
        let name = match (head.trim(), tail.trim()) {
            ("", _) => return Err(TypeError::Empty),
            (head, "") => head.to_owned(),
            (head, tail) => format!("{head} {tail}"),
        };
        let (base, modifiers) = match interval(&name, inside)? {
            Some(modifiers) => (BaseType::Interval, modifiers),
            None => base_and_modifiers(&name, inside)?,
        };
        Ok(PgType { base, modifiers, array })
    }
}

/// Any type but an `interval` with fields.
fn base_and_modifiers(
    name: &str,
    inside: Option<&str>,
) -> Result<(BaseType, Vec<Modifier>), TypeError> {
    let refused = || TypeError::Modifiers(inside.unwrap_or_default().to_owned());
    let folded = fold(name);
    let Some(base) = BaseType::builtin(&folded) else {
        let base = BaseType::Named(qualified(name)?);
        return Ok((base, list(inside, |part| number(part).or_else(|| word(part)))?));
    };
    let modifiers = list(inside, number)?;
    // A precision in binary digits chooses between the two.
    if folded == "float"
        && let [Modifier::Number(digits)] = modifiers.as_slice()
    {
        return match digits {
            1..=24 => Ok((BaseType::Real, Vec::new())),
            25..=53 => Ok((BaseType::DoublePrecision, Vec::new())),
            _ => Err(refused()),
        };
    }
    if modifiers.len() > base.max_modifiers() {
        return Err(refused());
    }
    let modifiers = match (&base, modifiers.as_slice()) {
        // `char` and `character` mean `character(1)`; `bpchar` alone has no length.
        (BaseType::Char, []) if folded != "bpchar" => vec![Modifier::Number(1)],
        // In quotes it is the type itself, and not the words of the standard.
        (BaseType::Bit, []) if folded == "bit" => vec![Modifier::Number(1)],
        // A precision without a scale has scale 0, and the catalog prints both.
        (BaseType::Numeric, [precision]) => vec![precision.clone(), Modifier::Number(0)],
        // An interval has one number, behind what it counts.
        (BaseType::Interval, [_, _]) => return Err(refused()),
        (
            BaseType::Timestamp
            | BaseType::Timestamptz
            | BaseType::Time
            | BaseType::Timetz
            | BaseType::Interval,
            [Modifier::Number(digits)],
        ) => vec![precision(*digits)?],
        _ => modifiers,
    };
    Ok((base, modifiers))
}

/// What stands behind `interval`, where that is what it counts.
fn interval(name: &str, inside: Option<&str>) -> Result<Option<Vec<Modifier>>, TypeError> {
    let folded = fold(name);
    let Some(fields) = folded.strip_prefix("interval ").and_then(IntervalFields::of_name) else {
        return Ok(None);
    };
    let mut modifiers = vec![Modifier::Fields(fields)];
    match list(inside, number)?.as_slice() {
        [] => {}
        [Modifier::Number(digits)] if fields.has_seconds() => modifiers.push(precision(*digits)?),
        _ => return Err(TypeError::Modifiers(inside.unwrap_or_default().to_owned())),
    }
    Ok(Some(modifiers))
}

/// Digits after the second. Postgres would cut more down to 6, and print that.
fn precision(digits: i32) -> Result<Modifier, TypeError> {
    match digits {
        0..=6 => Ok(Modifier::Number(digits)),
        _ => Err(TypeError::Precision(digits)),
    }
}

/// Lower case and single spaces, unless quoted.
fn fold(name: &str) -> String {
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    if name.contains('"') {
        return name.to_owned();
    }
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// What is between the brackets, each part read by itself.
fn list(
    inside: Option<&str>,
    read: impl Fn(&str) -> Option<Modifier>,
) -> Result<Vec<Modifier>, TypeError> {
    let Some(inside) = inside else { return Ok(Vec::new()) };
    let parts = inside.split(',').map(|part| read(part.trim()));
    parts.collect::<Option<_>>().ok_or_else(|| TypeError::Modifiers(inside.to_owned()))
}

fn number(part: &str) -> Option<Modifier> {
    part.parse().ok().map(Modifier::Number)
}

fn word(part: &str) -> Option<Modifier> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && part.chars().all(plain)).then(|| Modifier::Word(part.to_owned()))
}

/// Splits `timestamp(3) with time zone` into what stands before, in and after the brackets.
fn split_brackets(text: &str) -> Result<(&str, Option<&str>, &str), TypeError> {
    let mut quoted = false;
    let open = text.find(|c: char| {
        quoted ^= c == '"';
        c == '(' && !quoted
    });
    let Some(open) = open else { return Ok((text, None, "")) };
    let rest = &text[open + 1..];
    let (inside, tail) =
        rest.split_once(')').ok_or_else(|| TypeError::Modifiers(rest.to_owned()))?;
    Ok((&text[..open], Some(inside), tail))
}

/// `schema.name`, each part plain or in double quotes.
fn qualified(text: &str) -> Result<QualifiedName, TypeError> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = first_part(rest).ok_or_else(|| TypeError::Name(text.to_owned()))?;
        parts.push(Ident::new(part).map_err(|_| TypeError::Name(text.to_owned()))?);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => break,
            None => return Err(TypeError::Name(text.to_owned())),
        }
    }
    match <[Ident; 2]>::try_from(parts) {
        Ok([schema, name]) => Ok(QualifiedName::new(schema, name)),
        Err(parts) if parts.len() == 1 => Err(TypeError::Unknown(text.to_owned())),
        Err(_) => Err(TypeError::Name(text.to_owned())),
    }
}

/// The first part of a dotted name, unquoted and folded as Postgres does, and what follows it.
fn first_part(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut part = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if quoted[at + 1..].starts_with('"') => {
                    part.push('"');
                    chars.next();
                }
                '"' => return Some((part, &quoted[at + 1..])),
                c => part.push(c),
            }
        }
        return None;
    }
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_lowercase(), &text[end..]))
}

#[cfg(feature = "serde")]
impl serde::Serialize for PgType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for PgType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        PgType::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{PgType, TypeError};

    fn round(text: &str) -> String {
        PgType::parse(text).unwrap().to_string()
    }

    #[test]
    fn spellings_of_one_type_are_one() {
        assert_eq!(round("int8"), "bigint");
        assert_eq!(round(" BIGINT "), "bigint");
        assert_eq!(round("varchar(20)[]"), "character varying(20)[]");
        assert_eq!(round("timestamptz(3)"), "timestamp(3) with time zone");
        assert_eq!(round("timestamp(3)  with time zone"), "timestamp(3) with time zone");
        assert_eq!(round("numeric(10)"), "numeric(10,0)");
        assert_eq!(round("char"), "character(1)");
        assert_eq!(round("double precision"), "double precision");
        assert_eq!(round("text[][]"), "text[]");
        assert_eq!(round("float(24)"), "real");
        assert_eq!(round("float(25)"), "double precision");
        assert_eq!(round("numeric(3, -2)[]"), "numeric(3,-2)[]");
        assert_eq!(round("pg_catalog.\"char\""), "\"char\"");
    }

    #[test]
    fn an_interval_says_what_it_counts() {
        for text in ["interval", "interval(3)", "interval year to month", "interval second(0)[]"] {
            assert_eq!(round(text), text);
        }
        assert_eq!(round("INTERVAL  Day To Second (3)"), "interval day to second(3)");
        assert!(PgType::parse("interval day(3)").is_err());
        assert!(PgType::parse("interval month to day").is_err());
        assert!(PgType::parse("interval(3, 3)").is_err());
    }

    #[test]
    fn types_of_extensions_keep_what_stands_in_brackets() {
        assert_eq!(round("public.vector(384)"), "public.vector(384)");
        assert_eq!(round("public.geometry( Point, 4326)[]"), "public.geometry(Point,4326)[]");
        assert_eq!(round("\"(\".\"b)\"(1)"), "\"(\".\"b)\"(1)");
        assert!(PgType::parse("public.geometry(Point; drop)").is_err());
        assert!(PgType::parse("public.geometry('Point')").is_err());
        assert!(PgType::parse("public.geometry()").is_err());
    }

    #[test]
    fn other_types_keep_schema_and_case() {
        assert_eq!(round("public.citext"), "public.citext");
        assert_eq!(round("Public.Mood"), "public.mood");
        assert_eq!(round(r#""My Schema"."a""b""#), r#""My Schema"."a""b""#);
    }

    #[test]
    fn a_doubt_is_an_error() {
        assert_eq!(PgType::parse("citext"), Err(TypeError::Unknown("citext".into())));
        assert_eq!(PgType::parse(""), Err(TypeError::Empty));
        assert!(PgType::parse("varchar(x)").is_err());
        assert!(PgType::parse("text(3)").is_err());
        assert_eq!(PgType::parse("timestamp(7)"), Err(TypeError::Precision(7)));
        assert_eq!(PgType::parse("\"TEXT\""), Err(TypeError::Unknown("\"TEXT\"".into())));
        assert!(PgType::parse("text; drop table x").is_err());
        assert!(PgType::parse("a.b.c").is_err());
    }
}
