//! Quoting of names and strings.

use crate::model::{Ident, QualifiedName};

/// A name as SQL text, quoted where Postgres needs it.
pub fn ident(name: &Ident) -> String {
    let name = name.as_str();
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !is_keyword(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Whether a word, in lower case, has a meaning of its own in Postgres's grammar.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// A name with its schema.
pub fn qualified(name: &QualifiedName) -> String {
    format!("{}.{}", ident(&name.schema), ident(&name.name))
}

/// A string constant. Backslashes stand for themselves (`standard_conforming_strings`).
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Text between dollar signs, with a tag that does not occur in it.
pub(super) fn dollar_quoted(tag: &str, text: &str) -> String {
    let tags = std::iter::once(tag.to_owned()).chain((1..).map(|n| format!("{tag}{n}")));
    let free = tags.map(|tag| format!("${tag}$")).find(|quote| !text.contains(quote));
    let quote = free.unwrap_or_default();
    format!("{quote}{text}{quote}")
}

/// Every key word that some Postgres from 14 to 18 does not take as a plain name everywhere:
/// what `quote_ident` would quote. Source: `pg_get_keywords()`, all but category `U`.
const KEYWORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, dollar_quoted, ident, literal};
    use crate::model::Ident;

    #[test]
    fn the_list_is_sorted_for_the_search() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn names_are_quoted_where_needed() {
        let quoted = |name: &str| ident(&Ident::new(name).unwrap());
        assert_eq!(quoted("todos"), "todos");
        assert_eq!(quoted("user"), "\"user\"");
        assert_eq!(quoted("ownerId"), "\"ownerId\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted("größe"), "\"größe\"");
        assert_eq!(quoted("1st"), "\"1st\"");
        assert_eq!(quoted("crud-a-policy"), "\"crud-a-policy\"");
    }

    #[test]
    fn no_text_ends_its_dollar_quotes() {
        assert_eq!(dollar_quoted("fn", "select 1"), "$fn$select 1$fn$");
        assert_eq!(dollar_quoted("fn", "a $fn$ b"), "$fn1$a $fn$ b$fn1$");
        assert_eq!(dollar_quoted("fn", "$fn$ $fn1$"), "$fn2$$fn$ $fn1$$fn2$");
    }

    #[test]
    fn strings_are_closed_by_their_own_quote_only() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\"), "'a\\'");
    }
}
