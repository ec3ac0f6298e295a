//! Writing a migration and the snapshot that it leads to: both, or neither.

use std::io::Write;
use std::path::{Path, PathBuf};

use rls_core::model::Schema;

use super::snapshot;
use super::{Entry, Folder};
use crate::error::{Error, Result};

/// A migration that is to be written.
pub(crate) struct NewMigration {
    pub(crate) name: String,
    pub(crate) up: String,
    pub(crate) down: String,
}

impl Folder {
    /// Writes migrations, later than all others, and the snapshot. The migrations come first: a
    /// snapshot never tells of a file that is not there. Returns the files of the migrations.
    pub(crate) fn write(&self, new: &[NewMigration], schema: &Schema) -> Result<Vec<PathBuf>> {
        let mut included: Vec<Entry> = self.entries()?;
        let mut files = Vec::new();
        for NewMigration { name, up, down } in new {
            let last = included.last().map(|entry| entry.version.as_str());
            let version = version_after(last)?;
            let written = self.layout.files(&version, name, up, down);
            let refused = |problem| Error::user(format!("the migration {problem}"));
            files.extend(written.map_err(refused)?);
            let file = self.layout.entry(&version, name);
            included.push(Entry { version, name: name.clone(), file });
        }
        let written = files.iter().map(|(path, _)| self.path.join(path)).collect();
        let included = included.into_iter().map(|entry| entry.file).collect();
        files.push((snapshot::SNAPSHOT.into(), snapshot::text(included, schema)?));
        self.put(&files)?;
        Ok(written)
    }

    /// Everything is on the disk before anything has its name.
    fn put(&self, files: &[(PathBuf, String)]) -> Result<()> {
        let files: Vec<_> =
            files.iter().map(|(path, text)| (self.path.join(path), text.as_str())).collect();
        for (path, text) in &files {
            if let Err(error) = prepare(path, text) {
                for (path, _) in &files {
                    let _ = std::fs::remove_file(temporary(path));
                    // A folder that was made for it; one that holds something stays.
                    let _ = path.parent().map(std::fs::remove_dir);
                }
                return Err(unwritable(path, &error));
            }
        }
        for (at, (path, _)) in files.iter().enumerate() {
            if let Err(error) = std::fs::rename(temporary(path), path) {
                for (path, _) in &files[..at] {
                    let _ = std::fs::remove_file(path);
                }
                return Err(unwritable(path, &error));
            }
        }
        Ok(())
    }

    /// Gives a migration another version. The way back goes along.
    pub(crate) fn renumber(&self, entry: &Entry, version: &str) -> Result<Entry> {
        let Entry { version: before, name, file } = entry;
        let file_after = self.layout.entry(version, name);
        let paths = self.layout.paths(before, name).into_iter();
        let moves = paths.zip(self.layout.paths(version, name));
        // A folder of its own goes as a whole.
        let whole = self.path.join(file).is_dir();
        let moves: Vec<_> =
            if whole { vec![(file.into(), file_after.clone().into())] } else { moves.collect() };
        for (from, to) in moves {
            let (from, to) = (self.path.join(from), self.path.join(to));
            if from.exists() {
                std::fs::rename(&from, &to).map_err(|error| unwritable(&to, &error))?;
            }
        }
        Ok(Entry { version: version.to_owned(), name: name.clone(), file: file_after })
    }
}

pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::hint(
        format!("cannot write {}: {error}", path.display()),
        "nothing was changed; look at the space and the permissions of the folder",
    )
}

/// What ends the name of a file until it is in its place.
pub(super) const NEW: &str = "new";

pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(NEW);
    PathBuf::from(name)
}

fn prepare(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(temporary(path))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Now, in UTC, but always after the last one.
pub(crate) fn version_after(last: Option<&str>) -> Result<String> {
    let now = chrono::Utc::now().format("%Y%m%d%H%M%S").to_string();
    match last {
        Some(last) if last >= now.as_str() => next(last),
        Some(_) | None => Ok(now),
    }
}

/// The version behind that one.
pub(crate) fn next(version: &str) -> Result<String> {
    let number: u64 =
        version.parse().map_err(|_| Error::Internal(format!("`{version}` is no version")))?;
    Ok(format!("{:014}", number + 1))
}
