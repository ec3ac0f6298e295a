//! Statements sent one behind the other, and which of them failed.

use std::ops::Range;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio_postgres::{Client, Transaction};

use super::concurrently::{keeps_nobody_waiting, make_way};
use super::{Error, Patience};
use crate::Place;
use crate::catalog::{Failure, byte_of};
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

    /// Runs the statements, sent without waiting for each other. Each goes by itself, and the server
    /// refuses what it would read as more than one. `on_done` hears how many are done.
    pub(super) async fn run(
        &self,
        transaction: &Transaction<'_>,
        on_done: &mut dyn FnMut(usize),
    ) -> Result<(), Failed> {
        let sent = self.statements.iter().map(|range| {
            let statement = &self.text[range.clone()];
            async move { transaction.query_typed(statement, &[]).await }
        });
        let mut answers: FuturesOrdered<_> = sent.collect();
        let mut done = 0;
        while let Some(answer) = answers.next().await {
            answer.map_err(|error| self.failed(done, error))?;
            done += 1;
            on_done(done);
        }
        Ok(())
    }

    /// Runs the statements outside a transaction, each when the one before it is done. One that keeps
    /// nobody waiting may wait for others as long as it takes. An index that a failed build has left makes
    /// way for the next; one that a run which is begun `again` has built is not built a second time.
    pub(super) async fn run_singly(
        &self,
        client: &Client,
        patience: &Patience,
        again: bool,
    ) -> Result<(), Failed> {
        for (at, range) in self.statements.iter().enumerate() {
            let statement = &self.text[range.clone()];
            let failed = |error| self.failed(at, error);
            let settings = if keeps_nobody_waiting(statement) {
                "SET lock_timeout = 0; RESET statement_timeout".to_owned()
            } else {
                patience.settings("SESSION")
            };
            client.batch_execute(&settings).await.map_err(failed)?;
            let is_there = make_way(client, statement).await.map_err(failed)?;
            if !(is_there && again) {
                client.query_typed(statement, &[]).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether it would fail, for an index that it builds is there.
    pub(super) async fn would_build_twice(&self, client: &Client) -> Result<bool, Failed> {
        for (at, range) in self.statements.iter().enumerate() {
            let statement = &self.text[range.clone()];
            if make_way(client, statement).await.map_err(|error| self.failed(at, error))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The server points at a byte of the statement.
    fn failed(&self, statement: usize, source: tokio_postgres::Error) -> Failed {
        let range = &self.statements[statement];
        let byte = byte_of(&source, &self.text[range.clone()]).map(|byte| range.start + byte);
        Failed { statement, byte, source }
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
