//! The folder of migrations: numbered SQL files that are never rewritten, and the snapshot of the
//! schema that they lead to.
//!
//! Names are `<YYYYMMDDHHMMSS>_<snake_name>.up.sql`, which sqlx reads as it is.

use std::io::Write;
use std::path::{Path, PathBuf};

use rls_core::apply::Migration;
use rls_core::model::Schema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const SNAPSHOT: &str = "schema.snapshot.json";
const SUFFIX: &str = ".up.sql";

/// What the migrations written so far lead to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    /// The version of this format.
    format: u32,
    /// The file that came with it.
    migration: String,
    schema: Schema,
}

const FORMAT: u32 = 1;

/// The schema of the last snapshot; that of a new database where there is none.
pub(crate) fn previous(folder: &Path) -> Result<Schema> {
    let path = folder.join(SNAPSHOT);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match read(folder)?.last() {
                None => Ok(Schema::new_database()),
                Some(last) => Err(Error::hint(
                    format!(
                        "{} is missing, and there are migrations up to {}",
                        path.display(),
                        last.file()
                    ),
                    "take it from version control: what they lead to is written there",
                )),
            };
        }
        Err(error) => return Err(Error::user(format!("cannot read {}: {error}", path.display()))),
    };
    let damaged = |what: String| {
        Error::hint(
            format!("{}: {what}", path.display()),
            "take the file from version control; it is written by `cargo rls generate` only",
        )
    };
    let snapshot: Snapshot =
        serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if snapshot.format != FORMAT {
        return Err(Error::hint(
            format!(
                "{} has format {}, and this cargo rls writes format {FORMAT}",
                path.display(),
                snapshot.format
            ),
            "use the version of cargo rls that wrote it",
        ));
    }
    if !folder.join(&snapshot.migration).is_file() {
        return Err(Error::hint(
            format!("the migration {} is missing in {}", snapshot.migration, folder.display()),
            "the snapshot was written with it: take the file from version control",
        ));
    }
    Ok(snapshot.schema)
}

/// Every migration, in order. Mistakes in file names are told together.
pub(crate) fn read(folder: &Path) -> Result<Vec<Migration>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Error::user(format!("cannot read {}: {error}", folder.display())));
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry
            .map_err(|error| Error::user(format!("cannot read {}: {error}", folder.display())))?;
        files.push(entry.file_name().to_string_lossy().into_owned());
    }
    files.sort();
    let mut migrations: Vec<Migration> = Vec::new();
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.ends_with(".sql") && !file.ends_with(".down.sql")) {
        let Some((version, name)) = parts(file) else {
            problems.push(format!("{file} is not called <YYYYMMDDHHMMSS>_<snake_name>{SUFFIX}"));
            continue;
        };
        if let Some(twin) = migrations.iter().find(|other| other.version == version) {
            problems.push(format!("{file} has the same version as {}_{}", twin.version, twin.name));
            continue;
        }
        match std::fs::read_to_string(folder.join(file)) {
            Ok(sql) => migrations.push(Migration {
                version: version.to_owned(),
                name: name.to_owned(),
                sql,
            }),
            Err(error) => problems.push(format!("cannot read {file}: {error}")),
        }
    }
    if problems.is_empty() {
        Ok(migrations)
    } else {
        Err(Error::user(format!("{}: {}", folder.display(), problems.join("; "))))
    }
}

fn parts(file: &str) -> Option<(&str, &str)> {
    let (version, name) = file.strip_suffix(SUFFIX)?.split_once('_')?;
    let numbered = version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit());
    (numbered && is_snake(name)).then_some((version, name))
}

pub(crate) fn is_snake(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Writes a migration and the snapshot that it leads to. The migration comes first: a snapshot
/// never tells of a file that is not there.
pub(crate) fn write(folder: &Path, name: &str, sql: &str, schema: &Schema) -> Result<PathBuf> {
    let unwritable = |path: &Path, error: &std::io::Error| {
        Error::hint(
            format!("cannot write {}: {error}", path.display()),
            "nothing was changed; look at the space and the permissions of the folder",
        )
    };
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let last = read(folder)?.pop().map(|migration| migration.version);
    let file = format!("{}_{name}{SUFFIX}", version(last.as_deref())?);
    let path = folder.join(&file);
    let snapshot = Snapshot { format: FORMAT, migration: file, schema: schema.clone() };
    let mut json = serde_json::to_string_pretty(&snapshot)
        .map_err(|error| Error::Internal(format!("cannot write a schema as JSON: {error}")))?;
    json.push('\n');
    let snapshot = folder.join(SNAPSHOT);
    // Both are on the disk before either has its name.
    let prepared = [prepare(&path, sql), prepare(&snapshot, &json)];
    for (result, failed) in prepared.iter().zip([&path, &snapshot]) {
        if let Err(error) = result {
            for prepared in [&path, &snapshot] {
                let _ = std::fs::remove_file(temporary(prepared));
            }
            return Err(unwritable(failed, error));
        }
    }
    std::fs::rename(temporary(&path), &path).map_err(|error| unwritable(&path, &error))?;
    std::fs::rename(temporary(&snapshot), &snapshot).map_err(|error| {
        let _ = std::fs::remove_file(&path);
        unwritable(&snapshot, &error)
    })?;
    Ok(path)
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn prepare(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create(temporary(path))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Now, in UTC, but always after the last one.
fn version(last: Option<&str>) -> Result<String> {
    let now = chrono::Utc::now().format("%Y%m%d%H%M%S").to_string();
    match last {
        Some(last) if last >= now.as_str() => {
            let number: u64 =
                last.parse().map_err(|_| Error::Internal(format!("`{last}` is no version")))?;
            Ok(format!("{:014}", number + 1))
        }
        _ => Ok(now),
    }
}
