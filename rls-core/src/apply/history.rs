//! Which migrations a database has had, and running those it has not. A file that has been applied
//! is never rewritten, never lost and never overtaken: otherwise nobody knows what a database is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel};

use super::migration::{Migration, skip_extensions};
use super::script::Script;
use super::{Error, begin, lock};
use crate::catalog::Failure;
use crate::render::STAND_IN_MARK;

/// A migration that a database has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its version.
    pub version: String,
    /// Its name at the time.
    pub name: String,
    /// Its checksum at the time.
    pub checksum: String,
    /// When, as the server prints it.
    pub applied_at: String,
    /// As which role.
    pub applied_by: String,
}

/// Where a migration stands in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// What the history says of it, unless it is pending.
    pub applied: Option<Record>,
}

/// A migration that has just been applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// How long it took.
    pub duration: Duration,
    /// Statements that were left out because a stand-in takes the extension's place.
    pub skipped: Vec<String>,
}

/// How files and history do not fit, or why a file cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Two files have one version.
    Twice {
        /// The version.
        version: String,
    },
    /// The text is not the one that was applied.
    Edited {
        /// The file.
        file: String,
    },
    /// It was applied and its file is gone.
    Missing {
        /// The file.
        file: String,
    },
    /// It is pending and an applied one comes after it.
    OutOfOrder {
        /// The file.
        file: String,
        /// The last one that was applied.
        last: String,
    },
    /// It holds a statement that would break its transaction.
    Refused {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The statement's key word.
        statement: String,
    },
    /// It ends in the middle of something.
    Unreadable {
        /// The file.
        file: String,
        /// The line where that begins.
        line: usize,
        /// What it is.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Twice { version } => {
                write!(f, "two migrations have the version {version}: give one of them another")
            }
            Problem::Edited { file } => write!(
                f,
                "migration {file} was edited after it was applied: restore it, and put the change into a new one"
            ),
            Problem::Missing { file } => {
                write!(f, "migration {file} was applied and its file is gone: restore it")
            }
            Problem::OutOfOrder { file, last } => write!(
                f,
                "migration {file} is pending and comes before {last}, which was applied: give it a later version"
            ),
            Problem::Refused { file, line, statement } => write!(
                f,
                "migration {file}, line {line}: {statement} cannot stand in a migration, which runs in a transaction of its own"
            ),
            Problem::Unreadable { file, line, reason } => {
                write!(f, "migration {file}, line {line}: {reason}")
            }
        }
    }
}

/// Where each migration stands, by version.
///
/// # Errors
/// The files do not fit the history, or the database does not answer.
pub async fn status<'a>(
    client: &Client,
    migrations: &'a [Migration],
) -> Result<Vec<Status<'a>>, Error> {
    let (statuses, problems) = line_up(migrations, read(client).await?);
    if problems.is_empty() { Ok(statuses) } else { Err(Error::Migrations(problems)) }
}

/// The migrations that the database has not had, by version.
///
/// # Errors
/// The files do not fit the history, or the database does not answer.
pub async fn pending<'a>(
    client: &Client,
    migrations: &'a [Migration],
) -> Result<Vec<&'a Migration>, Error> {
    let statuses = status(client, migrations).await?;
    Ok(statuses.into_iter().filter(|one| one.applied.is_none()).map(|one| one.migration).collect())
}

/// Applies what is pending, each migration in a transaction of its own together with its entry in
/// the history. Another run is waited for, up to half a minute. `on_start` hears of each migration
/// before it runs: which one, of how many, and itself.
///
/// # Errors
/// Everything that is wrong with files and history, before anything runs; or the first statement
/// that fails, when the migrations before it stay applied.
pub async fn migrate(
    client: &mut Client,
    migrations: &[Migration],
    on_start: &mut dyn FnMut(usize, usize, &Migration),
) -> Result<Vec<Applied>, Error> {
    lock::until_release(client).await?;
    let applied = migrate_locked(client, migrations, on_start).await;
    let released = lock::release(client).await;
    let applied = applied?;
    released?;
    Ok(applied)
}

async fn migrate_locked(
    client: &mut Client,
    migrations: &[Migration],
    on_start: &mut dyn FnMut(usize, usize, &Migration),
) -> Result<Vec<Applied>, Error> {
    let records = read(client).await?;
    let (statuses, mut problems) = line_up(migrations, records);
    let mut scripts = Vec::new();
    for one in statuses.into_iter().filter(|one| one.applied.is_none()) {
        match one.migration.script() {
            Ok(script) => scripts.push((one.migration, script)),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Migrations(problems));
    }
    if scripts.is_empty() {
        return Ok(Vec::new());
    }
    let stand_in = prepare(client).await?;
    let total = scripts.len();
    let mut applied = Vec::new();
    for (at, (migration, mut script)) in scripts.into_iter().enumerate() {
        on_start(at + 1, total, migration);
        let skipped = if stand_in { skip_extensions(&mut script) } else { Vec::new() };
        let duration = run(client, migration, &script).await?;
        let Migration { version, name, sql: _ } = migration.clone();
        applied.push(Applied { version, name, duration, skipped });
    }
    Ok(applied)
}

