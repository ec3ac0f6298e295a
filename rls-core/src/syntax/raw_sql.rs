//! What can be said of `sql("..")` without a parser, at compile time: that it is one expression
//! which cannot break out of its place, and that its columns exist.

use std::ops::Range;

use quote::ToTokens;
use syn::LitStr;

use super::Ctxt;
use crate::lex::{self, Token, TokenKind};
use crate::policy::link::Shape;
use crate::render;
use crate::resolve::nearest;

/// Checks raw SQL by its tokens. Names inside subqueries belong to tables that the derive cannot
/// see; `cargo rls check` looks at those.
/// `own` is the table whose columns it may name; none where it may name others' too.
pub(super) fn lexical(text: &LitStr, own: Option<&Shape<'_>>, ctxt: &Ctxt) -> Option<()> {
    let sql = text.value();
    let tokens = match lex::tokens(&sql) {
        Ok(tokens) => tokens,
        Err(error) => {
            ctxt.error(
                text,
                format!("{error} in this SQL, from `{}` on", excerpt(&sql[error.at..])),
            );
            return None;
        }
    };
    if tokens.is_empty() {
        ctxt.error_help(text, "this SQL is empty", "write an expression, or `true` or `false`");
        return None;
    }
    if sql.contains('\0') {
        ctxt.error(text, "SQL cannot contain a NUL byte");
        return None;
    }
    if !contained(text, &sql, &tokens, ctxt)
        || !complete(text, &tokens, ctxt)
        || !unmistakable(text, &tokens, own, ctxt)
    {
        return None;
    }
    let Some(own) = own else { return Some(()) };
    let one_table = [Relation {
        name: own.table.name.as_str().to_owned(),
        columns: own.columns.iter().map(|column| column.name.as_str().to_owned()).collect(),
    }];
    (has_subquery(&tokens) || names(text, &sql, &tokens, &one_table, &[], ctxt)).then_some(())
}

/// Whether the text stays one expression wherever it is put.
fn contained(text: &LitStr, sql: &str, tokens: &[Token], ctxt: &Ctxt) -> bool {
    let mut open = Vec::new();
    for token in tokens {
        let here = &sql[token.range.clone()];
        let (message, help) = match &token.kind {
            TokenKind::Comment => {
                ("a comment has no place in this SQL", "write it as a Rust comment")
            }
            TokenKind::Punctuation(';') => {
                ("`;` ends a statement, and this is an expression", "take it away")
            }
            TokenKind::Punctuation(',') if open.is_empty() => (
                "a list is several expressions, and this is one",
                "write one `sql(\"..\")` for each",
            ),
            TokenKind::Parameter => {
                ("there are no parameters here", "use a literal, `claim(\"..\")` or a column")
            }
            TokenKind::Operator(operator) if operator == "==" => {
                ("`==` is no operator in SQL", "write `=`")
            }
            TokenKind::Punctuation(':') if !open.contains(&'[') => {
                ("there are no parameters here", "use `::` for a cast")
            }
            TokenKind::Punctuation(bracket @ ('(' | '[')) => {
                open.push(*bracket);
                continue;
            }
            TokenKind::Punctuation(bracket @ (')' | ']')) => {
                let wanted = if *bracket == ')' { '(' } else { '[' };
                if open.pop() == Some(wanted) {
                    continue;
                }
                ("a bracket is closed that was not opened", "balance the brackets")
            }
            _ => continue,
        };
        ctxt.error_help(
            text,
            format!("{message} (at `{}`)", excerpt(&format!("{here}{}", &sql[token.range.end..]))),
            help,
        );
        return false;
    }
    if let Some(bracket) = open.last() {
        ctxt.error_help(
            text,
            format!("a `{bracket}` in this SQL is not closed"),
            "balance the brackets",
        );
        return false;
    }
    true
}

