//! What many tables cost: compiling them, and comparing them with a database, beside `pg_dump -s` as
//! the least that reading a schema takes. Each measurement is a process of its own, so that its memory
//! is its own.
//!
//! `cargo bench -p rls-benches --bench tables -- --help` says what can be chosen.

mod counted;
mod process;
mod schema;
mod work;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use rls_core::plan;
use rls_devdb::{DevPostgres, Engine, Preference};

use process::Cost;
use schema::{Change, compiled, declared};
use work::Work;

type Error = Box<dyn std::error::Error>;

/// Measures schemas of many tables on a development Postgres.
#[derive(Parser)]
struct Args {
    /// How many tables there are.
    #[arg(long, value_delimiter = ',', default_values_t = [250, 500, 1_000, 2_000])]
    tables: Vec<usize>,
    /// How often each is measured; the shortest time counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// One measurement, in this process.
    #[arg(long, hide = true)]
    work: Option<Work>,
    /// The database of that measurement.
    #[arg(long, hide = true, default_value = "")]
    url: String,
    /// What `cargo bench` says.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.work {
        Some(work) => work::run(work, args.tables[0], &args.url).await,
        None => compare(&args).await,
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every measurement at every size.
async fn compare(args: &Args) -> Result<String, Error> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tables");
    let server = DevPostgres::start(&dir, Preference::Any).await?;
    let mut report = format!(
        "{}\n\n| tables | work | ms | CPU ms | MB | requests | of pg_dump -s |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n",
        server.engine()
    );
    for tables in &args.tables {
        eprintln!("{tables} tables: filling the database");
        let (full, empty) = databases(&server, *tables).await?;
        let floor = pg_dump(&server, &full, args.runs)?;
        line(&mut report, *tables, "pg_dump -s", &floor, None)?;
        for work in Work::ALL {
            let url = if work == Work::Empty { &empty } else { &full };
            let mut best: Option<Cost> = None;
            for _ in 0..args.runs {
                let cost = measure(work, *tables, url)?;
                best = Some(best.map_or(cost, |best| best.or_faster(cost)));
            }
            let best = best.ok_or("no runs")?;
            let floor = (work.asks_a_database()).then_some(&floor);
            line(&mut report, *tables, work.name(), &best, floor)?;
        }
    }
    server.stop().await?;
    Ok(report)
}

/// A database with all of the tables, and one without.
async fn databases(server: &DevPostgres, tables: usize) -> Result<(String, String), Error> {
    let admin = server.connect().await?;
    let (full, empty) = (format!("tables_{tables}"), format!("no_tables_{tables}"));
    for name in [&full, &empty] {
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await?;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    }
    for role in schema::ROLES {
        let there = admin.query("SELECT FROM pg_roles WHERE rolname = $1", &[&role]).await?;
        if there.is_empty() {
            admin.batch_execute(&format!("CREATE ROLE {role}")).await?;
        }
    }
    let client = server.connect_as("postgres", &full).await?;
    // In pieces: one transaction would hold more locks than the server has room for.
    let mut plan = plan::from_nothing(&compiled(declared(tables, Change::None)?)?);
    while !plan.is_empty() {
        let rest = plan.steps.split_off(plan.steps.len().min(500));
        client.batch_execute(&plan.to_sql()).await?;
        plan.steps = rest;
    }
    client.batch_execute("ANALYZE").await?;
    let url = |name: &str| server.url("postgres", name).ok_or("the server has no address");
    Ok((url(&full)?, url(&empty)?))
}

/// The floor: what the server's own tool takes to read a schema.
fn pg_dump(server: &DevPostgres, url: &str, runs: usize) -> Result<Cost, Error> {
    let Engine::Native { bin, .. } = server.engine() else {
        return Err("pg_dump needs a Postgres of this machine".into());
    };
    let tool = bin.join("pg_dump");
    let mut best: Option<Cost> = None;
    for _ in 0..runs {
        let cost = process::of(Command::new(&tool).args(["-s", "-d", url]))?;
        best = Some(best.map_or(cost, |best| best.or_faster(cost)));
    }
    Ok(best.ok_or("no runs")?)
}

fn measure(work: Work, tables: usize, url: &str) -> Result<Cost, Error> {
    let this: PathBuf = std::env::current_exe()?;
    let output = Command::new(this)
        .args(["--work", work.name(), "--tables", &tables.to_string(), "--url", url])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Cost::parse(&String::from_utf8_lossy(&output.stdout))
}

fn line(
    report: &mut String,
    tables: usize,
    name: &str,
    cost: &Cost,
    floor: Option<&Cost>,
) -> Result<(), Error> {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.1}"));
    let ratio = floor.map(|floor| cost.wall / floor.wall);
    writeln!(
        report,
        "| {tables} | {name} | {:.1} | {} | {} | {} | {} |",
        cost.wall,
        number(cost.cpu),
        number(cost.memory),
        cost.requests.map_or(String::new(), |requests| requests.to_string()),
        ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"))
    )?;
    Ok(())
}
