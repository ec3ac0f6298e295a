//! What can be said on the command line.

use std::ffi::OsString;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use rls_core::Provider;
use rls_core::apply::Patience;
use rls_core::plan::HazardKind;

/// Row-level security as code for Postgres.
#[derive(Parser)]
#[command(name = "cargo rls", bin_name = "cargo rls", version, about, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 nothing to do or done, 1 error, 2 there is a difference.")]
pub(crate) struct Args {
    /// The folder of rls.toml
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The command to run
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write a first rls.toml
    Init {
        /// Who verifies the token: neon, supabase or postgres
        #[arg(long, value_parser = provider, default_value = "neon")]
        provider: Provider,
    },
    /// Read every declaration and report all mistakes, and what looks like one
    Check(CheckArgs),
    /// List the lints, or explain one
    Lint {
        /// The lint to explain
        #[arg(long, value_name = "NAME")]
        explain: Option<String>,
    },
    /// Show what the policies of a table compile to, and why
    Explain(ExplainArgs),
    /// Print the SQL that makes the schema in an empty database
    Sql,
    /// Compare a database with the declaration; exit 2 where they differ
    Diff(DiffArgs),
    /// Tell what was changed by hand, one finding a line; exit 2 where there is one
    Drift(ManyArgs),
    /// Make a database hold what is declared, in one transaction
    Apply(ApplyArgs),
    /// Write a migration for what changed since the last one; needs no database
    Generate(GenerateArgs),
    /// Apply the migrations that a database has not seen yet
    Migrate(MigrateArgs),
    /// Undo the migration that was applied last, by the file that was written with it
    Undo {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Allow a hazard that undoing has; several with commas between
        #[arg(long, value_name = "HAZARD", value_delimiter = ',')]
        allow: Vec<HazardKind>,
        #[command(flatten)]
        patience: PatienceArgs,
    },
    /// Tell which migrations a database has had; exit 2 where some are pending
    Status {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Enter all migrations as applied, in a database that holds already what they lead to
    Baseline {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Run all migrations on a scratch Postgres; exit 2 where they lead elsewhere than the snapshot says
    Replay {
        /// Then undo them all, and run them again
        #[arg(long)]
        undo: bool,
    },
    /// Make migrations, snapshot and declaration fit each other again, after a merge
    Repair {
        /// First give this migration a version later than all others
        #[arg(long, value_name = "FILE")]
        later: Option<String>,
        /// Allow a hazard of the migration that is added: loses-data
        #[arg(long, value_name = "HAZARD", value_delimiter = ',')]
        allow: Vec<HazardKind>,
    },
    /// Write what a database holds as declarations
    Pull(PullArgs),
    /// Write what another tool knows of a database as declarations; needs no database
    Import {
        /// Which tool
        #[command(subcommand)]
        from: From,
    },
    /// Run one statement as a role with claims, and roll it back
    Query {
        /// The SQL statement
        sql: String,
        #[command(flatten)]
        database: DatabaseArgs,
        /// The role to run as
        #[arg(long)]
        role: String,
        /// The subject of the token: its claim `sub`
        #[arg(long)]
        sub: Option<String>,
        /// All claims, as a JSON object
        #[arg(long, value_name = "JSON")]
        claims: Option<String>,
        /// Keep what the statement changed
        #[arg(long)]
        commit: bool,
    },
}

impl Command {
    /// Whether it was asked for JSON by an option of its own.
    pub(crate) fn prints_json(&self) -> bool {
        matches!(self, Command::Check(CheckArgs { format: Format::Json, .. }))
    }
}

#[derive(clap::Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Plan for tables that are read and written meanwhile
    #[arg(long)]
    pub(crate) online: bool,
    /// What to print the plan as; `--json` is for programs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: PlanFormat,
    /// Write the plan into a file, to be reviewed and applied later
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct GenerateArgs {
    /// What the migration is called; made up from the changes where it is left out
    pub(crate) name: Option<String>,
    /// Write nothing; exit 2 where a migration is missing
    #[arg(long)]
    pub(crate) check: bool,
    /// For tables that are read and written meanwhile: indexes are built, and constraints proven, in
    /// migrations of their own
    #[arg(long)]
    pub(crate) online: bool,
    /// For `--check`: what to print the plan as
    #[arg(long, value_enum, default_value_t, requires = "check")]
    pub(crate) format: PlanFormat,
    /// Allow a hazard: loses-data
    #[arg(long, value_name = "HAZARD", value_delimiter = ',')]
    pub(crate) allow: Vec<HazardKind>,
}

/// For whom plans are written.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// People at a terminal
    #[default]
    Text,
    /// Pull requests
    Markdown,
}

#[derive(clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    /// Allow hazards by name: loses-data, widens-access, narrows-access, drops-undeclared, rewrites-table,
    /// blocks-reads, blocks-writes, outside-transaction, irreversible
    #[arg(long, value_name = "HAZARD", value_delimiter = ',')]
    pub(crate) allow: Vec<HazardKind>,
    /// Keep nobody from reading and writing for long: build indexes and prove constraints behind the
    /// transaction
    #[arg(long)]
    pub(crate) online: bool,
    /// Apply this plan, which `diff --out` wrote, and no other
    #[arg(long, value_name = "FILE", conflicts_with = "online")]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
}

