//! What row security costs: each operation under compiled policies, beside the condition written by
//! hand without row security, and beside policies as they are usually written.
//!
//! `cargo bench -p rls-benches -- --help` says what can be chosen.

mod cases;
mod data;
mod measure;
mod report;
mod statement;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use rls_devdb::{DevPostgres, Preference};

use measure::Bench;
use report::{Line, Style, report};
use statement::Operation;

type Error = Box<dyn std::error::Error>;

/// Measures policies on a development Postgres.
#[derive(Parser)]
struct Args {
    /// Only lines that have this in their name, such as "member of" or "insert".
    filter: Option<String>,
    /// How many rows the tables have.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    rows: Vec<u64>,
    /// Ten thousand rows only: whether it works, not how fast it is.
    #[arg(long, conflicts_with = "rows")]
    quick: bool,
    /// A table for a page.
    #[arg(long)]
    markdown: bool,
    /// What `cargo bench` says.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<String, Error> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies");
    let server = DevPostgres::start(&dir, Preference::Any).await?;
    let mut sizes = if args.quick { vec![10_000] } else { args.rows };
    sizes.sort_unstable();
    let mut lines = Vec::new();
    for rows in sizes {
        measure(&server, rows, args.filter.as_deref().unwrap_or_default(), &mut lines).await?;
    }
    let style = if args.markdown { Style::Markdown } else { Style::Text };
    let report = format!("{}\n\n{}", server.engine(), report(&lines, style));
    server.stop().await?;
    Ok(report)
}

/// Every line at one size.
async fn measure(
    server: &DevPostgres,
    rows: u64,
    filter: &str,
    lines: &mut Vec<Line>,
) -> Result<(), Error> {
    eprintln!("{rows} rows: filling the tables");
    let client = data::fill(server, rows).await?;
    let mut bench = Bench::new(&client);
    for operation in Operation::ALL {
        for case in cases::cases(rows) {
            let (case_name, operation_name) = (case.name, operation.name());
            if !format!("{case_name}, {operation_name}").contains(filter) {
                continue;
            }
            eprintln!("{rows} rows: {case_name}, {operation_name}");
            let times = bench.line(&case, operation).await?;
            lines.push(Line { case: case_name, operation: operation_name, rows, times });
            if operation.writes() > 0 {
                data::clean(&client, case.table).await?;
            }
        }
    }
    drop(client);
    data::drop_database(server, rows).await
}
