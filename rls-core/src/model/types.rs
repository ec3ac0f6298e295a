//! Postgres types: the built-in ones by variant, others by their qualified name.

use std::fmt;

use super::{Ident, QualifiedName};

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgType {
    /// The type itself, or of the array's elements.
    pub base: BaseType,
    /// What stands in brackets: the length of a `varchar`, precision and scale of a `numeric`.
    pub modifiers: Vec<i32>,
    /// Whether it is an array; Postgres does not tell arrays of different dimensions apart.
    pub array: bool,
}

/// What sorts of types compare with one another without a cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeFamily {
    /// `boolean`
    Boolean,
    /// Integers, floats and `numeric`.
    Number,
    /// `text`, `varchar`, `char`.
    Text,
    /// `uuid`
    Uuid,
    /// Dates and timestamps.
    DateTime,
    /// Everything else, and arrays: compared only with itself.
    Other,
}

/// Why a text is not a type that the model knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeError {
    /// Nothing there.
    Empty,
    /// Not a built-in type, and no schema says where it lives.
    Unknown(String),
    /// Brackets that are not a list of whole numbers, or more than the type takes.
    Modifiers(String),
    /// A name that cannot be one.
    Name(String),
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeError::Empty => f.write_str("a type is missing"),
            TypeError::Unknown(name) => write!(
                f,
                "`{name}` is not a built-in type; write an enum, domain or extension type with \
                 its schema, as in `public.{name}`"
            ),
            TypeError::Modifiers(text) => {
                write!(
                    f,
                    "`({text})` does not fit the type: whole numbers as in `varchar(20)` or `numeric(10, 2)`"
                )
            }
            TypeError::Name(text) => write!(f, "`{text}` is not the name of a type"),
        }
    }
}

impl std::error::Error for TypeError {}

/// Declares the built-in types once: variant, name as `format_type` prints it, other spellings,
/// how many modifiers it takes, family.
macro_rules! base_types {
    ($($variant:ident $name:literal [$($alias:literal),*] $modifiers:literal $family:ident;)*) => {
        /// A type without modifiers and array brackets.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum BaseType {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// An enum, domain, composite or extension type.
            Named(QualifiedName),
        }

        impl BaseType {
            /// The built-in type of that name, in any of its spellings.
            fn builtin(name: &str) -> Option<BaseType> {
                match name {
                    $($name $(| $alias)* => Some(BaseType::$variant),)*
                    _ => None,
                }
            }

            /// The built-in type's name as `format_type` prints it.
            pub fn builtin_name(&self) -> Option<&'static str> {
                match self {
                    $(BaseType::$variant => Some($name),)*
                    BaseType::Named(_) => None,
                }
            }

            fn max_modifiers(&self) -> usize {
                match self {
                    $(BaseType::$variant => $modifiers,)*
                    BaseType::Named(_) => usize::MAX,
                }
            }

            fn family(&self) -> TypeFamily {
                match self {
                    $(BaseType::$variant => TypeFamily::$family,)*
                    BaseType::Named(_) => TypeFamily::Other,
                }
            }

            /// The variant's name, for quoting a value in generated code.
            pub fn variant_name(&self) -> Option<&'static str> {
                match self {
                    $(BaseType::$variant => Some(stringify!($variant)),)*
                    BaseType::Named(_) => None,
                }
            }
        }
    };
}

