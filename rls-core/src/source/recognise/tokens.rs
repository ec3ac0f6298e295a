//! The tokens of a text, one after the other.

use crate::lex::{self, TokenKind};
use crate::model::{Ident, PgType};

/// A place among tokens.
pub(super) struct Tokens<'a> {
    text: &'a str,
    tokens: Vec<lex::Token>,
    pub(super) at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        Some(Tokens { text, tokens: lex::tokens(text).ok()?, at: 0 })
    }

    pub(super) fn is_done(&self) -> bool {
        self.at == self.tokens.len()
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<&TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    /// Whether a sign stands at that place.
    pub(super) fn is_at(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Punctuation(sign))
    }

    /// The text from one token up to another.
    pub(super) fn between(&self, from: usize, to: usize) -> &'a str {
        let last = to.checked_sub(1).and_then(|last| self.tokens.get(last));
        match (self.tokens.get(from), last) {
            (Some(first), Some(last)) => &self.text[first.range.start..last.range.end],
            _ => "",
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        self.peek(0)?.word()
    }

    /// Takes a key word.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// Takes key words that follow one another.
    pub(super) fn take_all(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.peek(ahead).and_then(TokenKind::word) == Some(*word));
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub(super) fn sign(&mut self, sign: char) -> bool {
        let found = self.peek(0) == Some(&TokenKind::Punctuation(sign));
        self.at += usize::from(found);
        found
    }

    pub(super) fn operator(&mut self) -> Option<String> {
        match self.peek(0)? {
            TokenKind::Operator(operator) => {
                let operator = operator.clone();
                self.at += 1;
                Some(operator)
            }
            _ => None,
        }
    }

    /// A name, folded or as it stands in quotes.
    pub(super) fn name(&mut self) -> Option<Ident> {
        let name = Ident::new(self.peek(0)?.name()?).ok()?;
        self.at += 1;
        Some(name)
    }

    /// A number as it is written.
    pub(super) fn number(&mut self) -> Option<String> {
        (self.peek(0)? == &TokenKind::Number).then(|| {
            self.at += 1;
            self.between(self.at - 1, self.at).to_owned()
        })
    }

    /// `$1`: which one.
    pub(super) fn parameter(&mut self) -> Option<usize> {
        if self.peek(0)? != &TokenKind::Parameter {
            return None;
        }
        self.at += 1;
        self.between(self.at - 1, self.at).strip_prefix('$')?.parse().ok()
    }

    /// What stands in single quotes, without escapes of any kind.
    pub(super) fn string(&mut self) -> Option<String> {
        if self.peek(0)? != &TokenKind::String {
            return None;
        }
        let inside = self.between(self.at, self.at + 1);
        let inside = inside.strip_prefix('\'')?.strip_suffix('\'')?;
        self.at += 1;
        Some(inside.replace("''", "'"))
    }

    /// The type behind `::`.
    pub(super) fn ty(&mut self) -> Option<PgType> {
        let from = self.at;
        let mut longest = None;
        // As far as it is one: `timestamp with time zone`, `numeric(10,2)`, `text[]`.
        for to in from + 1..=(from + 9).min(self.tokens.len()) {
            if let Ok(ty) = PgType::parse(self.between(from, to)) {
                longest = Some((ty, to));
            }
        }
        let (ty, to) = longest?;
        self.at = to;
        Some(ty)
    }
}