/// Whether the text is an expression and not a statement, and does not end in the middle. Parsers
/// take more words for names than Postgres does.
fn complete(text: &LitStr, tokens: &[Token], ctxt: &Ctxt) -> bool {
    let mut depth = 0_usize;
    let mut before = None;
    for token in tokens {
        match &token.kind {
            TokenKind::Punctuation('(') => depth += 1,
            TokenKind::Punctuation(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        let word = word(token);
        let clause = word.filter(|word| STATEMENT_WORDS.contains(word) && depth == 0);
        // `a IS DISTINCT FROM b` is the one clause word of expressions.
        if let Some(clause) = clause.filter(|word| *word != "from" || before != Some("distinct")) {
            ctxt.error_help(
                text,
                format!("`{clause}` belongs to a statement, and this is an expression"),
                "put a subquery in brackets, and a name in double quotes",
            );
            return false;
        }
        before = word;
    }
    let open = tokens.last().is_some_and(|last| match &last.kind {
        TokenKind::Word(word) => OPENING_WORDS.contains(&word.as_str()),
        TokenKind::Operator(_) => true,
        _ => false,
    });
    if open {
        ctxt.error_help(
            text,
            "this SQL ends in the middle of an expression",
            "write the rest of it",
        );
    }
    !open
}

/// Whether no word is taken for a value that is meant for a column: `user` is whoever connected.
///
/// In a lookup the columns may be another table's; of these words, `user` is the one that is a
/// column's name now and then.
fn unmistakable(text: &LitStr, tokens: &[Token], own: Option<&Shape<'_>>, ctxt: &Ctxt) -> bool {
    let column = |word: &str| match own {
        Some(own) => own.columns.iter().any(|column| column.name.as_str() == word),
        None => word == "user",
    };
    // After a full stop every word is a name.
    let after_dot = |at: usize| at > 0 && tokens[at - 1].kind == TokenKind::Punctuation('.');
    let mut words = tokens.iter().map(word).enumerate();
    let mistaken = words.find_map(|(at, word)| {
        word.filter(|word| VALUE_WORDS.contains(word) && column(word) && !after_dot(at))
    });
    if let Some(word) = mistaken {
        let message = format!("`{word}` without quotes is who or when, not the column");
        let help = match own {
            Some(_) => format!("write `\"{word}\"` for the column"),
            None => format!("write `\"{word}\"` for a column, or `current_{word}`"),
        };
        ctxt.error_help(text, message, help);
    }
    mistaken.is_none()
}

/// Reserved words that are values by themselves.
const VALUE_WORDS: &[&str] = &[
    "user",
    "current_user",
    "session_user",
    "system_user",
    "current_role",
    "current_catalog",
    "current_schema",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];

/// Reserved words that begin a statement or one of its clauses.
const STATEMENT_WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "union",
    "intersect",
    "except",
    "create",
    "grant",
    "into",
    "returning",
    "fetch",
];

/// Reserved words after which an expression goes on.
const OPENING_WORDS: &[&str] = &[
    "not", "and", "or", "is", "in", "like", "ilike", "between", "collate", "case", "when", "then",
    "else",
];

/// A table that names in raw SQL may refer to.
pub(super) struct Relation {
    /// What it is called in the text: its name or an alias.
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

pub(super) fn has_subquery(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| {
        word(token).is_some_and(|word| ["select", "table", "values", "with"].contains(&word))
    })
}

/// Checks every name that can only be a column, or a table before a column. `named_tables` are the
/// tokens that name tables and aliases in FROM and JOIN.
pub(super) fn names(
    at: impl ToTokens + Copy,
    sql: &str,
    tokens: &[Token],
    relations: &[Relation],
    named_tables: &[Range<usize>],
    ctxt: &Ctxt,
) -> bool {
    let mut fine = true;
    let mut index = 0;
    while index < tokens.len() {
        let parts = dotted(tokens, index);
        let end = index + (2 * parts.len()).saturating_sub(1).max(1);
        let before = index.checked_sub(1).map(|at| &tokens[at]);
        let after = tokens.get(end);
        let column = !parts.is_empty()
            && !named_tables.iter().any(|table| table.contains(&index))
            && !is_something_else(&tokens[index], before, after, parts.len(), tokens, index);
        let mistake = if column { unknown(&parts, relations) } else { None };
        if let Some((message, help)) = mistake {
            let written = &sql[tokens[index].range.start..tokens[end - 1].range.end];
            ctxt.error_help(at, message.replace("{}", written), help);
            fine = false;
        }
        index = end;
    }
    fine
}

/// The parts of the name that begins at `index`: `a.b.c` has three.
fn dotted(tokens: &[Token], index: usize) -> Vec<(String, bool)> {
    let name = |token: &Token| {
        let quoted = matches!(token.kind, TokenKind::Quoted(_));
        token.kind.name().map(|name| (name.to_owned(), quoted))
    };
    let mut parts = Vec::new();
    let mut at = index;
    while let Some(part) = tokens.get(at).and_then(name) {
        parts.push(part);
        let dot = tokens.get(at + 1).is_some_and(|token| token.kind == TokenKind::Punctuation('.'));
        if !dot {
            break;
        }
        at += 2;
    }
    parts
}

/// Names that are functions, types, collations, key words or fields of something in brackets.
fn is_something_else(
    first: &Token,
    before: Option<&Token>,
    after: Option<&Token>,
    parts: usize,
    tokens: &[Token],
    index: usize,
) -> bool {
    let follows = |kind: &TokenKind| after.is_some_and(|token| &token.kind == kind);
    let behind = |kind: &TokenKind| before.is_some_and(|token| &token.kind == kind);
    let call = follows(&TokenKind::Punctuation('('));
    let typed_string = follows(&TokenKind::String);
    // make_interval(days => 1)
    let argument =
        [":=", "=>"].map(|arrow| TokenKind::Operator(arrow.to_owned())).iter().any(follows);
    let cast =
        behind(&TokenKind::Operator("::".to_owned())) || behind(&TokenKind::Punctuation('.'));
    let introduced =
        before.and_then(word).is_some_and(|word| ["as", "collate", "operator"].contains(&word));
    // OPERATOR(public.=)
    let of_operator = behind(&TokenKind::Punctuation('('))
        && index >= 2
        && word(&tokens[index - 2]) == Some("operator");
    // `character varying` and `bit varying` are types.
    let of_type = word(first) == Some("varying")
        && before.and_then(word).is_some_and(|word| ["character", "char", "bit"].contains(&word));
    // EXTRACT(epoch FROM …)
    let field = after.and_then(word) == Some("from")
        && index >= 2
        && word(&tokens[index - 2]).is_some_and(|word| word == "extract");
    let keyword = parts == 1
        && word(first)
            .is_some_and(|word| render::is_keyword(word) || EXPRESSION_WORDS.contains(&word));
    call || typed_string
        || argument
        || cast
        || introduced
        || of_operator
        || of_type
        || field
        || keyword
}

/// Words of expressions that are also allowed as names. `at time zone` and the like.
const EXPRESSION_WORDS: &[&str] = &[
    "at",
    "zone",
    "escape",
    "unknown",
    "by",
    "filter",
    "over",
    "partition",
    "within",
    "document",
    "normalized",
    "without",
    "day",
    "hour",
    "minute",
    "second",
    "month",
    "year",
    "asc",
    "desc",
    "nulls",
    "first",
    "last",
    "double",
    "nfc",
    "nfd",
    "nfkc",
    "nfkd",
    "rows",
    "groups",
    "current",
    "unbounded",
    "preceding",
    "following",
    "variadic",
    "ties",
    "set",
    "to",
];

fn word(token: &Token) -> Option<&str> {
    token.kind.word()
}

/// What is wrong with a name, with `{}` for the name as written.
fn unknown(parts: &[(String, bool)], relations: &[Relation]) -> Option<(String, String)> {
    match parts {
        [column] => {
            let all = || relations.iter().flat_map(|relation| &relation.columns);
            // The whole row, as in `to_jsonb(todos)`, or an alias.
            let known = all().any(|name| *name == column.0)
                || relations.iter().any(|relation| relation.name == column.0);
            (!known).then(|| ("unknown column `{}` in this SQL".to_owned(), suggest(column, all())))
        }
        [table, column] => {
            let found: Vec<_> =
                relations.iter().filter(|relation| relation.name == table.0).collect();
            if found.is_empty() {
                // `(composite).field` is written with brackets, so this must be a table.
                let names = relations.iter().map(|relation| &relation.name);
                return Some((
                    "`{}` names a table that is not there".to_owned(),
                    suggest(table, names),
                ));
            }
            let all = || found.iter().flat_map(|relation| &relation.columns);
            let known = column.0 == "*" || all().any(|name| *name == column.0);
            (!known).then(|| ("unknown column `{}` in this SQL".to_owned(), suggest(column, all())))
        }
        [] => None,
        _ => Some((
            "`{}` names the schema too, which Postgres does not accept everywhere".to_owned(),
            "write `table.column`".to_owned(),
        )),
    }
}

fn suggest<'a>(name: &(String, bool), known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    if let (false, Some(cased)) =
        (name.1, known.iter().find(|known| known.to_lowercase() == name.0))
    {
        return format!("names with capitals need quotes: `\"{cased}\"`");
    }
    match nearest(&name.0, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", super::attr::quoted(&known)),
    }
}

fn excerpt(text: &str) -> &str {
    text.char_indices().nth(20).map_or(text, |(at, _)| &text[..at])
}
