//! Which migrations a database has had. A file that has been applied is never rewritten, never lost and
//! never overtaken: otherwise nobody knows what a database is.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::Error;
use super::migration::Migration;
use super::problem::Problem;
use super::records::{self, Record};

/// Where a migration stands in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// What the history says of it, where it was applied or begun.
    pub record: Option<Record>,
}

impl Status<'_> {
    /// What the history says of it, where it was applied.
    pub fn applied(&self) -> Option<&Record> {
        self.record.as_ref().filter(|record| record.duration.is_some())
    }

    /// Whether it runs outside a transaction, was begun and did not end: the next run begins it again.
    pub fn is_begun(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.duration.is_none())
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
    let (statuses, problems) = line_up(migrations, records::read(client).await?);
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
    Ok(statuses
        .into_iter()
        .filter(|one| one.applied().is_none())
        .map(|one| one.migration)
        .collect())
}

/// Puts files beside the history, and says all that is wrong.
pub(super) fn line_up(
    migrations: &[Migration],
    records: Vec<Record>,
) -> (Vec<Status<'_>>, Vec<Problem>) {
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
        let one = Status { migration, record: records.remove(&migration.version) };
        match (one.applied(), &last) {
            (Some(record), _) if record.checksum != migration.checksum() => {
                problems.push(Problem::Edited { file: migration.file() });
            }
            (None, Some(last)) if migration.version < last.version => {
                problems.push(Problem::OutOfOrder { file: migration.file(), last: last.file() });
            }
            (Some(_) | None, Some(_) | None) => {}
        }
        statuses.push(one);
    }
    problems.extend(records.values().map(|record| Problem::Missing { file: record.file() }));
    (statuses, problems)
}
