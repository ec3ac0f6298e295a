//! One file a command. Each returns what it has to say; nobody prints but `output`.

mod apply;
mod baseline;
mod check;
mod diff;
mod drift;
mod explain;
mod generate;
mod import;
mod init;
mod lint;
mod migrate;
mod pull;
mod query;
mod repair;
mod replay;
mod sql;
mod status;
mod undo;

use crate::args::{Args, Command, From};
use crate::error::Result;
use crate::output::Output;
use crate::project::Project;

pub(crate) async fn run(args: Args) -> Result<Output> {
    let root = args.project;
    match args.command {
        // These need no project.
        Command::Init { provider } => init::run(&root, provider),
        Command::Lint { explain } => lint::run(explain.as_deref()),
        Command::Pull(args) => pull::run(&root, &args).await,
        Command::Import { from: From::Drizzle(args) } => import::drizzle(&root, &args),
        command => of_project(&Project::open(&root)?, command).await,
    }
}

async fn of_project(project: &Project, command: Command) -> Result<Output> {
    match command {
        Command::Init { provider } => init::run(&project.root, provider),
        Command::Lint { explain } => lint::run(explain.as_deref()),
        Command::Pull(args) => pull::run(&project.root, &args).await,
        Command::Import { from: From::Drizzle(args) } => import::drizzle(&project.root, &args),
        Command::Check(args) => check::run(project, &args),
        Command::Explain(args) => explain::run(project, &args).await,
        Command::Sql => sql::run(project),
        Command::Diff(args) => diff::run(project, &args).await,
        Command::Drift(args) => drift::run(project, &args).await,
        Command::Apply(args) => apply::run(project, &args, &project.allowed(&args.allow)).await,
        Command::Generate(args) => generate::run(project, &args, &args.allow),
        Command::Migrate(args) => migrate::run(project, &args).await,
        Command::Undo { database, allow, patience } => {
            undo::run(project, &database, &allow, &patience.patience()).await
        }
        Command::Status { database } => status::run(project, &database).await,
        Command::Baseline { database } => baseline::run(project, &database).await,
        Command::Replay { undo } => replay::run(project, undo).await,
        Command::Repair { later, allow } => repair::run(project, later.as_deref(), &allow).await,
        Command::Query { sql, database, role, sub, claims, commit } => {
            let request = query::Request { sql, role, sub, claims, commit };
            query::run(project, &database, request).await
        }
    }
}
