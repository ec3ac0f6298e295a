//! SQL text as drizzle-kit keeps it: what people wrote, with the names of columns put in. Whether it can
//! stand in a declaration is found out here.

use super::json::At;
use crate::lex::{self, Token, TokenKind};
use crate::model::{Ident, QualifiedName, Schema, Sql};
use crate::render;

/// One expression, without comments.
pub(super) fn expression(at: &At<'_>) -> Option<Sql> {
    let text = at.text()?;
    expression_in(text, at)
}

/// The same of a text that stands at that place, or comes from there.
pub(super) fn expression_in(text: &str, at: &At<'_>) -> Option<Sql> {
    let (text, tokens) = without_comments(text, at)?;
    if tokens.is_empty() {
        at.mistake("holds no SQL", Some("write an expression, or take it away"));
        return None;
    }
    if let Some((message, help)) = broken_out(&tokens) {
        at.mistake(message, Some(help));
        return None;
    }
    Some(Sql::new(text.trim()))
}

/// A whole statement or query, without comments.
pub(super) fn query(at: &At<'_>) -> Option<Sql> {
    let (text, tokens) = without_comments(at.text()?, at)?;
    if let Some(parameter) = tokens.iter().find(|token| token.kind == TokenKind::Parameter) {
        at.mistake(parameter_message(&text[parameter.range.clone()]), Some(PARAMETER));
        return None;
    }
    Some(Sql::new(text.trim().trim_end_matches(';').trim_end()))
}

const PARAMETER: &str =
    "write the value into the SQL, as in sql`.. = 'x'` or with `sql.raw(..)`, and generate again";

fn parameter_message(parameter: &str) -> String {
    format!("`{parameter}` stands for a value that the snapshot does not have")
}

/// The text with a space for each comment, and its tokens.
fn without_comments(text: &str, at: &At<'_>) -> Option<(String, Vec<Token>)> {
    let tokens = match lex::tokens(text) {
        Ok(tokens) => tokens,
        Err(error) => {
            at.mistake(
                format!("{error} in `{text}`"),
                Some("Postgres refuses it too: close it, and generate again"),
            );
            return None;
        }
    };
    let comments: Vec<_> = tokens.iter().filter(|token| token.kind == TokenKind::Comment).collect();
    if comments.is_empty() {
        return Some((text.to_owned(), tokens));
    }
    at.report.note(format!("the comment in `{}` is left out", at.path));
    let mut kept = text.to_owned();
    for comment in comments.iter().rev() {
        kept.replace_range(comment.range.clone(), " ");
    }
    let tokens = lex::tokens(&kept).ok()?;
    Some((kept, tokens))
}

/// What keeps a text from being one expression wherever it is put, and what to do about it.
fn broken_out(tokens: &[Token]) -> Option<(String, &'static str)> {
    let mut open = Vec::new();
    for token in tokens {
        match &token.kind {
            TokenKind::Parameter => return Some((parameter_message("$1"), PARAMETER)),
            TokenKind::Punctuation(';') => {
                return Some((
                    "ends a statement with `;`, and has to be one expression".to_owned(),
                    "take it away, and generate again",
                ));
            }
            TokenKind::Punctuation(bracket @ ('(' | '[')) => open.push(*bracket),
            TokenKind::Punctuation(bracket @ (')' | ']')) => {
                let wanted = if *bracket == ')' { '(' } else { '[' };
                if open.pop() != Some(wanted) {
                    return Some(unbalanced());
                }
            }
            _ => {}
        }
    }
    (!open.is_empty()).then(unbalanced)
}

fn unbalanced() -> (String, &'static str) {
    ("has brackets that do not match".to_owned(), "balance them, and generate again")
}

