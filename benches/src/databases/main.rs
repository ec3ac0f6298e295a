//! What one declaration costs in many databases of one server: `apply` to all of them, once more when there is
//! nothing to do, and `drift`, each beside the same on one database. The tool is a process of its own, so that
//! its memory is.
//!
//! `cargo bench -p rls-benches --bench databases -- --help` says what can be chosen.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use rls_devdb::{DevPostgres, Preference};

type Error = Box<dyn std::error::Error>;

/// Measures one declaration in many databases of a development Postgres.
#[derive(Parser)]
struct Args {
    /// How many databases there are.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1_000])]
    databases: Vec<usize>,
    /// How many of them at a time.
    #[arg(long, default_value_t = 8)]
    jobs: usize,
    /// What `cargo bench` says.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match compare(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is declared in each of them: a table for one tenant, and one for what it does.
const DECLARED: &str = r#"use rls_schema::Table;

#[derive(Table)]
#[rls(
    table = "projects",
    crud_policy(role = authenticated, read = auth_uid(owner), modify = auth_uid(owner)),
)]
pub struct Project {
    #[rls(primary_key, identity)]
    pub id: i64,
    #[rls(default = auth_uid())]
    pub owner: String,
    pub name: String,
}

#[derive(Table)]
#[rls(
    table = "tasks",
    crud_policy(
        role = authenticated,
        read = exists(Project, |project| project.id == project_id),
        modify = auth_uid(author),
    ),
)]
pub struct Task {
    #[rls(primary_key, identity)]
    pub id: i64,
    #[rls(references = projects(id), index)]
    pub project_id: i64,
    #[rls(default = auth_uid())]
    pub author: String,
    pub title: String,
}
"#;

async fn compare(args: &Args) -> Result<(), Error> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("databases");
    let project = place.join("project");
    std::fs::create_dir_all(project.join("src"))?;
    std::fs::write(
        project.join("rls.toml"),
        "provider = \"postgres\"\nroles = [\"authenticated\"]\n",
    )?;
    std::fs::write(project.join("src/schema.rs"), DECLARED)?;
    let tool = tool()?;
    let server = DevPostgres::start(&place.join("server"), Preference::Native).await?;
    println!("{}, {} at a time\n", server.engine(), args.jobs);
    println!("| databases | work | s | ms for each | of one | MB |");
    println!("| ---: | --- | ---: | ---: | ---: | ---: |");
    let mut one: Vec<f64> = Vec::new();
    for databases in &args.databases {
        eprintln!("making {databases} databases");
        let list = place.join("list");
        std::fs::write(&list, make(&server, *databases).await?.join("\n"))?;
        for (at, (name, words)) in WORK.iter().enumerate() {
            let mut command = Command::new(&tool);
            command.current_dir(&project).args(*words).arg("--databases").arg(&list);
            let cost = run(command.args(["--jobs", &args.jobs.to_string()]))?;
            let each = cost.wall.as_secs_f64() * 1_000.0 / *databases as f64;
            if at >= one.len() {
                one.push(each);
            }
            println!(
                "| {databases} | {name} | {:.1} | {each:.1} | {:.2} | {:.1} |",
                cost.wall.as_secs_f64(),
                each / one[at],
                cost.memory
            );
        }
        let admin = server.connect().await?;
        for at in 0..*databases {
            admin.batch_execute(&format!("DROP DATABASE tenant_{at}")).await?;
        }
    }
    server.stop().await?;
    Ok(())
}

/// What is measured, in this order.
const WORK: [(&str, &[&str]); 3] = [
    ("apply", &["apply", "--install-stand-in"]),
    ("apply again", &["apply"]),
    ("drift", &["drift"]),
];

async fn make(server: &DevPostgres, databases: usize) -> Result<Vec<String>, Error> {
    let admin = server.connect().await?;
    let mut urls = Vec::new();
    for at in 0..databases {
        let name = format!("tenant_{at}");
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await?;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        urls.push(server.url("postgres", &name).ok_or("the server has no address")?);
    }
    Ok(urls)
}

/// The command line as it is installed, without the Postgres inside the process.
fn tool() -> Result<PathBuf, Error> {
    let build = ["build", "--release", "--package", "rls-cli", "--no-default-features"];
    if !Command::new(env!("CARGO")).args(build).status()?.success() {
        return Err("the command line does not build".into());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target folder")?;
    Ok(target.join("release/cargo-rls"))
}

struct Cost {
    wall: Duration,
    /// The most that it held at once, in MB.
    memory: f64,
}

fn run(command: &mut Command) -> Result<Cost, Error> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut memory = 0.0;
    let status = loop {
        memory = held(child.id()).unwrap_or(memory);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let wall = begun.elapsed();
    if !status.success() {
        return Err(format!("{command:?} failed: {status}").into());
    }
    Ok(Cost { wall, memory })
}

/// Source: Linux manual, proc_pid_status(5): VmHWM, in kB; gone when the process has ended.
fn held(process: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
