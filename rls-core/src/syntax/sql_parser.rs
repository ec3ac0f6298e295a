//! `sql("..")` parsed in full, which costs too much to do in every user's build: `cargo rls check`
//! does it. A text that the parser cannot read is an error; names inside subqueries are looked up
//! in all declared tables.

use std::ops::Range;

use proc_macro2::TokenStream;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token as SqlToken;

use super::Ctxt;
use super::places::source_error;
use super::raw_sql::{Relation, has_subquery, names};
use super::scan::Scan;
use crate::lex::{self, Token, TokenKind};
use crate::model::{Ident, QualifiedName};

impl Scan {
    /// Parses every `sql("..")` and adds what is wrong to the errors.
    pub fn check_sql(&mut self) {
        let mut found = Vec::new();
        for scanned in &self.tables {
            for (sql, range) in &scanned.raw {
                let ctxt = Ctxt::new();
                self.check_one(sql, &scanned.table.table.name, &ctxt);
                for diagnostic in ctxt.into_diagnostics() {
                    let (path, range) = (scanned.path.clone(), range.clone());
                    found.push(source_error(
                        &self.sources,
                        path,
                        range,
                        diagnostic.message,
                        diagnostic.help,
                    ));
                }
            }
        }
        self.errors.extend(found);
    }

    /// Everything is about the literal as a whole, so the mistakes carry no tokens.
    fn check_one(&self, sql: &str, table: &QualifiedName, ctxt: &Ctxt) {
        let whole = TokenStream::new;
        // What the lexer cannot read has been told already.
        let Ok(tokens) = lex::tokens(sql) else { return };
        if let Err(error) = parse(&readable(sql, &tokens)) {
            ctxt.error_help(
                whole(),
                format!("this is no SQL expression: {error}"),
                "it has to stand where `a = b` could",
            );
            return;
        }
        let relations = has_subquery(&tokens).then(|| self.relations(&tokens, table)).flatten();
        if let Some((relations, places)) = relations {
            names(&whole(), sql, &tokens, &relations, &places, ctxt);
        }
    }

