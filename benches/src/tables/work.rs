//! What is measured.

use std::time::Instant;

use clap::ValueEnum;
use rls_core::{apply, plan};

use crate::Error;
use crate::counted::connect;
use crate::process::Cost;
use crate::schema::{Change, compiled, declared};

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Declared tables become a schema and its SQL.
    Compile,
    /// The difference to a database without tables.
    Empty,
    /// The difference to a database that has all of it.
    Identical,
    /// The difference to a database in which each hundredth table is otherwise.
    Changed,
}

impl Work {
    pub const ALL: [Work; 4] = [Work::Compile, Work::Empty, Work::Identical, Work::Changed];

    pub fn name(self) -> &'static str {
        match self {
            Work::Compile => "compile",
            Work::Empty => "empty",
            Work::Identical => "identical",
            Work::Changed => "changed",
        }
    }

    pub fn asks_a_database(self) -> bool {
        self != Work::Compile
    }
}

/// Does it once and says what it cost.
///
/// # Errors
/// It cannot be done, or its outcome is not what it must be.
pub async fn run(work: Work, tables: usize, url: &str) -> Result<String, Error> {
    let change = if work == Work::Changed { Change::Hundredth } else { Change::None };
    let declared = declared(tables, change)?;
    let start = Instant::now();
    let schema = compiled(declared)?;
    if work == Work::Compile {
        let sql = plan::from_nothing(&schema).to_sql();
        let cost = Cost::since(start, None);
        return if sql.is_empty() { Err("no SQL".into()) } else { Ok(cost.text()) };
    }
    let (mut client, requests) = connect(url).await?;
    let plan = apply::compare(&mut client, &schema).await?.plan;
    let cost = Cost::since(start, Some(requests.count()));
    let steps = plan.steps.len();
    let fits = match work {
        Work::Identical => steps == 0,
        // A policy is dropped and created, and a column added.
        Work::Changed => steps == 3 * tables.div_ceil(100),
        Work::Compile | Work::Empty => steps >= tables,
    };
    if fits { Ok(cost.text()) } else { Err(format!("{steps} steps: {}", plan.to_sql()).into()) }
}
