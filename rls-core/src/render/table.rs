//! Tables and columns as they stand in CREATE TABLE and ALTER TABLE.

use super::constraint::{check, exclusion, primary_key, unique};
use super::partition::keys_of;
use super::{ident, qualified, sequence};
use crate::lex::{self, Token, TokenKind};
use crate::model::{Column, Generated, Identity, QualifiedName, Sql, Table};

/// CREATE TABLE with columns and constraints. Foreign keys follow when every table is there, and checks that
/// are not proven by themselves: Postgres holds for proven what a table begins with.
pub(super) fn create(table: &Table<Sql>) -> String {
    let columns = table.columns.iter().map(|column| column_definition(&table.name, column));
    let primary_key = table.primary_key.iter().map(primary_key);
    let uniques = table.uniques.iter().map(|(name, key)| unique(name, key));
    let checks = table.checks.iter().filter(|(_, item)| !item.not_valid);
    let checks = checks.map(|(name, item)| check(name, item));
    let exclusions = table.exclusions.iter().map(|(name, item)| exclusion(name, item));
    let constraints = primary_key.chain(uniques).chain(checks).chain(exclusions);
    let lines: Vec<_> = columns.chain(constraints).map(|line| format!("    {line}")).collect();
    let by = table.partitioning.as_ref().map(|it| format!(" PARTITION BY {}", keys_of(it)));
    let by = by.unwrap_or_default();
    format!("CREATE TABLE {} (\n{}\n){by}", qualified(&table.name), lines.join(",\n"))
}

/// `name type [GENERATED …] [NOT NULL] [DEFAULT …]`.
pub(super) fn column_definition(table: &QualifiedName, column: &Column<Sql>) -> String {
    let Column { name, ty, collation, nullable, default, identity, numbering, sequence, generated } =
        column;
    let mut text = format!("{} {ty}", ident(name));
    if let Some(collation) = collation {
        text += &format!(" COLLATE {}", qualified(collation));
    }
    if let Some(identity) = identity {
        text += &format!(" GENERATED {} AS IDENTITY", self::generated(*identity));
        text += &sequence::of_identity(sequence.as_ref(), table, numbering);
    }
    if let Some(Generated { expr, stored }) = generated {
        let kept = if *stored { "STORED" } else { "VIRTUAL" };
        text += &format!(" GENERATED ALWAYS AS ({}) {kept}", expr.as_str());
    }
    if !nullable && identity.is_none() {
        text += " NOT NULL";
    }
    if let Some(default) = default {
        text += &format!(" DEFAULT {}", self::default(default));
    }
    text
}

/// A default in brackets, unless it is a constant or a plain call: Postgres's grammar would read on
/// past anything else.
pub(super) fn default(default: &Sql) -> String {
    let text = default.as_str();
    let tokens = lex::tokens(text).unwrap_or_default();
    let constant =
        matches!(tokens.as_slice(), [Token { kind: TokenKind::String | TokenKind::Number, .. }])
            || matches!(text, "true" | "false");
    let name = text.strip_suffix("()").unwrap_or_default();
    let call = name.split('.').all(|part| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    if constant || call { text.to_owned() } else { format!("({text})") }
}

pub(super) fn generated(identity: Identity) -> &'static str {
    match identity {
        Identity::ByDefault => "BY DEFAULT",
        Identity::Always => "ALWAYS",
    }
}

#[cfg(test)]
mod tests {
    use super::default;
    use crate::model::Sql;

    #[test]
    fn defaults_are_bracketed_where_they_could_run_on() {
        let text = |sql: &str| default(&Sql::new(sql));
        assert_eq!(text("auth.user_id()"), "auth.user_id()");
        assert_eq!(text("-1"), "(-1)");
        assert_eq!(text("('(') CHECK (')' = '')"), "(('(') CHECK (')' = ''))");
        assert_eq!(text("'a b'"), "'a b'");
        assert_eq!(text("'a' || 'b'"), "('a' || 'b')");
        assert_eq!(text("(1) + (2)"), "((1) + (2))");
        assert_eq!(text("(1 + 2)"), "((1 + 2))");
        assert_eq!(text("now() at time zone 'utc'"), "(now() at time zone 'utc')");
    }
}