    /// What names in the text may refer to: its own table and those after FROM and JOIN, by name or
    /// alias, and the tokens that name those. None where one of them is not declared, for then
    /// nobody here knows its columns.
    fn relations(
        &self,
        tokens: &[Token],
        own: &QualifiedName,
    ) -> Option<(Vec<Relation>, Vec<Range<usize>>)> {
        let columns = |name: &QualifiedName| {
            let table = self.tables.iter().find(|scanned| &scanned.table.table.name == name)?;
            Some(
                table
                    .table
                    .table
                    .columns
                    .iter()
                    .map(|column| column.name.as_str().to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let mut relations =
            vec![Relation { name: own.name.as_str().to_owned(), columns: columns(own)? }];
        let mut places = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let opens = matches!(&tokens[at].kind, TokenKind::Word(word) if word == "from" || word == "join");
            at += 1;
            if !opens {
                continue;
            }
            loop {
                let (table, alias, end) = relation(tokens, at)?;
                let columns = columns(&table)?;
                let name = alias.unwrap_or_else(|| table.name.as_str().to_owned());
                relations.push(Relation { name, columns });
                places.push(at..end);
                at = end;
                if tokens.get(at).map(|token| &token.kind) != Some(&TokenKind::Punctuation(',')) {
                    break;
                }
                at += 1;
            }
        }
        Some((relations, places))
    }
}

/// `[schema.]table [[AS] alias]` at a position, and where it ends.
fn relation(tokens: &[Token], at: usize) -> Option<(QualifiedName, Option<String>, usize)> {
    let kind = |at: usize| tokens.get(at).map(|token| &token.kind);
    let name = |at: usize| kind(at)?.name().map(str::to_owned);
    let first = name(at)?;
    let (schema, table, mut end) = if kind(at + 1) == Some(&TokenKind::Punctuation('.')) {
        (Ident::new(first).ok()?, name(at + 2)?, at + 3)
    } else {
        // Where the server will look too; a table in another schema has to be named with it.
        (Ident::new("public").ok()?, first, at + 1)
    };
    // A function in FROM has columns that nobody here knows.
    if kind(end) == Some(&TokenKind::Punctuation('(')) {
        return None;
    }
    let word = kind(end).and_then(TokenKind::word);
    if word == Some("as") {
        end += 1;
    } else if word.is_some_and(crate::render::is_keyword) {
        return Some((QualifiedName::new(schema, Ident::new(table).ok()?), None, end));
    }
    let alias = name(end);
    end += usize::from(alias.is_some());
    Some((QualifiedName::new(schema, Ident::new(table).ok()?), alias, end))
}

/// The same expression in words that the parser knows: what Postgres itself writes has to pass. It is
/// read for its form only, so one operator is as good as another.
fn readable(sql: &str, tokens: &[Token]) -> String {
    let (mut text, mut copied) = (String::new(), 0);
    for at in 0..tokens.len() {
        if tokens[at].range.start < copied {
            continue;
        }
        let Some((last, instead)) = unreadable(tokens, at) else { continue };
        text += &sql[copied..tokens[at].range.start];
        text += instead;
        copied = tokens[last].range.end;
    }
    text + &sql[copied..]
}

/// Whether what begins at a token is unknown to the parser: where it ends, and what to read instead.
fn unreadable(tokens: &[Token], at: usize) -> Option<(usize, &'static str)> {
    let kind = |at: usize| tokens.get(at).map(|token| &token.kind);
    let before = at.checked_sub(1).and_then(kind).and_then(TokenKind::word);
    match kind(at)?.word()? {
        // OPERATOR(public.=)
        "operator" => {
            let named = kind(at + 1) == Some(&TokenKind::Punctuation('('))
                && kind(at + 3) == Some(&TokenKind::Punctuation('.'))
                && matches!(kind(at + 4), Some(TokenKind::Operator(_)))
                && kind(at + 5) == Some(&TokenKind::Punctuation(')'));
            named.then_some((at + 5, "="))
        }
        // Calls with words of their own between what goes in.
        "substring" if says(tokens, at, "similar", "to") => Some((call(tokens, at)?, "null")),
        xml if xml.starts_with("xml") => Some((call(tokens, at)?, "null")),
        "variadic" => Some((at, "")),
        "only" if before == Some("from") || before == Some("join") => Some((at, "")),
        "document" if before == Some("is") || before == Some("not") => Some((at, "null")),
        _ => None,
    }
}

/// Where the brackets behind a word are closed.
fn call(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(at + 1) {
        match token.kind {
            TokenKind::Punctuation('(') => depth += 1,
            TokenKind::Punctuation(')') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (token.kind == TokenKind::Punctuation(')')).then_some(at);
        }
    }
    None
}

/// Whether a call says a word that another one does not follow.
fn says(tokens: &[Token], at: usize, word: &str, not_before: &str) -> bool {
    let Some(end) = call(tokens, at) else { return false };
    let words: Vec<_> = tokens[at..=end].iter().map(|token| token.kind.word()).collect();
    words.windows(2).any(|pair| pair[0] == Some(word) && pair[1] != Some(not_before))
}

/// One expression and nothing after it: that stops `true) or (true`.
fn parse(sql: &str) -> Result<(), String> {
    let dialect = PostgreSqlDialect {};
    let told = |error: sqlparser::parser::ParserError| {
        let text = error.to_string();
        text.strip_prefix("sql parser error: ").map(str::to_owned).unwrap_or(text)
    };
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(200).try_with_sql(sql).map_err(told)?;
    parser.parse_expr().map_err(told)?;
    match parser.next_token().token {
        SqlToken::EOF => Ok(()),
        rest => Err(format!("it goes on after its end, at `{rest}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, readable};
    use crate::lex;

    fn reads(sql: &str) -> Result<(), String> {
        parse(&readable(sql, &lex::tokens(sql).unwrap_or_default()))
    }

    #[test]
    fn what_postgres_takes_is_read() {
        for sql in [
            "substring(a similar '%#\"_+#\"%' escape '#') = b",
            "substring(a from '%x%') similar to 'b%'",
            "substring(a for 3) = 'abc'",
            "xmlelement(name foo, xmlattributes(a as b), 'x') is document",
            "xmlexists('//a' passing by value data)",
            "xmlserialize(content data as text) = '<a/>'",
            "owner = USER and creator = current_role and other = session_user",
            "a OPERATOR(public.=) b",
            "a = any (array(select b from c)) and (d, e) in (select f, g from h)",
            "overlay(a placing 'x' from 2 for 1) = trim(both 'x' from b)",
            "extract(epoch from at) > 0 and position('a' in b) = 1",
            "(a).b = 1 and (c).d[1] is distinct from null",
            "at at time zone 'utc' > interval '1 day' and (at, at) overlaps (at, at)",
            "data @> '{}' and data ->> 'a' ~* 'b' and data #> '{a}' is not null",
            "a collate \"C\" > b and a like 'x' escape '!'",
            "case a when 1 then true else false end",
        ] {
            assert_eq!(reads(sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn what_it_does_not_take_is_told() {
        for sql in ["a = ", "true) or (true", "xmlelement(name a", "substring(a similar"] {
            assert!(reads(sql).is_err(), "{sql}");
        }
    }
}
