//! Names in Rust for what has names in Postgres.

use std::collections::BTreeSet;

use super::text;
pub(super) use crate::model::in_rust as code;
use crate::model::{BaseType, DeclaredTable, Ident, PgType, QualifiedName};

/// What cannot be a struct's name in a file that uses these.
const TAKEN: &[&str] = &[
    "Table",
    "Sequence",
    "Uuid",
    "DateTime",
    "Utc",
    "NaiveDateTime",
    "NaiveDate",
    "NaiveTime",
    "TimeDelta",
    "Decimal",
    "Value",
    "Option",
    "Some",
    "None",
    "Ok",
    "Err",
    "Result",
    "String",
    "Vec",
    "Box",
    "Self",
    "Copy",
    "Clone",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "PartialEq",
    "Ord",
    "PartialOrd",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Into",
    "TryFrom",
    "TryInto",
    "Iterator",
    "IntoIterator",
    "Extend",
    "Send",
    "Sync",
    "Sized",
    "Unpin",
    "AsRef",
    "AsMut",
    "ToOwned",
    "ToString",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "FromIterator",
    "PgEnum",
    "PgType",
    "PgDomain",
    "PgComposite",
    "Function",
    "View",
    "Trigger",
    "IpAddr",
    "Future",
    "IntoFuture",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    // What the derive takes for a type of Postgres by its name.
    "Json",
    "Jsonb",
    "OffsetDateTime",
    "UtcDateTime",
    "Timestamp",
    "PrimitiveDateTime",
    "Date",
    "Time",
    "BigDecimal",
    "Ipv4Addr",
    "Ipv6Addr",
    "IpNet",
    "IpNetwork",
    "Duration",
    "Span",
    "SignedDuration",
    "Arc",
    "Rc",
    "Cow",
    "PhantomData",
];

/// Words that cannot be made names by `r#`.
pub(super) const NEVER: &[&str] = &["self", "Self", "super", "crate", "_"];

/// The longest name of a field: a line with any type in it still ends before the margin.
const LONGEST: usize = 48;

/// Names for structs, each given once.
#[derive(Default)]
pub(super) struct Structs(BTreeSet<String>);

impl Structs {
    /// Those that tables have.
    pub(super) fn of(tables: &[DeclaredTable]) -> Self {
        Structs(tables.iter().map(|table| table.rust_name.clone()).collect())
    }

    /// `blog_posts` → `BlogPosts`; with its schema where that is taken.
    pub(super) fn name(&mut self, name: &QualifiedName) -> String {
        self.called(name, "Row")
    }

    /// The same with `what` behind a name that means something else in a file.
    pub(super) fn called(&mut self, name: &QualifiedName, what: &str) -> String {
        self.free(name, &camel(name.name.as_str()), what)
    }

    /// `slugify` → `Slugify`; with the types that it takes where those tell it from others: `SlugifyText`.
    pub(super) fn of_routine(&mut self, name: &QualifiedName, arguments: &[PgType]) -> String {
        let types = arguments.iter().map(|ty| {
            let one = match &ty.base {
                BaseType::Named(name) => camel(name.name.as_str()),
                base => camel(base.builtin_name().unwrap_or_default()),
            };
            if ty.array { one + "s" } else { one }
        });
        self.free(name, &(camel(name.name.as_str()) + &types.collect::<String>()), "Function")
    }

    /// Something close to `own`.
    fn free(&mut self, name: &QualifiedName, own: &str, what: &str) -> String {
        let own = if own.is_empty() { "Unnamed" } else { own };
        let full = format!("{}{own}", camel(name.schema.as_str()));
        let numbered = (2..).map(|number| format!("{full}{number}"));
        let first = if is_taken(own) { format!("{own}{what}") } else { own.to_owned() };
        let mut names = [first, full.clone()].into_iter().chain(numbered);
        let free = |name: &String| {
            let digit = name.starts_with(|c: char| c.is_ascii_digit());
            !digit && !is_taken(name) && !self.0.contains(name)
        };
        let name = names.find(free).unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}

fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name)
}

/// The variants of values, in their order: `so-so` → `SoSo`.
pub(super) fn variants(values: &[String]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut variants = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let own = camel(value);
        let own = match own.chars().next() {
            None => format!("Value{}", at + 1),
            Some(first) if first.is_ascii_digit() => format!("Value{own}"),
            Some(_) if own == "Self" => "SelfValue".to_owned(),
            Some(_) => own,
        };
        let numbered = (2..).map(|number| format!("{own}{number}"));
        let mut names = std::iter::once(own.clone()).chain(numbered);
        let variant = names.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(variant.clone());
        variants.push(variant);
    }
    variants
}

/// Of words in capitals only the first letters stay so: `TOO_LOW` → `TooLow`.
fn camel(name: &str) -> String {
    let shouts = !name.contains(|c: char| c.is_ascii_lowercase());
    let mut camel = String::new();
    let mut begins = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            begins = true;
        } else if begins {
            camel.push(c.to_ascii_uppercase());
            begins = false;
        } else if shouts {
            camel.push(c.to_ascii_lowercase());
        } else {
            camel.push(c);
        }
    }
    camel
}

