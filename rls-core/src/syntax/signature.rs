//! What a function takes and gives, as SQL says it in a string: `max integer DEFAULT 10`,
//! `VARIADIC rest text[]`, `setof public.todos`, `table(id bigint, title text)`.

use syn::LitStr;

use super::Ctxt;
use super::attr::checked;
use crate::lex::{self, Token, TokenKind};
use crate::model::{
    Argument, ArgumentMode, Ident, PgType, ReturnedColumn, Returns, Sql, TypeError, pseudo_type,
};

/// One argument: mode, name, type and default, of which all but the type may be left out.
pub(super) fn argument(text: &LitStr, ctxt: &Ctxt) -> Option<Argument> {
    let value = text.value();
    let tokens = tokens(text, &value, ctxt)?;
    let (mode, tokens) = mode(&tokens);
    let default = tokens.iter().position(is_default);
    let (declared, default) = match default {
        Some(at) => {
            let rest = value[tokens[at].range.end..].trim();
            if rest.is_empty() {
                ctxt.error(text, "a default is missing");
                return None;
            }
            (&tokens[..at], Some(Sql::new(rest)))
        }
        None => (tokens, None),
    };
    let (name, ty) = named_type(text, &value, declared, ctxt)?;
    if let (Some(_), ArgumentMode::Out) = (&default, mode) {
        ctxt.error(text, "what goes out has no default");
    }
    Some(Argument { name, ty, mode, default })
}

/// What a function returns. Where arguments go out and nothing else is said, that is what they make.
pub(super) fn returns(
    text: Option<&LitStr>,
    arguments: &[Argument],
    ctxt: &Ctxt,
) -> Option<Returns> {
    let Some(text) = text else { return Some(Returns::Value(Returns::made_of(arguments))) };
    let value = text.value();
    let tokens = tokens(text, &value, ctxt)?;
    let word = |at: usize| tokens.get(at).and_then(|token| token.kind.word());
    match (word(0), tokens.get(1).map(|token| &token.kind)) {
        (Some("setof"), Some(_)) => {
            let set_of = ty(text, &value[tokens[0].range.end..], ctxt)?;
            Some(Returns::SetOf { set_of })
        }
        (Some("table"), Some(TokenKind::Punctuation('('))) => {
            let columns = columns(text, &value, &tokens[2..], ctxt)?;
            Some(Returns::Table { table: columns })
        }
        _ => Some(Returns::Value(ty(text, &value, ctxt)?)),
    }
}

fn tokens(text: &LitStr, value: &str, ctxt: &Ctxt) -> Option<Vec<Token>> {
    let tokens = match lex::tokens(value) {
        Ok(tokens) => tokens,
        Err(error) => {
            ctxt.error(text, error.to_string());
            return None;
        }
    };
    let comment = tokens.iter().any(|token| token.kind == TokenKind::Comment);
    if comment || tokens.is_empty() {
        let what = if comment { "a comment has no place here" } else { "there is nothing here" };
        ctxt.error(text, what);
        return None;
    }
    Some(tokens)
}

/// A mode is followed by something.
fn mode(tokens: &[Token]) -> (ArgumentMode, &[Token]) {
    let [first, rest @ ..] = tokens else { return (ArgumentMode::In, tokens) };
    let mode = match first.kind.word() {
        Some("in") => ArgumentMode::In,
        Some("out") => ArgumentMode::Out,
        Some("inout") => ArgumentMode::InOut,
        Some("variadic") => ArgumentMode::Variadic,
        _ => return (ArgumentMode::In, tokens),
    };
    (mode, rest)
}

fn is_default(token: &Token) -> bool {
    token.kind.word() == Some("default") || token.kind == TokenKind::Operator("=".to_owned())
}

/// `name type`, or the type alone: `double precision` is one, for there is no type `precision`.
fn named_type(
    text: &LitStr,
    value: &str,
    tokens: &[Token],
    ctxt: &Ctxt,
) -> Option<(Option<Ident>, PgType)> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        ctxt.error_help(text, "a type is missing", "write `name text`");
        return None;
    };
    let all = &value[first.range.start..last.range.end];
    if let (Some(name), Some(second)) = (first.kind.name(), tokens.get(1))
        && second.kind.name().is_some()
        && let Ok(ty) = parse(&value[second.range.start..last.range.end])
    {
        return Some((Some(checked(text, name.to_owned(), ctxt)?), ty));
    }
    Some((None, ty(text, all, ctxt)?))
}

/// The columns of `table(..)`, from the token behind the bracket.
fn columns(
    text: &LitStr,
    value: &str,
    tokens: &[Token],
    ctxt: &Ctxt,
) -> Option<Vec<ReturnedColumn>> {
    let mut columns = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        let ends = match token.kind {
            TokenKind::Punctuation('(') => {
                depth += 1;
                false
            }
            TokenKind::Punctuation(')') if depth > 0 => {
                depth -= 1;
                false
            }
            TokenKind::Punctuation(')') => true,
            TokenKind::Punctuation(',') => depth == 0,
            _ => false,
        };
        if !ends {
            continue;
        }
        match named_type(text, value, &tokens[begin..at], ctxt)? {
            (Some(name), ty) => columns.push(ReturnedColumn { name, ty }),
            (None, _) => {
                let help = "write `table(id bigint, title text)`";
                ctxt.error_help(text, "each column has a name and a type", help);
                return None;
            }
        }
        begin = at + 1;
        if token.kind == TokenKind::Punctuation(')') && begin == tokens.len() {
            return Some(columns);
        }
    }
    ctxt.error_help(text, "a bracket is not closed here", "write `table(id bigint, title text)`");
    None
}

fn ty(text: &LitStr, written: &str, ctxt: &Ctxt) -> Option<PgType> {
    parse(written).map_err(|error| ctxt.error(text, error.to_string())).ok()
}

fn parse(written: &str) -> Result<PgType, TypeError> {
    PgType::parse(written)
        .or_else(|error| pseudo_type(&written.trim().to_ascii_lowercase()).ok_or(error))
}
