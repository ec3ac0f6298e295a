//! Statements sent in one message, and which of them failed.

use std::ops::Range;
use std::pin::pin;

use futures_util::StreamExt;
use tokio_postgres::{SimpleQueryMessage, Transaction};

use super::Error;
use crate::catalog::{Failure, Place, byte_of};
use crate::lex;

/// A text and the statements in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) statements: Vec<Range<usize>>,
}

/// A statement that failed, by its position in [`Script::statements`].
pub(super) struct Failed {
    statement: usize,
    /// Where in the text, if the server says so.
    byte: Option<usize>,
    source: tokio_postgres::Error,
}

impl Script {
    /// Adds a statement.
    ///
    /// # Errors
    /// Text that is not exactly one statement: sent along with others, it could be anything.
    pub(super) fn push(&mut self, statement: &str) -> Result<(), Error> {
        let whole = |found: &lex::Statement| found.range == (0..statement.len());
        match lex::statements(statement) {
            Ok(found) if found.len() == 1 && found.iter().all(whole) => {}
            Ok(_) | Err(_) => return Err(Error::Malformed(statement.to_owned())),
        }
        let start = self.text.len();
        self.text += statement;
        self.statements.push(start..self.text.len());
        self.text += ";\n";
        Ok(())
    }

    /// Runs the statements. `on_done` hears how many are done.
    pub(super) async fn run(
        &self,
        transaction: &Transaction<'_>,
        on_done: &mut dyn FnMut(usize),
    ) -> Result<(), Failed> {
        if self.statements.is_empty() {
            return Ok(());
        }
        let mut done = 0;
        let messages = transaction.client().simple_query_raw(&self.text).await;
        let mut messages = pin!(messages.map_err(|error| self.failed(done, error))?);
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| self.failed(done, error))?;
            if let SimpleQueryMessage::CommandComplete(_) = message {
                done += 1;
                on_done(done);
            }
        }
        Ok(())
    }

    /// The server points at a byte, or else it is the first statement that is not done.
    fn failed(&self, done: usize, source: tokio_postgres::Error) -> Failed {
        let byte = byte_of(&source, &self.text);
        let pointed = byte.map(|byte| self.statements.partition_point(|found| found.start <= byte));
        let statement = pointed.map_or(done, |after| after.saturating_sub(1));
        Failed { statement: statement.min(self.statements.len() - 1), byte, source }
    }
}

impl Failed {
    /// With the place counted from the start of the statement.
    pub(super) fn in_statement(self, script: &Script) -> Box<Failure> {
        let range = &script.statements[self.statement];
        let text = &script.text[range.clone()];
        let place = self.byte.map(|byte| Place::of(text, byte.saturating_sub(range.start)));
        Box::new(Failure::new(text, place, self.source))
    }

    /// With the place counted from the start of the text: the server's, or where the statement
    /// begins.
    pub(super) fn in_text(self, script: &Script) -> Box<Failure> {
        let range = &script.statements[self.statement];
        let place = Place::of(&script.text, self.byte.unwrap_or(range.start));
        Box::new(Failure::new(&script.text[range.clone()], Some(place), self.source))
    }
}