#[derive(clap::Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    /// Allow a hazard that a migration states; several with commas between
    #[arg(long, value_name = "HAZARD", value_delimiter = ',')]
    pub(crate) allow: Vec<HazardKind>,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
}

/// One database, or a list of them.
#[derive(clap::Args)]
pub(crate) struct ManyArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// A file with the URL of a database on each line, to run on all of them
    #[arg(long, value_name = "FILE", conflicts_with = "database_url")]
    pub(crate) databases: Option<PathBuf>,
    /// How many of them at a time
    #[arg(long, value_name = "NUMBER", default_value = "8")]
    pub(crate) jobs: NonZeroU16,
}

/// How long to wait for locks.
#[derive(clap::Args)]
pub(crate) struct PatienceArgs {
    /// How long to wait for a lock before giving way: 5s, 500ms; 0s waits for ever
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "5s")]
    lock_timeout: Duration,
    /// How long a statement that keeps others waiting may take [default: what the server has]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    statement_timeout: Option<Duration>,
    /// How often to try in all where a lock is not to be had
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    lock_attempts: NonZeroU16,
}

impl PatienceArgs {
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            lock_timeout: self.lock_timeout,
            statement_timeout: self.statement_timeout,
            attempts: u16::from(self.lock_attempts).into(),
        }
    }
}

#[derive(Clone, clap::Args)]
pub(crate) struct DatabaseArgs {
    /// The database [default: what rls.toml names, else $DATABASE_URL, else a development Postgres]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Put a stand-in for the provider's functions and roles into a development database
    #[arg(long)]
    pub(crate) install_stand_in: bool,
}

#[derive(clap::Args)]
pub(crate) struct PullArgs {
    /// The folder to write rls.toml and src/schema.rs into [default: that of `--project`]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A schema to read; may be given several times
    #[arg(long = "schema", value_name = "NAME", default_value = "public")]
    pub(crate) schemas: Vec<String>,
    /// Who verifies the token [default: by the functions that the database has]
    #[arg(long, value_parser = provider)]
    pub(crate) provider: Option<Provider>,
    /// Write over files that are there
    #[arg(long)]
    pub(crate) write: bool,
    /// The database [default: $DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

/// From where declarations can be taken over.
#[derive(Subcommand)]
pub(crate) enum From {
    /// A snapshot of drizzle-kit (version 7, for Postgres)
    Drizzle(ImportArgs),
}

#[derive(clap::Args)]
pub(crate) struct ImportArgs {
    /// A `meta/NNNN_snapshot.json`, or the folder with `meta` in it for the latest one
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The folder to write rls.toml and src/schema.rs into [default: that of `--project`]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Who verifies the token [default: by the functions that policies call]
    #[arg(long, value_parser = provider)]
    pub(crate) provider: Option<Provider>,
    /// Change nothing in a database that Drizzle made: predicates stay its SQL, and neither privileges
    /// nor indexes follow from policies
    #[arg(long)]
    pub(crate) exact: bool,
    /// Write over files that are there
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    /// What to print the findings as; `--json` is the same as `--format json`
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Fail where there are warnings
    #[arg(long, short = 'D', value_enum, value_name = "WHAT")]
    pub(crate) deny: Vec<Deny>,
}

/// For whom findings are written.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// People
    #[default]
    Text,
    /// Programs
    Json,
    /// GitHub Actions: workflow commands
    Github,
    /// Code scanning: SARIF 2.1.0
    Sarif,
}

/// What fails besides errors.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Every warning
    Warnings,
}

#[derive(clap::Args)]
pub(crate) struct ExplainArgs {
    /// The table: its name, with or without the schema, or that of its struct
    pub(crate) table: String,
    /// Ask a database how it would run statements under these policies
    #[arg(long)]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// For `--plan`: the subject of the token [default: a made-up one]
    #[arg(long)]
    pub(crate) sub: Option<String>,
    /// For `--plan`: all claims, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) claims: Option<String>,
}

fn provider(name: &str) -> Result<Provider, String> {
    match name {
        "neon" => Ok(Provider::Neon),
        "supabase" => Ok(Provider::Supabase),
        "postgres" => Ok(Provider::Postgres),
        _ => Err("it is neon, supabase or postgres".to_owned()),
    }
}

/// `cargo rls check` runs `cargo-rls rls check`.
pub(crate) fn without_subcommand_name(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<_> = args.collect();
    if args.get(1).is_some_and(|first| first == "rls") {
        args.remove(1);
    }
    args
}
