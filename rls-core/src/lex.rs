//! A lexer for SQL text that people wrote: enough to tell a column from a string, to find where a
//! statement ends, and to refuse what would change meaning once it is put inside a larger text.
//!
//! Source: Postgres manual, "Lexical Structure"; `standard_conforming_strings` is taken to be on.

use std::fmt;
use std::ops::Range;

/// A piece of SQL text, with the bytes it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub range: Range<usize>,
}

/// The sorts of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A key word or an unquoted name, in lower case as Postgres folds it.
    Word(String),
    /// A name in double quotes, unquoted.
    Quoted(String),
    /// A string constant of any form, dollar-quoted ones included.
    String,
    /// A number.
    Number,
    /// `$1`: a parameter.
    Parameter,
    /// `-- …` or `/* … */`.
    Comment,
    /// An operator such as `=` or `::`.
    Operator(String),
    /// One of `( ) [ ] , ; . :`.
    Punctuation(char),
}

impl TokenKind {
    /// The key word or unquoted name, in lower case.
    pub fn word(&self) -> Option<&str> {
        if let TokenKind::Word(word) = self { Some(word) } else { None }
    }

    /// The name, with quotes or without.
    pub fn name(&self) -> Option<&str> {
        match self {
            TokenKind::Word(name) | TokenKind::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// Text that ends in the middle of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unterminated {
    /// What was begun.
    pub what: &'static str,
    /// Where it begins, in bytes.
    pub at: usize,
}

impl fmt::Display for Unterminated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not closed", self.what)
    }
}

impl std::error::Error for Unterminated {}

/// Splits SQL text into tokens, comments included.
///
/// # Errors
/// A string, quoted name or comment that is not closed.
pub fn tokens(sql: &str) -> Result<Vec<Token>, Unterminated> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = sql[at..].chars().next() {
        if is_space(c) {
            at += 1;
            continue;
        }
        let (kind, end) = token(sql, at, c)?;
        tokens.push(Token { kind, range: at..end });
        at = end;
    }
    Ok(tokens)
}

/// What Postgres passes over: nothing beyond ASCII.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Every character beyond ASCII may begin a name, a currency sign as well as a letter.
fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit() || c == '$'
}

/// The token that begins at `at` with the character `c`, and where it ends.
fn token(sql: &str, at: usize, c: char) -> Result<(TokenKind, usize), Unterminated> {
    let rest = &sql[at..];
    let after = rest[c.len_utf8()..].chars().next();
    match c {
        '\'' => Ok((TokenKind::String, string_end(sql, at, at, false)?)),
        'e' | 'E' if after == Some('\'') => {
            Ok((TokenKind::String, string_end(sql, at, at + 1, true)?))
        }
        'b' | 'B' | 'x' | 'X' | 'n' | 'N' if after == Some('\'') => {
            Ok((TokenKind::String, string_end(sql, at, at + 1, false)?))
        }
        'u' | 'U' if rest[1..].starts_with("&'") => {
            Ok((TokenKind::String, string_end(sql, at, at + 2, false)?))
        }
        '"' => {
            let (name, end) = quoted_name(sql, at)?;
            Ok((TokenKind::Quoted(name), end))
        }
        '-' if after == Some('-') => Ok((TokenKind::Comment, at + line_length(rest))),
        '/' if after == Some('*') => Ok((TokenKind::Comment, block_comment_end(sql, at)?)),
        '$' if after.is_some_and(|c| c.is_ascii_digit()) => {
            Ok((TokenKind::Parameter, at + 1 + length(&rest[1..], |c| c.is_ascii_digit())))
        }
        '$' => match dollar_tag(rest) {
            Some(tag) => {
                let body = at + tag.len();
                let end = sql[body..]
                    .find(tag)
                    .ok_or(Unterminated { what: "a dollar-quoted string", at })?;
                Ok((TokenKind::String, body + end + tag.len()))
            }
            None => Ok((TokenKind::Operator("$".to_owned()), at + 1)),
        },
        c if c.is_ascii_digit() => Ok((TokenKind::Number, at + number_length(rest))),
        c if begins_name(c) => {
            let end = at + length(rest, continues_name);
            Ok((TokenKind::Word(sql[at..end].to_ascii_lowercase()), end))
        }
        '(' | ')' | '[' | ']' | ',' | ';' | '.' => Ok((TokenKind::Punctuation(c), at + 1)),
        ':' if after != Some(':') && after != Some('=') => Ok((TokenKind::Punctuation(c), at + 1)),
        ':' => Ok((TokenKind::Operator(rest[..2].to_owned()), at + 2)),
        c if OPERATOR.contains(c) => {
            let mut end = length(rest, |c| OPERATOR.contains(c));
            // A comment begins inside what looks like an operator: `a =--b`.
            for comment in ["--", "/*"] {
                if let Some(start) = rest[..end].find(comment).filter(|start| *start > 0) {
                    end = start;
                }
            }
            Ok((TokenKind::Operator(rest[..end].to_owned()), at + end))
        }
        c => Ok((TokenKind::Operator(c.to_string()), at + c.len_utf8())),
    }
}

