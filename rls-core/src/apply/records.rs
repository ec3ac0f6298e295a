//! The tables of the history: `rls.migrations` holds what a database has had, `rls.undone_migrations` what
//! was taken back since. Nobody but their owner can write to them.

use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, IsolationLevel, Row};

use super::migration::Migration;
use super::{Error, ask, begin};
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
    /// How long it took; none where it runs outside a transaction, was begun and did not end.
    pub duration: Option<Duration>,
    /// The version of this crate that applied it.
    pub tool_version: String,
    /// Whether it was entered without being run, for the database was adopted as it was.
    pub baseline: bool,
}

impl Record {
    /// `<version>_<name>`, as the file was called.
    pub fn file(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    fn new(row: &Row) -> Result<Record, tokio_postgres::Error> {
        let milliseconds: Option<i64> = row.try_get("duration_ms")?;
        Ok(Record {
            version: row.try_get("version")?,
            name: row.try_get("name")?,
            checksum: row.try_get("checksum")?,
            applied_at: row.try_get("applied_at")?,
            applied_by: row.try_get("applied_by")?,
            duration: milliseconds
                .map(|milliseconds| Duration::from_millis(milliseconds.unsigned_abs())),
            tool_version: row.try_get("tool_version")?,
            baseline: row.try_get("baseline")?,
        })
    }
}

const EXISTS: &str = "SELECT pg_catalog.to_regclass('rls.migrations') IS NOT NULL";

/// A history that an earlier version made has no column `baseline`.
const READ: &str = "SELECT version, name, checksum, applied_at::text AS applied_at, applied_by, duration_ms,
    tool_version, coalesce((pg_catalog.to_jsonb(history) ->> 'baseline')::boolean, false) AS baseline
FROM rls.migrations AS history ORDER BY version";

/// The whole history, by version; empty where there is none.
pub(super) async fn read(client: &Client) -> Result<Vec<Record>, Error> {
    if !ask(client, EXISTS, &[]).await? {
        return Ok(Vec::new());
    }
    let rows = client.query_typed(READ, &[]).await;
    let records = rows.and_then(|rows| rows.iter().map(Record::new).collect());
    Ok(records.map_err(|error| Failure::of(READ, error))?)
}

/// The last thing that [`CREATE`] makes.
const IS_COMPLETE: &str = "SELECT pg_catalog.to_regclass('rls.undone_migrations') IS NOT NULL";

const CREATE: &str = "CREATE SCHEMA IF NOT EXISTS rls;
REVOKE ALL ON SCHEMA rls FROM PUBLIC;
CREATE TABLE IF NOT EXISTS rls.migrations (
    version text PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT current_user,
    duration_ms bigint,
    tool_version text NOT NULL
);
ALTER TABLE rls.migrations ALTER COLUMN duration_ms DROP NOT NULL;
ALTER TABLE rls.migrations ADD COLUMN IF NOT EXISTS baseline boolean NOT NULL DEFAULT false;
REVOKE ALL ON TABLE rls.migrations FROM PUBLIC;
CREATE TABLE rls.undone_migrations (
    version text NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL,
    applied_by text NOT NULL,
    duration_ms bigint,
    tool_version text NOT NULL,
    baseline boolean NOT NULL,
    undone_at timestamptz NOT NULL DEFAULT now(),
    undone_by text NOT NULL DEFAULT current_user
);
REVOKE ALL ON TABLE rls.undone_migrations FROM PUBLIC";

const MARK: &str = "SELECT coalesce(pg_catalog.obj_description(
    pg_catalog.to_regnamespace('auth'), 'pg_namespace'), '')";