base_types! {
    SmallInt "smallint" ["int2"] 0 Number;
    Integer "integer" ["int", "int4"] 0 Number;
    BigInt "bigint" ["int8"] 0 Number;
    Real "real" ["float4"] 0 Number;
    DoublePrecision "double precision" ["float8", "float"] 0 Number;
    Numeric "numeric" ["decimal"] 2 Number;
    Boolean "boolean" ["bool"] 0 Boolean;
    Text "text" [] 0 Text;
    Varchar "character varying" ["varchar"] 1 Text;
    Char "character" ["char", "bpchar"] 1 Text;
    Bytea "bytea" [] 0 Other;
    Uuid "uuid" [] 0 Uuid;
    Timestamptz "timestamp with time zone" ["timestamptz"] 1 DateTime;
    Timestamp "timestamp without time zone" ["timestamp"] 1 DateTime;
    Date "date" [] 0 DateTime;
    Time "time without time zone" ["time"] 1 Other;
    Timetz "time with time zone" ["timetz"] 1 Other;
    Interval "interval" [] 1 Other;
    Json "json" [] 0 Other;
    Jsonb "jsonb" [] 0 Other;
    Inet "inet" [] 0 Other;
    Cidr "cidr" [] 0 Other;
    Macaddr "macaddr" [] 0 Other;
    Tsvector "tsvector" [] 0 Other;
    Xml "xml" [] 0 Other;
    Money "money" [] 0 Other;
    Point "point" [] 0 Other;
    Line "line" [] 0 Other;
    Lseg "lseg" [] 0 Other;
    Box "box" [] 0 Other;
    Path "path" [] 0 Other;
    Polygon "polygon" [] 0 Other;
    Circle "circle" [] 0 Other;
    Bit "bit" [] 1 Other;
    Varbit "bit varying" ["varbit"] 1 Other;
    Macaddr8 "macaddr8" [] 0 Other;
    Tsquery "tsquery" [] 0 Other;
    Jsonpath "jsonpath" [] 0 Other;
    Oid "oid" [] 0 Other;
    PgLsn "pg_lsn" [] 0 Other;
    Int4Range "int4range" [] 0 Other;
    Int8Range "int8range" [] 0 Other;
    NumRange "numrange" [] 0 Other;
    TsRange "tsrange" [] 0 Other;
    TstzRange "tstzrange" [] 0 Other;
    DateRange "daterange" [] 0 Other;
}

impl PgType {
    /// The type without modifiers and array brackets.
    pub fn plain(base: BaseType) -> Self {
        PgType { base, modifiers: Vec::new(), array: false }
    }

    /// What it compares with.
    pub fn family(&self) -> TypeFamily {
        if self.array { TypeFamily::Other } else { self.base.family() }
    }

    /// Reads a type as people write it and as `format_type` prints it: `int8`, `varchar(20)`,
    /// `timestamp(3) with time zone`, `text[]`, `public.mood`, `"My Schema"."T"`.
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
        let (head, modifiers, tail) = split_modifiers(rest)?;
        let name = match (head.trim(), tail.trim()) {
            ("", _) => return Err(TypeError::Empty),
            (head, "") => head.to_owned(),
            (head, tail) => format!("{head} {tail}"),
        };
        let base = match BaseType::builtin(&fold(&name)) {
            Some(base) => base,
            None => BaseType::Named(qualified(&name)?),
        };
        if modifiers.len() > base.max_modifiers() {
            return Err(TypeError::Modifiers(list(&modifiers)));
        }
        // `char` and `character` mean `character(1)`; `bpchar` alone has no length.
        let modifiers = match base {
            BaseType::Char if modifiers.is_empty() && fold(&name) != "bpchar" => vec![1],
            BaseType::Bit if modifiers.is_empty() => vec![1],
            // A precision without a scale has scale 0, and the catalog prints both.
            BaseType::Numeric if modifiers.len() == 1 => vec![modifiers[0], 0],
            _ => modifiers,
        };
        Ok(PgType { base, modifiers, array })
    }
}

/// Lower case and single spaces, unless quoted.
fn fold(name: &str) -> String {
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

fn list(modifiers: &[i32]) -> String {
    modifiers.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")
}

/// Splits `timestamp(3) with time zone` into what stands before, in and after the brackets.
fn split_modifiers(text: &str) -> Result<(&str, Vec<i32>, &str), TypeError> {
    if text.contains('"') {
        return Ok((text, Vec::new(), ""));
    }
    let Some((head, rest)) = text.split_once('(') else {
        return Ok((text, Vec::new(), ""));
    };
    let (inside, tail) =
        rest.split_once(')').ok_or_else(|| TypeError::Modifiers(rest.to_owned()))?;
    let modifiers = inside
        .split(',')
        .map(|number| number.trim().parse::<i32>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TypeError::Modifiers(inside.to_owned()))?;
    Ok((head, modifiers, tail))
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
    use super::{PgType, TypeError};

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
        assert!(PgType::parse("text; drop table x").is_err());
        assert!(PgType::parse("a.b.c").is_err());
    }
}
