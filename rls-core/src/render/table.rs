//! Columns and constraints as they stand in CREATE TABLE and ALTER TABLE.

use super::{ident, qualified};
use crate::lex::{self, Token, TokenKind};
use crate::model::{
    Column, ForeignKey, Ident, Identity, PrimaryKey, ReferentialAction, Sql, Table, Unique,
};

/// CREATE TABLE with columns, primary key and unique constraints. Foreign keys follow when every
/// table is there.
pub(super) fn create(table: &Table<Sql>) -> String {
    let columns = table.columns.iter().map(column_definition);
    let primary_key = table.primary_key.iter().map(primary_key);
    let uniques = table.uniques.iter().map(|(name, key)| unique(name, key));
    let lines: Vec<_> =
        columns.chain(primary_key).chain(uniques).map(|line| format!("    {line}")).collect();
    format!("CREATE TABLE {} (\n{}\n)", qualified(&table.name), lines.join(",\n"))
}

/// `name type [GENERATED …] [NOT NULL] [DEFAULT …]`.
pub(super) fn column_definition(column: &Column<Sql>) -> String {
    let Column { name, ty, nullable, default, identity } = column;
    let mut text = format!("{} {ty}", ident(name));
    if let Some(identity) = identity {
        text += &format!(" GENERATED {} AS IDENTITY", generated(*identity));
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

pub(super) fn primary_key(key: &PrimaryKey) -> String {
    format!("CONSTRAINT {} PRIMARY KEY ({})", ident(&key.name), list(&key.columns))
}

pub(super) fn unique(name: &Ident, unique: &Unique) -> String {
    format!("CONSTRAINT {} UNIQUE ({})", ident(name), list(&unique.columns))
}

pub(super) fn foreign_key(name: &Ident, key: &ForeignKey) -> String {
    let ForeignKey { columns, table, references, on_delete, on_update } = key;
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        ident(name),
        list(columns),
        qualified(table),
        list(references)
    );
    for (event, action) in [("DELETE", on_delete), ("UPDATE", on_update)] {
        if let Some(action) = action_name(*action) {
            text += &format!(" ON {event} {action}");
        }
    }
    text
}

/// NO ACTION is what Postgres does without being told.
fn action_name(action: ReferentialAction) -> Option<&'static str> {
    match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("RESTRICT"),
        ReferentialAction::Cascade => Some("CASCADE"),
        ReferentialAction::SetNull => Some("SET NULL"),
        ReferentialAction::SetDefault => Some("SET DEFAULT"),
    }
}

pub(super) fn list(names: &[Ident]) -> String {
    names.iter().map(ident).collect::<Vec<_>>().join(", ")
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
