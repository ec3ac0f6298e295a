//! A migration: a file of SQL that runs once, as a whole unless it says otherwise.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::hexadecimal;
use super::problem::Problem;
use super::script::Script;
use crate::Place;
use crate::lex::{self, Statement, TokenKind};
use crate::model::Ident;
use crate::plan::Hazard;
use crate::provider::Provider;
use crate::render;

/// The first line of a migration that runs outside a transaction.
pub const NO_TRANSACTION: &str = "-- no-transaction";

/// A migration, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What orders it among the others: as text, so all versions have one length.
    pub version: String,
    /// What it is called.
    pub name: String,
    /// The statements.
    pub sql: String,
}

impl Migration {
    /// `<version>_<name>`, as the file is called.
    pub fn file(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    /// SHA-256 of the text in hexadecimal. Line ends of Windows count as plain ones, for git may
    /// put them there.
    pub fn checksum(&self) -> String {
        hexadecimal(&Sha256::digest(self.sql.replace("\r\n", "\n").as_bytes()))
    }

    /// Whether it runs as a whole or not at all. Otherwise its first line says that it runs statement by
    /// statement, as sqlx has it: then it has to be one that can be run again from its start.
    pub fn runs_in_transaction(&self) -> bool {
        self.sql.lines().next().is_none_or(|line| line.trim_end() != NO_TRANSACTION)
    }

    /// What its leading comments say that somebody has to agree to: `-- <kind>: <message>`, a line each.
    pub fn hazards(&self) -> Vec<Hazard> {
        let lines = self.sql.lines().map(str::trim);
        let comments = lines.take_while(|line| line.is_empty() || line.starts_with("--"));
        let hazard = |line: &str| {
            let (kind, message) = line.strip_prefix("--")?.split_once(": ")?;
            let (kind, message) = (kind.trim().parse().ok()?, message.to_owned());
            Some(Hazard { kind, message })
        };
        comments.filter_map(hazard).collect()
    }

    /// The statements to run, or every reason why not.
    pub(super) fn script(&self) -> Result<Script, Vec<Problem>> {
        let statements = lex::statements(&self.sql).map_err(|unterminated| {
            vec![Problem::Unreadable {
                file: self.file(),
                line: Place::of(&self.sql, unterminated.at).line,
                reason: unterminated.to_string(),
            }]
        })?;
        let refused: Vec<_> = statements
            .iter()
            .filter_map(|statement| {
                Some(Problem::Refused {
                    file: self.file(),
                    line: Place::of(&self.sql, statement.range.start).line,
                    statement: refused(&self.sql, statement)?,
                })
            })
            .collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let statements = statements.into_iter().map(|statement| statement.range).collect();
        Ok(Script { text: self.sql.clone(), statements })
    }
}

/// What cannot stand in a migration: the ends of transactions, for half of a migration could then
/// be left behind, and COPY from a client that has nothing to send.
fn refused(sql: &str, statement: &Statement) -> Option<String> {
    let words = words(&sql[statement.range.clone()]);
    let second = words.get(1).map(String::as_str);
    let keyword = statement.keyword.as_deref()?;
    let refused = match keyword {
        "begin" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => true,
        "start" | "prepare" => second == Some("transaction"),
        "copy" => words.iter().any(|word| word == "stdin" || word == "stdout"),
        _ => false,
    };
    refused.then(|| match keyword {
        "start" | "prepare" => format!("{} TRANSACTION", keyword.to_uppercase()),
        "copy" => "COPY from or to the client".to_owned(),
        keyword => keyword.to_uppercase(),
    })
}

/// The unquoted words of a statement.
fn words(sql: &str) -> Vec<String> {
    let tokens = lex::tokens(sql).unwrap_or_default();
    tokens.iter().filter_map(|token| token.kind.word().map(str::to_owned)).collect()
}

/// Blanks the statements that create what a stand-in stands for, so that all others keep their
/// places, and returns them.
pub(super) fn skip_extensions(script: &mut Script) -> Vec<String> {
    let stood_for: Vec<_> = Provider::ALL
        .iter()
        .filter_map(|provider| Ident::new(provider.extension()?).ok())
        .map(|name| meaning(&render::create_extension(&name)))
        .collect();
    let skipped: Vec<Range<usize>> = script
        .statements
        .extract_if(.., |range| stood_for.contains(&meaning(&script.text[range.clone()])))
        .collect();
    let texts = skipped.iter().map(|range| script.text[range.clone()].to_owned()).collect();
    for range in skipped {
        script.text.replace_range(range.clone(), &" ".repeat(range.len()));
    }
    texts
}

/// A statement's tokens without comments; a name is the same with quotes and without.
fn meaning(sql: &str) -> Vec<TokenKind> {
    let tokens = lex::tokens(sql).unwrap_or_default().into_iter().map(|token| token.kind);
    tokens
        .filter(|kind| *kind != TokenKind::Comment)
        .map(|kind| match kind {
            TokenKind::Quoted(name) => TokenKind::Word(name),
            other => other,
        })
        .collect()
}