const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";

/// How many bytes of `text` the characters that hold `f` cover from the start.
fn length(text: &str, f: impl Fn(char) -> bool) -> usize {
    text.find(|c| !f(c)).unwrap_or(text.len())
}

/// The rest of the line; a carriage return ends one too.
fn line_length(text: &str) -> usize {
    length(text, |c| c != '\n' && c != '\r')
}

/// A decimal point belongs to the number only where a digit follows, and an exponent likewise.
fn number_length(text: &str) -> usize {
    let digits =
        |from: usize| from + length(&text[from..], |c| c.is_ascii_alphanumeric() || c == '_');
    let end = digits(0);
    let fraction = text[end..]
        .strip_prefix('.')
        .is_some_and(|fraction| fraction.starts_with(|c: char| c.is_ascii_digit()));
    if fraction { digits(end + 1) } else { end }
}

/// The end of a string whose opening quote is at `quote`.
fn string_end(sql: &str, start: usize, quote: usize, escapes: bool) -> Result<usize, Unterminated> {
    let mut chars = sql[quote + 1..].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if escapes => {
                chars.next();
            }
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
            }
            '\'' => {
                let end = quote + 1 + at + 1;
                return match continuation(&sql[end..]) {
                    Some(next) => string_end(sql, start, end + next, escapes),
                    None => Ok(end),
                };
            }
            _ => {}
        }
    }
    Err(Unterminated { what: "a string", at: start })
}

/// Where a string goes on that was closed: at a quote on a later line, with nothing but white space
/// and comments in between. It goes on as it began, with escapes or without.
fn continuation(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut new_line = false;
    loop {
        let rest = &text[at..];
        let c = rest.chars().next()?;
        if is_space(c) {
            new_line |= c == '\n' || c == '\r';
            at += 1;
        } else if rest.starts_with("--") {
            at += line_length(rest);
        } else {
            return (c == '\'' && new_line).then_some(at);
        }
    }
}

fn quoted_name(sql: &str, start: usize) -> Result<(String, usize), Unterminated> {
    let mut name = String::new();
    let mut chars = sql[start + 1..].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                name.push('"');
                chars.next();
            }
            '"' => return Ok((name, start + 1 + at + 1)),
            c => name.push(c),
        }
    }
    Err(Unterminated { what: "a name in double quotes", at: start })
}