/// Creates the history where there is none, completes one of an earlier version, and tells whether a
/// stand-in is installed.
pub(super) async fn prepare(client: &mut Client) -> Result<bool, Error> {
    let failed = |query| move |error| Failure::of(query, error);
    let transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    if !ask(&transaction, IS_COMPLETE, &[]).await? {
        transaction.batch_execute(CREATE).await.map_err(failed(CREATE))?;
    }
    let row = transaction.query_typed_one(MARK, &[]).await.map_err(failed(MARK))?;
    let mark: String = row.try_get(0).map_err(failed(MARK))?;
    transaction.commit().await.map_err(failed("COMMIT"))?;
    Ok(mark.starts_with(STAND_IN_MARK))
}

/// What a run changes in the history.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    /// This migration was applied.
    Applied(&'a Migration),
    /// The migration of this version was undone.
    Undone(&'a str),
}

/// An entry that was begun gives way to the one of the run that ends.
const ENTER: &str =
    "INSERT INTO rls.migrations AS history (version, name, checksum, duration_ms, tool_version, baseline)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum,
    applied_at = excluded.applied_at, applied_by = excluded.applied_by,
    duration_ms = excluded.duration_ms, tool_version = excluded.tool_version
WHERE history.duration_ms IS NULL";

const REOPEN: &str = "UPDATE rls.migrations SET duration_ms = NULL WHERE version = $1";

const UNDO: &str = "WITH undone AS (DELETE FROM rls.migrations WHERE version = $1 RETURNING *)
INSERT INTO rls.undone_migrations
    (version, name, checksum, applied_at, applied_by, duration_ms, tool_version, baseline)
SELECT version, name, checksum, applied_at, applied_by, duration_ms, tool_version, baseline
FROM undone";

const IS_BEGUN: &str = "SELECT EXISTS (SELECT FROM rls.migrations
    WHERE version = $1 AND duration_ms IS NULL AND checksum = coalesce($2, checksum))";

impl Entry<'_> {
    /// Whether the same text was begun before, and never ended.
    pub(super) async fn is_begun(self, client: &impl GenericClient) -> Result<bool, Failure> {
        let (version, checksum) = match self {
            Entry::Applied(migration) => (migration.version.as_str(), Some(migration.checksum())),
            Entry::Undone(version) => (version, None),
        };
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&version, Type::TEXT), (&checksum, Type::TEXT)];
        let row = client.query_typed_one(IS_BEGUN, &values).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| Failure::of(IS_BEGUN, error))
    }

    /// Says that something begins that runs outside a transaction: where it never ends, the next run
    /// begins it again.
    pub(super) async fn begin(self, client: &impl GenericClient) -> Result<(), Failure> {
        match self {
            Entry::Applied(migration) => enter(client, migration, None, false).await,
            Entry::Undone(version) => of_version(client, REOPEN, version).await,
        }
    }

    /// Says that it ended.
    pub(super) async fn end(
        self,
        client: &impl GenericClient,
        duration: Duration,
    ) -> Result<(), Failure> {
        match self {
            Entry::Applied(migration) => enter(client, migration, Some(duration), false).await,
            Entry::Undone(version) => of_version(client, UNDO, version).await,
        }
    }
}

/// Enters a migration: begun where it has no duration yet.
pub(super) async fn enter(
    client: &impl GenericClient,
    migration: &Migration,
    duration: Option<Duration>,
    baseline: bool,
) -> Result<(), Failure> {
    let milliseconds =
        duration.map(|duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
    let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 6] = [
        (&migration.version, Type::TEXT),
        (&migration.name, Type::TEXT),
        (&migration.checksum(), Type::TEXT),
        (&milliseconds, Type::INT8),
        (&env!("CARGO_PKG_VERSION"), Type::TEXT),
        (&baseline, Type::BOOL),
    ];
    let entered = client.execute_typed(ENTER, &values).await;
    entered.map(drop).map_err(|error| Failure::of(ENTER, error))
}

async fn of_version(
    client: &impl GenericClient,
    statement: &str,
    version: &str,
) -> Result<(), Failure> {
    let done = client.execute_typed(statement, &[(&version, Type::TEXT)]).await;
    done.map(drop).map_err(|error| Failure::of(statement, error))
}
