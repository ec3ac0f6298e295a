//! Names, exactly as Postgres stores them: case kept, never folded, never quoted.

use std::fmt;
use std::sync::Arc;

/// The longest name Postgres stores, in bytes (`NAMEDATALEN - 1`).
const MAX_BYTES: usize = 63;

/// A name as it stands in the catalog. Quoting is the renderer's business.
///
/// Source: Postgres manual, "Identifiers and Key Words".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
// Names are copied everywhere and never changed.
pub struct Ident(Arc<str>);

/// Why a text cannot be a name in Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentError {
    /// The name has no characters.
    Empty,
    /// The name has a NUL byte, which Postgres cannot store.
    Nul,
    /// The name is longer than 63 bytes; Postgres would cut it off in silence.
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
}

impl fmt::Display for IdentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentError::Empty => f.write_str("a name cannot be empty"),
            IdentError::Nul => f.write_str("a name cannot contain a NUL byte"),
            IdentError::TooLong { bytes } => {
                write!(f, "a name has at most {MAX_BYTES} bytes in Postgres, this one has {bytes}")
            }
        }
    }
}

impl std::error::Error for IdentError {}

impl Ident {
    /// Takes a name as it is.
    ///
    /// # Errors
    /// Empty names, names with a NUL byte and names over 63 bytes are refused: Postgres would
    /// refuse the first two and silently cut the third.
    pub fn new(name: impl Into<String>) -> Result<Self, IdentError> {
        let name = name.into();
        match name.len() {
            0 => Err(IdentError::Empty),
            _ if name.contains('\0') => Err(IdentError::Nul),
            bytes if bytes > MAX_BYTES => Err(IdentError::TooLong { bytes }),
            _ => Ok(Ident(name.into())),
        }
    }

    /// Takes a generated name and, where it is over 63 bytes, shortens it to a prefix and a hash
    /// of the whole, so that two long names never become one.
    ///
    /// # Errors
    /// Empty names and names with a NUL byte are refused.
    pub fn shortened(name: &str) -> Result<Self, IdentError> {
        if name.len() <= MAX_BYTES {
            return Ident::new(name);
        }
        let hash = format!("_{:08x}", fnv1a(name.as_bytes()) as u32);
        let mut end = MAX_BYTES - hash.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        Ident::new(format!("{}{hash}", &name[..end]))
    }

    /// A name that the code itself has, and that is one.
    pub(crate) fn literal(name: &'static str) -> Self {
        Ident(name.into())
    }

    /// The name as Postgres stores it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Words that are no names, or not everywhere. Source: The Rust Reference, "Keywords".
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// A name as Rust writes it: raw where it is a keyword.
pub(crate) fn in_rust(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// FNV-1a, 64 bit: stable across versions and machines, which `std`'s hasher does not promise.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Ident {
    type Error = IdentError;

    fn try_from(name: String) -> Result<Self, IdentError> {
        Ident::new(name)
    }
}

impl From<Ident> for String {
    fn from(ident: Ident) -> String {
        ident.0.as_ref().to_owned()
    }
}

/// A name within a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QualifiedName {
    /// The schema (namespace) that holds the object.
    pub schema: Ident,
    /// The object's own name.
    pub name: Ident,
}

impl QualifiedName {
    /// Puts a schema and a name together.
    pub fn new(schema: Ident, name: Ident) -> Self {
        QualifiedName { schema, name }
    }
}

/// For messages; SQL text comes from the renderer, which quotes.
impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// `BlogPost` → `blog_post`, `HTTPServer` → `http_server`.
#[cfg(any(feature = "syntax", feature = "source", test))]
pub(crate) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_lower = at > 0 && !chars[at - 1].is_uppercase() && chars[at - 1] != '_';
        let before_lower = at > 0
            && chars[at - 1].is_uppercase()
            && chars.get(at + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// The name that Postgres gives: as much of the parts as fits beside the label, of the longer one less.
///
/// Source: Postgres, `makeObjectName`.
pub(crate) fn usual_name(first: &str, second: Option<&str>, label: &str) -> String {
    let second_length = second.map_or(0, |name| name.len() + 1);
    let over = (first.len() + second_length + 1 + label.len()).saturating_sub(63);
    let (mut one, mut two) = (first.len(), second.map_or(0, str::len));
    for _ in 0..over {
        if one > two { one -= 1 } else { two = two.saturating_sub(1) }
    }
    let shortened = |name: &str, length: usize| {
        let mut end = length.min(name.len());
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name[..end].to_owned()
    };
    let parts = [Some(shortened(first, one)), second.map(|name| shortened(name, two))];
    let parts: Vec<_> = parts.into_iter().flatten().chain([label.to_owned()]).collect();
    parts.join("_")
}

#[cfg(test)]
mod tests {
    use super::{Ident, IdentError, snake_case, usual_name};

    #[test]
    fn a_name_is_never_cut_in_silence() {
        assert_eq!(Ident::new("x".repeat(64)), Err(IdentError::TooLong { bytes: 64 }));
        assert!(Ident::new("x".repeat(63)).is_ok());
        assert_eq!(Ident::new(""), Err(IdentError::Empty));
        assert_eq!(Ident::new("a\0b"), Err(IdentError::Nul));
    }

    #[test]
    fn long_names_with_one_prefix_stay_apart() {
        let prefix = "ü".repeat(40);
        let one = Ident::shortened(&format!("{prefix}-select")).unwrap();
        let two = Ident::shortened(&format!("{prefix}-insert")).unwrap();
        assert_ne!(one, two);
        assert!(one.as_str().len() <= 63);
        assert_eq!(Ident::shortened("short").unwrap().as_str(), "short");
    }

    #[test]
    fn names_of_structs_become_names_of_tables() {
        assert_eq!(snake_case("BlogPost"), "blog_post");
        assert_eq!(snake_case("HTTPServer"), "http_server");
        assert_eq!(snake_case("Todo"), "todo");
        assert_eq!(snake_case("V2Thing"), "v2_thing");
    }

    #[test]
    fn long_names_lose_the_end_of_the_longer_part() {
        assert_eq!(usual_name("todos", Some("id"), "seq"), "todos_id_seq");
        let (table, column) = ("t".repeat(50), "c".repeat(20));
        let name = usual_name(&table, Some(&column), "seq");
        assert_eq!(name, format!("{}_{column}_seq", "t".repeat(38)));
        assert_eq!(usual_name(&"ü".repeat(31), None, "pkey"), format!("{}_pkey", "ü".repeat(29)));
    }
}