/// Block comments nest in Postgres.
fn block_comment_end(sql: &str, start: usize) -> Result<usize, Unterminated> {
    let mut depth = 0;
    let mut at = start;
    while at < sql.len() {
        let rest = &sql[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    Err(Unterminated { what: "a comment", at: start })
}

/// `$$` or `$tag$` at the start of `text`.
fn dollar_tag(text: &str) -> Option<&str> {
    let name = length(&text[1..], |c| begins_name(c) || c.is_ascii_digit());
    text[1 + name..].starts_with('$').then(|| &text[..name + 2])
}

/// A statement of a longer text, without its semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The bytes it covers, from its first token to its last.
    pub range: Range<usize>,
    /// Its first word in lower case, if it begins with one.
    pub keyword: Option<String>,
}

/// Splits a text into statements at the semicolons that stand outside strings, comments and
/// brackets. Statements without tokens are left out.
///
/// # Errors
/// A string, quoted name or comment that is not closed.
pub fn statements(sql: &str) -> Result<Vec<Statement>, Unterminated> {
    let mut statements = Vec::new();
    let mut current: Option<Statement> = None;
    let (mut depth, mut body) = (0_usize, Body::default());
    for token in tokens(sql)? {
        match &token.kind {
            TokenKind::Comment => continue,
            TokenKind::Punctuation(';') if depth == 0 && body.depth == 0 => {
                statements.extend(current.take());
                body = Body::default();
                continue;
            }
            TokenKind::Punctuation('(' | '[') => depth += 1,
            TokenKind::Punctuation(')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        body.read(&token.kind);
        match &mut current {
            Some(statement) => statement.range.end = token.range.end,
            None => {
                let keyword = token.kind.word().map(str::to_owned);
                current = Some(Statement { range: token.range, keyword });
            }
        }
    }
    statements.extend(current);
    Ok(statements)
}

/// Follows the body of an SQL-standard function, which holds semicolons: BEGIN ATOMIC … END.
#[derive(Default)]
struct Body {
    /// The words of the statement so far, as far as they tell what it is.
    head: Vec<String>,
    /// How many ENDs are to come.
    depth: usize,
    previous: Option<TokenKind>,
}

impl Body {
    fn read(&mut self, token: &TokenKind) {
        let previous = self.previous.replace(token.clone());
        let after = |word: &str| previous.as_ref().and_then(TokenKind::word) == Some(word);
        let Some(word) = token.word() else { return };
        if self.head.len() < 4 {
            self.head.push(word.to_owned());
        }
        // After AS and a full stop every word is a name.
        let name = after("as") || previous == Some(TokenKind::Punctuation('.'));
        match word {
            "atomic" if after("begin") && self.depth == 0 && self.makes_routine() => self.depth = 1,
            "case" if self.depth > 0 && !name && !after("end") => self.depth += 1,
            "end" if self.depth > 0 && !name => self.depth -= 1,
            _ => {}
        }
    }

    fn makes_routine(&self) -> bool {
        let words: Vec<_> = self.head.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            ["create", "function" | "procedure", ..]
                | ["create", "or", "replace", "function" | "procedure"]
        )
    }
}

/// Whether a name in the text is one that is looked for. Text that cannot be read has none.
pub(crate) fn has_name(sql: &str, is_it: impl Fn(&str) -> bool) -> bool {
    let tokens = tokens(sql).unwrap_or_default();
    tokens.iter().filter_map(|token| token.kind.name()).any(is_it)
}

/// Whether the text names something in that schema: `auth.user_id()` is in `auth`.
pub fn mentions_schema(sql: &str, schema: &str) -> bool {
    let Ok(tokens) = tokens(sql) else { return false };
    let dot = TokenKind::Punctuation('.');
    tokens.windows(2).any(|pair| pair[0].kind.name() == Some(schema) && pair[1].kind == dot)
}

/// The text with the columns of a table by their names alone: `todos.id` is `id`, and so is `public.todos.id`.
/// For texts that nothing but that table's columns stand in.
pub(crate) fn without_table(sql: &str, table: &str, is_column: impl Fn(&str) -> bool) -> String {
    let all = tokens(sql).unwrap_or_default();
    let all: Vec<_> = all.into_iter().filter(|it| it.kind != TokenKind::Comment).collect();
    let is = |at: usize, mark: char| {
        all.get(at).is_some_and(|token| token.kind == TokenKind::Punctuation(mark))
    };
    let mut text = String::new();
    let mut copied = 0;
    for (at, token) in all.iter().enumerate() {
        let column = all.get(at + 2).and_then(|token| token.kind.name());
        let names = token.kind.name() == Some(table) && is(at + 1, '.');
        let of_table = names && column.is_some_and(&is_column);
        // `todos.id(..)` calls something in a schema of that name, and `a.todos.id` may be in a row.
        let deeper = at > 0 && is(at - 1, '.');
        let schema = deeper && at > 1 && !(at > 2 && is(at - 3, '.')) && !is(at - 2, ')');
        if !of_table || is(at + 3, '(') || (deeper && !schema) {
            continue;
        }
        let from = if schema { all[at - 2].range.start } else { token.range.start };
        text += &sql[copied..from];
        copied = all[at + 2].range.start;
    }
    text + &sql[copied..]
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, mentions_schema, statements, tokens, without_table};

    fn split(sql: &str) -> Vec<&str> {
        statements(sql).unwrap().into_iter().map(|s| &sql[s.range]).collect()
    }

    #[test]
    fn semicolons_inside_strings_comments_and_bodies_do_not_split() {
        assert_eq!(split("select ';' ; -- a;b\n select 2;;"), ["select ';'", "select 2"]);
        assert_eq!(split("do $x$ begin; end $x$; select 1"), ["do $x$ begin; end $x$", "select 1"]);
        assert_eq!(
            split("select E'\\';' ; select 'it''s;'"),
            ["select E'\\';'", "select 'it''s;'"]
        );
        assert_eq!(split("/* a /* b; */ ; */ select 1"), ["select 1"]);
        assert_eq!(
            split(
                "create function f() begin atomic select case when true then 1 end; select 2; end; select 3"
            ),
            [
                "create function f() begin atomic select case when true then 1 end; select 2; end",
                "select 3"
            ]
        );
    }

    #[test]
    fn words_that_are_names_open_and_close_no_body() {
        assert_eq!(
            split("select 1 as begin, atomic from t; commit"),
            ["select 1 as begin, atomic from t", "commit"]
        );
        assert_eq!(
            split("create function f() begin atomic select 1 as end, t.case; end; commit").len(),
            2
        );
        assert_eq!(
            split("create function f() begin atomic select 1 as case; end; commit").len(),
            2
        );
    }

    #[test]
    fn columns_go_by_their_names_alone() {
        let own = |sql| without_table(sql, "Todos", |name| ["id", "a b"].contains(&name));
        for (said, alone) in [
            ("\"Todos\".id > 0", "id > 0"),
            ("abs(\"Todos\" . \"a b\")", "abs(\"a b\")"),
            ("(public.\"Todos\".id) IS NULL AND \"Todos\".id = 1", "(id) IS NULL AND id = 1"),
        ] {
            assert_eq!(own(said), alone);
        }
        for same in [
            "\"Todos\".id(1)",
            "(home).\"Todos\".id",
            "'\"Todos\".id' -- \"Todos\".id",
            "todos.id",
            "\"Todos\".other",
            "it's",
        ] {
            assert_eq!(own(same), same);
        }
    }

    /// Each of these means something else to a lexer that is not Postgres's.
    #[test]
    fn the_rules_are_those_of_postgres() {
        assert_eq!(split("-- a\rcommit; begin"), ["commit", "begin"]);
        assert_eq!(split("select $€$'$€$; commit; select $€$'$€$").len(), 3);
        assert_eq!(split("select 1 as €$x$; commit; select 2 as €$x$").len(), 3);
        assert_eq!(split("select E'x'\n'\\' || '; commit; -- '").len(), 2);
        assert_eq!(split("select 'x' '\\'; commit").len(), 2);
        assert_eq!(tokens("a\u{a0}b").unwrap().len(), 1);
    }

    #[test]
    fn what_is_begun_must_be_closed() {
        for sql in ["'a", "\"a", "/* a", "$$ a", "E'\\'"] {
            assert!(tokens(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn words_fold_and_quoted_names_do_not() {
        let kinds: Vec<_> =
            tokens(r#"User_ID = "User ID""#).unwrap().into_iter().map(|t| t.kind).collect();
        assert_eq!(
            kinds,
            [
                TokenKind::Word("user_id".into()),
                TokenKind::Operator("=".into()),
                TokenKind::Quoted("User ID".into())
            ]
        );
    }

    #[test]
    fn a_comment_inside_an_operator_is_seen() {
        let kinds: Vec<_> = tokens("a =--b").unwrap().into_iter().map(|t| t.kind).collect();
        assert_eq!(kinds[2], TokenKind::Comment);
    }

    #[test]
    fn schemas_are_found_by_token() {
        assert!(mentions_schema("(SELECT auth.user_id()) = a", "auth"));
        assert!(!mentions_schema("a = 'auth.user_id()' OR myauth.x() OR auth = 1", "auth"));
    }
}
