//! One line of the report: that the three sides answer alike, and how long each takes.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::Error;
use crate::cases::{Case, Claims, STRANGER};
use crate::statement::{Operation, Side};

/// A side has been measured enough after this long and this many runs, or after the longest time.
const LONG_ENOUGH: Duration = Duration::from_millis(150);
const RUNS: usize = 5;
const LONGEST: Duration = Duration::from_secs(2);

/// What the database did.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Rows(Vec<String>),
    Written(u64),
}

/// The shortest time of each side, in the order of [`Side::ALL`]: what the work takes when nothing
/// else is going on.
pub type Times = [Duration; 3];

/// Runs statements that nothing is left of.
pub struct Bench<'a> {
    client: &'a Client,
    fresh: u64,
}

impl<'a> Bench<'a> {
    pub fn new(client: &'a Client) -> Self {
        Bench { client, fresh: 1_000_000_000 }
    }

    /// Measures an operation, taking turns so that all three meet the same disturbances.
    ///
    /// # Errors
    /// The sides do not answer alike, or the one who may do it cannot.
    pub async fn line(&mut self, case: &Case, operation: Operation) -> Result<Times, Error> {
        let key = self.key(case).await?;
        self.verify(case, operation, key).await?;
        let mut spent = [Duration::ZERO; 3];
        let mut runs = [0; 3];
        let mut shortest = [Duration::MAX; 3];
        for first in 0.. {
            let mut all_done = true;
            for turn in 0..3 {
                let side = (first + turn) % 3;
                let done = spent[side] >= LONG_ENOUGH && runs[side] >= RUNS;
                if done || spent[side] >= LONGEST {
                    continue;
                }
                all_done = false;
                let time = self.run(Side::ALL[side], case, operation, &case.claims, key).await?.1;
                spent[side] += time;
                runs[side] += 1;
                shortest[side] = shortest[side].min(time);
            }
            if all_done {
                break;
            }
        }
        Ok(shortest)
    }

    /// A row that may be read and written.
    async fn key(&self, case: &Case) -> Result<i64, Error> {
        let condition = (case.modify)(&case.claims);
        let sql = format!(
            "SELECT id FROM hand.{} WHERE {condition} ORDER BY id OFFSET 3 LIMIT 1",
            case.table
        );
        Ok(self.client.query_one(&sql, &[]).await?.try_get(0)?)
    }

    /// The three must agree, about the one to whom the case applies and about a stranger.
    async fn verify(&mut self, case: &Case, operation: Operation, key: i64) -> Result<(), Error> {
        for (claims, allowed) in [(&case.claims, true), (&STRANGER, false)] {
            let mut outcomes = Vec::new();
            for side in Side::ALL {
                outcomes.push(self.run(side, case, operation, claims, key).await?.0);
            }
            let alike = outcomes.iter().all(|outcome| *outcome == outcomes[0]);
            // What a stranger may read is for the case to say; that nothing is left to write is not.
            let right = match &outcomes[0] {
                Outcome::Rows(rows) => !allowed || !rows.is_empty(),
                Outcome::Written(rows) => *rows == if allowed { operation.writes() } else { 0 },
            };
            if !alike || !right {
                let (case, operation) = (case.name, operation.name());
                let who = claims.sub;
                return Err(format!("{case}, {operation}, as {who}: {outcomes:?}").into());
            }
        }
        Ok(())
    }

    /// One statement as the side's role, and how long the client waited for it.
    async fn run(
        &mut self,
        side: Side,
        case: &Case,
        operation: Operation,
        claims: &Claims,
        key: i64,
    ) -> Result<(Outcome, Duration), Error> {
        let role = if side == Side::ByHand { "by_hand" } else { case.role };
        let begin = format!(
            "BEGIN; SET LOCAL ROLE {role}; SELECT set_config('request.jwt.claims', '{}', true)",
            claims.json()
        );
        self.client.batch_execute(&begin).await?;
        let sql = operation.sql(side, case, claims, key, self.fresh);
        self.fresh += operation.writes();
        let start = Instant::now();
        let answer = self.client.simple_query(&sql).await;
        let time = start.elapsed();
        self.client.batch_execute("ROLLBACK").await?;
        let outcome = match answer {
            Ok(messages) => outcome(operation, &messages),
            // Row security refuses the new row; by hand it is left out. Both write nothing.
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                Outcome::Written(0)
            }
            Err(error) => return Err(format!("{error:?} in {sql}").into()),
        };
        Ok((outcome, time))
    }
}

fn outcome(operation: Operation, messages: &[SimpleQueryMessage]) -> Outcome {
    if operation.writes() > 0 {
        let written = messages.iter().map(|message| match message {
            SimpleQueryMessage::CommandComplete(count) => *count,
            _ => 0,
        });
        return Outcome::Written(written.sum());
    }
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Outcome::Rows(rows.collect())
}
