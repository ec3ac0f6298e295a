//! What raw SQL in a predicate calls and reads, by its tokens.

use crate::lex::{self, Token, TokenKind};

/// A name with the schema that stands in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) function: Name,
    /// Whether it stands inside of a subquery, which is evaluated for itself.
    pub(super) in_subquery: bool,
    /// The first argument, where that is a string.
    pub(super) argument: Option<String>,
}

/// Every call of a function, in order. `count (*)` is one, `in (1)` is not.
pub(super) fn calls(sql: &str) -> Vec<Call> {
    let tokens = tokens(sql);
    let mut open = Vec::new();
    let mut calls = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            TokenKind::Punctuation('(') => {
                let inside = tokens.get(at + 1).and_then(|next| next.kind.word());
                if let Some(function) = called(&tokens, at) {
                    let argument = tokens.get(at + 1).filter(|next| next.kind == TokenKind::String);
                    calls.push(Call {
                        function,
                        in_subquery: open.contains(&true),
                        argument: argument.map(|token| constant(&sql[token.range.clone()])),
                    });
                }
                open.push(matches!(inside, Some("select" | "with")));
            }
            TokenKind::Punctuation(')') => {
                open.pop();
            }
            _ => {}
        }
    }
    calls
}

/// The name in front of a bracket, unless that is a word of the language.
fn called(tokens: &[Token], bracket: usize) -> Option<Name> {
    let at = bracket.checked_sub(1)?;
    let name = tokens[at].kind.name()?.to_owned();
    let schema = schema(tokens, at);
    let language = tokens[at].kind.word().is_some_and(|word| NO_FUNCTIONS.contains(&word));
    // `WITH a (b) AS`, `t AS x (a)`: a list of columns.
    let before = at.checked_sub(1).and_then(|before| tokens[before].kind.word());
    let lists_columns = schema.is_none() && matches!(before, Some("as" | "with"));
    (schema.is_some() || !language && !lists_columns).then_some(Name { schema, name })
}

fn schema(tokens: &[Token], at: usize) -> Option<String> {
    let dot = at.checked_sub(1)?;
    let schema = at.checked_sub(2)?;
    (tokens[dot].kind == TokenKind::Punctuation('.'))
        .then(|| tokens[schema].kind.name().map(str::to_owned))
        .flatten()
}

/// Words that a bracket follows without a call. Source: Postgres manual, "SQL Key Words".
const NO_FUNCTIONS: [&str; 31] = [
    "all", "and", "any", "array", "as", "between", "by", "case", "distinct", "else", "end",
    "exists", "filter", "from", "group", "having", "in", "is", "like", "limit", "not", "on", "or",
    "order", "over", "select", "some", "then", "using", "when", "where",
];

/// Every relation after FROM and JOIN, without the names that WITH introduces and functions.
pub(super) fn relations(sql: &str) -> Vec<Name> {
    let tokens = tokens(sql);
    let kind = |at: usize| tokens.get(at).map(|token| &token.kind);
    let word = |at: usize| kind(at).and_then(TokenKind::word);
    let mut relations = Vec::new();
    for at in 0..tokens.len() {
        // `a IS DISTINCT FROM b`, and `extract(year FROM a)`, read nothing.
        let opens = matches!(word(at), Some("from" | "join"));
        let distinct = at.checked_sub(1).and_then(word) == Some("distinct");
        if !opens || distinct || !selects(&tokens, at) {
            continue;
        }
        let dotted = kind(at + 2) == Some(&TokenKind::Punctuation('.'));
        let end = if dotted { at + 3 } else { at + 1 };
        let Some(name) = kind(end).and_then(TokenKind::name) else { continue };
        let language = word(end).is_some_and(|word| ["lateral", "only", "select"].contains(&word));
        if language || kind(end + 1) == Some(&TokenKind::Punctuation('(')) {
            continue;
        }
        let name = Name { schema: schema(&tokens, end), name: name.to_owned() };
        if name.schema.is_some() || !introduced(&tokens, &name.name) {
            relations.push(name);
        }
    }
    relations
}

/// Whether the FROM at that place belongs to a SELECT and not to a function's arguments.
fn selects(tokens: &[Token], from: usize) -> bool {
    let mut depth = 0_usize;
    for token in tokens[..from].iter().rev() {
        match &token.kind {
            TokenKind::Punctuation(')') => depth += 1,
            TokenKind::Punctuation('(') if depth == 0 => return false,
            TokenKind::Punctuation('(') => depth -= 1,
            TokenKind::Word(word) if depth == 0 && word == "select" => return true,
            _ => {}
        }
    }
    false
}

/// `WITH name AS (` or `, name AS (`.
fn introduced(tokens: &[Token], name: &str) -> bool {
    tokens.windows(3).any(|three| {
        three[0].kind.name() == Some(name)
            && three[1].kind.word() == Some("as")
            && three[2].kind == TokenKind::Punctuation('(')
    })
}

/// The strings and names of the text.
pub(super) fn words(sql: &str) -> Vec<String> {
    let word = |token: &Token| match &token.kind {
        TokenKind::String => Some(constant(&sql[token.range.clone()])),
        kind => kind.name().map(str::to_owned),
    };
    tokens(sql).iter().filter_map(word).collect()
}

fn tokens(sql: &str) -> Vec<Token> {
    lex::tokens(sql).unwrap_or_default()
}

/// What stands between the quotes; escapes make no difference to what is looked for.
fn constant(text: &str) -> String {
    let inside = text.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\''));
    inside.map_or(text, |(inside, _)| inside).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{calls, relations};

    fn called(sql: &str) -> Vec<(String, bool)> {
        let name = |name: super::Name| match name.schema {
            Some(schema) => format!("{schema}.{}", name.name),
            None => name.name,
        };
        calls(sql).into_iter().map(|call| (name(call.function), call.in_subquery)).collect()
    }

    #[test]
    fn calls_are_told_from_words_of_the_language() {
        assert_eq!(
            called("a in (1) and not (b) and lower(c) = any (array(select d))"),
            [("lower".to_owned(), false)]
        );
        assert_eq!(called("(select auth.uid()) = a"), [("auth.uid".to_owned(), true)]);
        assert_eq!(called("auth.uid () = a"), [("auth.uid".to_owned(), false)]);
        assert_eq!(
            called("exists (with x (a) as (select f()) select 1 from x)"),
            [("f".to_owned(), true)]
        );
    }

    #[test]
    fn relations_are_those_that_are_read() {
        let read = |sql| relations(sql).into_iter().map(|name| name.name).collect::<Vec<_>>();
        assert_eq!(read("exists (select 1 from public.a join b on true where c = d)"), ["a", "b"]);
        assert!(read("a is distinct from b and extract(year from c) = 1").is_empty());
        assert!(read("exists (with x as (select 1) select 1 from x)").is_empty());
        assert!(read("exists (select 1 from unnest(a) as x)").is_empty());
    }
}