/// The fields of columns, in their order.
pub(super) fn fields(columns: &[&Ident]) -> Vec<String> {
    let as_is = |column: &Ident| is_field(column.as_str());
    // Names that can stay are given first.
    let mut taken: BTreeSet<String> = columns
        .iter()
        .filter(|column| as_is(column))
        .map(|column| column.as_str().to_owned())
        .collect();
    let mut fields = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if as_is(column) {
            fields.push(column.as_str().to_owned());
            continue;
        }
        let wanted = snake(column.as_str(), at);
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let field = names.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(field.clone());
        fields.push(field);
    }
    fields
}

/// Whether a column's name is a field's as it is, perhaps with `r#` in front.
fn is_field(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    first && name.chars().all(rest) && name.len() <= LONGEST && !NEVER.contains(&name)
}

/// `ownerId` → `owner_id`, `order-no` → `order_no`.
fn snake(name: &str, at: usize) -> String {
    let mut snake = String::new();
    let mut lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
        } else {
            if c.is_ascii_uppercase() && lower {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    snake.truncate(LONGEST);
    let snake = snake.trim_end_matches('_').to_owned();
    if snake.is_empty() {
        format!("column_{}", at + 1)
    } else if snake.starts_with(|c: char| c.is_ascii_digit()) || NEVER.contains(&snake.as_str()) {
        format!("column_{snake}")
    } else {
        snake
    }
}

/// The field of a column, in code.
pub(super) fn field(declared: &DeclaredTable, column: &Ident) -> String {
    let at = declared.table.columns.iter().position(|it| &it.name == column);
    let field = at.and_then(|at| declared.fields.get(at));
    code(field.map_or(column.as_str(), String::as_str))
}

/// A name of Postgres where a path or a string may stand.
pub(super) fn path_or_string(name: &str) -> String {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if first && name.chars().all(rest) && !NEVER.contains(&name) {
        code(name)
    } else {
        text::literal(name)
    }
}

/// A column that is no field of a struct.
pub(super) fn column(name: &Ident) -> String {
    path_or_string(name.as_str())
}

/// The name of something that is looked for in `schema` where it says no other: `touch`, `app.touch`,
/// `"app.touch it"`.
pub(super) fn qualified(name: &QualifiedName, schema: &Ident) -> String {
    let (space, own) = (path_or_string(name.schema.as_str()), path_or_string(name.name.as_str()));
    // A raw string begins otherwise than any string, and a raw name like one.
    let path = !own.contains('"');
    if &name.schema == schema && (path || !name.name.as_str().contains('.')) {
        own
    } else if path {
        format!("{space}.{own}")
    } else {
        text::literal(&format!("{}.{}", name.schema, name.name))
    }
}

/// The name of a collation or an operator class.
pub(super) fn of_catalog(name: &QualifiedName) -> String {
    if name.schema.as_str() == "pg_catalog" && !name.name.as_str().contains('.') {
        text::literal(name.name.as_str())
    } else {
        text::literal(&format!("{}.{}", name.schema, name.name))
    }
}

#[cfg(test)]
mod tests {
    use super::{Structs, fields, qualified, variants};
    use crate::model::{Ident, QualifiedName};

    fn id(name: &str) -> Ident {
        Ident::new(name).unwrap()
    }

    #[test]
    fn structs_are_called_after_their_tables() {
        let mut structs = Structs::default();
        let mut name =
            |schema: &str, name: &str| structs.name(&QualifiedName::new(id(schema), id(name)));
        assert_eq!(name("public", "blog_posts"), "BlogPosts");
        assert_eq!(name("billing", "blog_posts"), "BillingBlogPosts");
        assert_eq!(name("app", "blogPosts"), "AppBlogPosts");
        assert_eq!(name("public", "table"), "TableRow");
        assert_eq!(name("public", "2fa codes"), "Public2faCodes");
        assert_eq!(name("public", "übung"), "Bung");
        assert_eq!(name("public", "表"), "Unnamed");
    }

    #[test]
    fn variants_are_called_after_their_values() {
        let values = ["so-so", "so so", "1st", "1st!", "", "self", "Ende", "ÜBER", "END"];
        let values = values.map(str::to_owned);
        let expected =
            ["SoSo", "SoSo2", "Value1st", "Value1st2", "Value5", "SelfValue", "Ende", "Ber", "End"];
        assert_eq!(variants(&values), expected);
    }

    #[test]
    fn fields_are_called_after_their_columns() {
        let columns = ["ownerId", "owner_id", "self", "type", "表", "2fa", "A-B", "a_b"];
        let columns: Vec<_> = columns.into_iter().map(id).collect();
        let columns: Vec<_> = columns.iter().collect();
        let expected = [
            "owner_id_2",
            "owner_id",
            "column_self",
            "type",
            "column_5",
            "column_2fa",
            "a_b_2",
            "a_b",
        ];
        assert_eq!(fields(&columns), expected);
    }

    #[test]
    fn a_name_says_its_schema_where_it_has_to() {
        let name = |schema: &str, name: &str| QualifiedName::new(id(schema), id(name));
        assert_eq!(qualified(&name("public", "touch"), &id("public")), "touch");
        assert_eq!(qualified(&name("app", "type"), &id("public")), "app.r#type");
        assert_eq!(qualified(&name("My App", "touch"), &id("public")), "\"My App\".touch");
        assert_eq!(qualified(&name("app", "touch it"), &id("public")), "\"app.touch it\"");
        assert_eq!(qualified(&name("public", "a.b"), &id("public")), "\"public.a.b\"");
        let quoted = qualified(&name("app", "on \"change\""), &id("public"));
        assert_eq!(quoted, "r#\"app.on \"change\"\"#");
    }
}
