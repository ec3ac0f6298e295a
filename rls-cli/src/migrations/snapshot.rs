//! The snapshot: what the migrations written so far lead to, and which they are. It is what two branches
//! that have each added a migration cannot both change, so that a merge never passes unseen.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rls_core::model::Schema;
use serde::{Deserialize, Serialize};

use super::{Entry, Folder};
use crate::error::{Error, Result};

/// The name of the file.
pub(super) const SNAPSHOT: &str = "schema.snapshot.json";

/// The version of the format that is written.
const FORMAT: u32 = 2;

/// What is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    format: u32,
    /// The migrations that lead to it, by what they are called in the folder.
    migrations: BTreeSet<String>,
    schema: Schema,
}

/// What was written before: the last migration only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot1 {
    #[serde(rename = "format")]
    _format: u32,
    migration: String,
    schema: Schema,
}

const REPAIR: &str = "`cargo rls repair` runs all migrations on a scratch Postgres, adds one where they do not \
                      lead to what is declared, and writes the snapshot anew";

impl Folder {
    /// The schema that the migrations lead to; that of a new database where there are none. Whatever
    /// does not fit between snapshot and folder is an error.
    pub(crate) fn previous(&self) -> Result<Schema> {
        let entries = self.entries()?;
        let path = self.snapshot_path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return match entries.last() {
                    None => Ok(Schema::new_database()),
                    Some(last) => Err(Error::hint(
                        format!(
                            "{} is missing, and there are migrations up to {}",
                            path.display(),
                            last.file
                        ),
                        format!("take it from version control; without one, {REPAIR}"),
                    )),
                };
            }
            Err(error) => {
                return Err(Error::user(format!("cannot read {}: {error}", path.display())));
            }
        };
        let (included, schema) = self.parse(&text, &entries)?;
        let problems = misfits(&entries, &included);
        if problems.is_empty() {
            return Ok(schema);
        }
        Err(Error::hint(format!("{}: {}", self.path.display(), problems.join("; ")), REPAIR))
    }

    /// Whether the snapshot is not what would be written of the migrations that are there.
    pub(crate) fn is_stale(&self, schema: &Schema) -> Result<bool> {
        let included = self.entries()?.into_iter().map(|entry| entry.file).collect();
        let text = text(included, schema)?;
        Ok(std::fs::read_to_string(self.snapshot_path()).ok().as_ref() != Some(&text))
    }

    pub(super) fn has_snapshot(&self) -> bool {
        self.snapshot_path().exists()
    }

    pub(crate) fn snapshot_path(&self) -> PathBuf {
        self.path.join(SNAPSHOT)
    }

    pub(super) fn parse(
        &self,
        text: &str,
        entries: &[Entry],
    ) -> Result<(BTreeSet<String>, Schema)> {
        let path = self.snapshot_path();
        if text.lines().any(|line| line.starts_with("<<<<<<< ")) {
            let conflict = format!(
                "{} holds the conflict of a merge: both branches have added a migration",
                path.display()
            );
            let problems = std::iter::once(conflict).chain(super::twins(entries));
            return Err(Error::hint(problems.collect::<Vec<_>>().join("; "), REPAIR));
        }
        let damaged = |error: serde_json::Error| {
            Error::hint(
                format!("{}: {error}", path.display()),
                format!("take the file from version control; without one, {REPAIR}"),
            )
        };
        match format(text).map_err(damaged)? {
            1 => {
                let Snapshot1 { _format, migration, schema } =
                    serde_json::from_str(text).map_err(damaged)?;
                // It did not say which others there were.
                let there = entries.iter().map(|entry| entry.file.clone());
                Ok((there.chain([migration]).collect(), schema))
            }
            FORMAT => {
                let Snapshot { format: _, migrations, schema } =
                    serde_json::from_str(text).map_err(damaged)?;
                Ok((migrations, schema))
            }
            other => Err(Error::hint(
                format!(
                    "{} has format {other}, and this cargo rls writes format {FORMAT}",
                    path.display()
                ),
                "use the version of cargo rls that wrote it",
            )),
        }
    }
}

/// The text of a snapshot.
pub(super) fn text(migrations: BTreeSet<String>, schema: &Schema) -> Result<String> {
    let snapshot = Snapshot { format: FORMAT, migrations, schema: schema.clone() };
    let json = serde_json::to_string_pretty(&snapshot)
        .map_err(|error| Error::Internal(format!("cannot write a schema as JSON: {error}")))?;
    Ok(json + "\n")
}

fn format(text: &str) -> std::result::Result<u32, serde_json::Error> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    serde_json::from_str::<Format>(text).map(|Format { format }| format)
}

/// How the folder is not what the snapshot says of it.
fn misfits(entries: &[Entry], included: &BTreeSet<String>) -> Vec<String> {
    let there: BTreeSet<_> = entries.iter().map(|entry| &entry.file).collect();
    let mut problems = super::twins(entries);
    problems.extend(entries.iter().filter(|entry| !included.contains(&entry.file)).map(|entry| {
        format!(
            "the snapshot does not include {}: it comes from a merge, or was written by hand",
            entry.file
        )
    }));
    problems.extend(included.iter().filter(|file| !there.contains(file)).map(|file| {
        format!(
            "the snapshot includes {file}, and there is no such migration: it was lost, or renamed"
        )
    }));
    problems
}