/// The text with `table.column` for `schema.table.column`, which Postgres does not take everywhere. Where
/// tables of two schemas have one name, a subquery is left as it is: both may be in it.
pub(super) fn without_schemas(sql: &Sql, schema: &Schema) -> Sql {
    let text = sql.as_str();
    let Ok(tokens) = lex::tokens(text) else { return sql.clone() };
    let dot = TokenKind::Punctuation('.');
    let looks_elsewhere = tokens.iter().any(|token| token.kind.word() == Some("from"));
    let says_too_much = |at: usize| {
        let [space, one, table, two, column] = tokens.get(at..at + 5)? else { return None };
        if at > 0 && tokens[at - 1].kind == dot || one.kind != dot || two.kind != dot {
            return None;
        }
        let name = |token: &Token| Ident::new(token.kind.name()?).ok();
        let full = QualifiedName::new(name(space)?, name(table)?);
        schema.tables.get(&full)?.column(&name(column)?)?;
        let twice = schema.tables.keys().any(|other| other.name == full.name && *other != full);
        (!twice || !looks_elsewhere).then_some(space.range.start..table.range.start)
    };
    let mut kept = text.to_owned();
    for range in (0..tokens.len()).rev().filter_map(says_too_much) {
        kept.replace_range(range, "");
    }
    Sql::new(kept)
}

/// What a text says, token by token: names unquoted and without the table that they stand in, and
/// brackets around the whole left out. Two texts that say the same to this are the same to Postgres.
pub(super) fn said(sql: &str, table: &QualifiedName) -> Option<Vec<String>> {
    let tokens = lex::tokens(sql).ok()?;
    let mut said = Vec::new();
    let mut rest = tokens.as_slice();
    let dot = TokenKind::Punctuation('.');
    while let Some((first, after)) = rest.split_first() {
        let before_dot = |name: &str, tokens: &[Token]| {
            let named = tokens.first().and_then(|token| token.kind.name()) == Some(name);
            named && tokens.get(1).is_some_and(|token| token.kind == dot)
        };
        let own = table.name.as_str();
        // A subquery may have a table of that name: what it says is left as it is.
        if said.last().is_none_or(|last| last != ".") {
            if before_dot(own, rest) {
                rest = &rest[2..];
                continue;
            }
            if before_dot(table.schema.as_str(), rest) && before_dot(own, &rest[2..]) {
                rest = &rest[4..];
                continue;
            }
        }
        said.push(match &first.kind {
            TokenKind::Quoted(name) if needs_no_quotes(name) => name.clone(),
            TokenKind::Word(word) => word.clone(),
            TokenKind::Operator(operator) => operator.clone(),
            TokenKind::Punctuation(sign) => sign.to_string(),
            _ => sql[first.range.clone()].to_owned(),
        });
        rest = after;
    }
    if said.iter().any(|word| word == "select") && sql.contains("from") {
        // Whose columns are meant depends on what is in scope there.
        return None;
    }
    while encloses(&said) {
        said.pop();
        said.remove(0);
    }
    Some(said)
}

/// `"user"` is a column, `user` whoever connected.
fn needs_no_quotes(name: &str) -> bool {
    Ident::new(name).is_ok_and(|name| render::ident(&name) == name.as_str())
}

/// Whether the first bracket closes with the last.
fn encloses(said: &[String]) -> bool {
    let mut depth = 0_usize;
    for (at, word) in said.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + 1 == said.len();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::said;
    use crate::model::{Ident, QualifiedName};

    fn table() -> QualifiedName {
        QualifiedName::new(Ident::new("app").unwrap(), Ident::new("docs").unwrap())
    }

    #[track_caller]
    fn same(one: &str, other: &str) -> bool {
        said(one, &table()).unwrap() == said(other, &table()).unwrap()
    }

    #[test]
    fn qualifiers_of_the_own_table_and_outer_brackets_say_nothing() {
        assert!(same("\"app\".\"docs\".\"id\" > 1", "(id > 1)"));
        assert!(same("((\"docs\".\"kind\" = 'A'))", "kind = 'A'"));
    }

    #[test]
    fn everything_else_does() {
        for (one, other) in [
            ("kind = 'A'", "kind = 'a'"),
            ("\"Kind\" = 'A'", "kind = 'A'"),
            ("(a or b) and c", "a or (b and c)"),
            ("(a) or (b)", "a) or (b"),
            ("x.docs.id = 1", "id = 1"),
            ("other.id = 1", "id = 1"),
        ] {
            assert!(!same(one, other), "{one} | {other}");
        }
        assert_eq!(said("exists (select 1 from docs where docs.id = id)", &table()), None);
    }
}