/// Puts files beside the history, and says all that is wrong.
fn line_up(migrations: &[Migration], records: Vec<Record>) -> (Vec<Status<'_>>, Vec<Problem>) {
    let mut problems = Vec::new();
    let last = records.iter().max_by(|one, other| one.version.cmp(&other.version)).cloned();
    let mut records: BTreeMap<_, _> =
        records.into_iter().map(|record| (record.version.clone(), record)).collect();
    let mut sorted: Vec<_> = migrations.iter().collect();
    sorted.sort_by(|one, other| one.version.cmp(&other.version));
    let mut versions = BTreeSet::new();
    let mut statuses = Vec::new();
    for migration in sorted {
        if !versions.insert(&migration.version) {
            problems.push(Problem::Twice { version: migration.version.clone() });
            continue;
        }
        let applied = records.remove(&migration.version);
        match (&applied, &last) {
            (Some(record), _) if record.checksum != migration.checksum() => {
                problems.push(Problem::Edited { file: migration.file() });
            }
            (None, Some(last)) if migration.version < last.version => {
                problems.push(Problem::OutOfOrder { file: migration.file(), last: last.file() });
            }
            (Some(_) | None, Some(_) | None) => {}
        }
        statuses.push(Status { migration, applied });
    }
    problems.extend(records.values().map(|record| Problem::Missing { file: record.file() }));
    (statuses, problems)
}

impl Record {
    fn file(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

const EXISTS: &str = "SELECT pg_catalog.to_regclass('rls.migrations') IS NOT NULL";

const READ: &str = "SELECT version, name, checksum, applied_at::text AS applied_at, applied_by
FROM rls.migrations ORDER BY version";

async fn read(client: &Client) -> Result<Vec<Record>, Error> {
    let failed = |query| move |error| Failure::of(query, error);
    let row = client.query_typed_one(EXISTS, &[]).await.map_err(failed(EXISTS))?;
    if !row.try_get::<_, bool>(0).map_err(failed(EXISTS))? {
        return Ok(Vec::new());
    }
    let rows = client.query_typed(READ, &[]).await.map_err(failed(READ))?;
    let text = |row: &tokio_postgres::Row, column| row.try_get::<_, String>(column);
    let records = rows.iter().map(|row| {
        Ok(Record {
            version: text(row, "version")?,
            name: text(row, "name")?,
            checksum: text(row, "checksum")?,
            applied_at: text(row, "applied_at")?,
            applied_by: text(row, "applied_by")?,
        })
    });
    Ok(records.collect::<Result<_, _>>().map_err(failed(READ))?)
}

/// Where the history is kept. Nobody but its owner can write to it.
const CREATE: &str = "CREATE SCHEMA IF NOT EXISTS rls;
REVOKE ALL ON SCHEMA rls FROM PUBLIC;
CREATE TABLE rls.migrations (
    version text PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT current_user,
    duration_ms bigint NOT NULL,
    tool_version text NOT NULL
);
REVOKE ALL ON TABLE rls.migrations FROM PUBLIC";

const MARK: &str = "SELECT coalesce(pg_catalog.obj_description(
    pg_catalog.to_regnamespace('auth'), 'pg_namespace'), '')";

/// Creates the history where there is none, and tells whether a stand-in is installed.
async fn prepare(client: &mut Client) -> Result<bool, Error> {
    let failed = |query| move |error| Failure::of(query, error);
    let transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    let row = transaction.query_typed_one(EXISTS, &[]).await.map_err(failed(EXISTS))?;
    if !row.try_get::<_, bool>(0).map_err(failed(EXISTS))? {
        transaction.batch_execute(CREATE).await.map_err(failed(CREATE))?;
    }
    let row = transaction.query_typed_one(MARK, &[]).await.map_err(failed(MARK))?;
    let mark: String = row.try_get(0).map_err(failed(MARK))?;
    transaction.commit().await.map_err(failed("COMMIT"))?;
    Ok(mark.starts_with(STAND_IN_MARK))
}

const INSERT: &str =
    "INSERT INTO rls.migrations (version, name, checksum, duration_ms, tool_version)
VALUES ($1, $2, $3, $4, $5)";

const AFRESH: &str = "RESET ALL; RESET ROLE";

async fn run(
    client: &mut Client,
    migration: &Migration,
    script: &Script,
) -> Result<Duration, Error> {
    let in_file = |failure| Error::Migration { file: migration.file(), failure };
    let failed = |query| move |error| in_file(Box::new(Failure::of(query, error)));
    let begun = Instant::now();
    // What an earlier migration has set would otherwise reach this one, in this run and in no other.
    client.batch_execute(AFRESH).await.map_err(failed(AFRESH))?;
    let transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    script
        .run(&transaction, &mut |_| {})
        .await
        .map_err(|failed| in_file(failed.in_text(script)))?;
    let duration = begun.elapsed();
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let entry = transaction
        .execute_typed(
            INSERT,
            &[
                (&migration.version, Type::TEXT),
                (&migration.name, Type::TEXT),
                (&migration.checksum(), Type::TEXT),
                (&milliseconds, Type::INT8),
                (&env!("CARGO_PKG_VERSION"), Type::TEXT),
            ],
        )
        .await;
    entry.map_err(failed(INSERT))?;
    transaction.commit().await.map_err(failed("COMMIT"))?;
    Ok(duration)
}
