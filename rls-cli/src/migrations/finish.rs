//! What a run that was killed while it wrote has left: finished where it was about to be, else removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Folder;
use super::write::{NEW, temporary, unwritable};
use crate::error::Result;

impl Folder {
    /// To be called before something is written. The snapshot is prepared last and put in place last: where
    /// it is there, all is there that it came with. One that does not follow the present snapshot is stale.
    pub(crate) fn finish(&self) -> Result<()> {
        let mut left = self.left();
        let snapshot = temporary(&self.snapshot_path());
        left.sort_by_key(|path| *path == snapshot);
        let follows = self.included(&snapshot).is_some_and(|begun| {
            begun.is_superset(&self.included(&self.snapshot_path()).unwrap_or_default())
                && begun.iter().all(|file| self.is_there(file))
        });
        for path in left {
            let place = path.with_extension("");
            let done =
                if follows { std::fs::rename(&path, &place) } else { std::fs::remove_file(&path) };
            done.map_err(|error| unwritable(&place, &error))?;
        }
        Ok(())
    }

    /// What was prepared and is not in its place: in the folder, and in the folders in it.
    fn left(&self) -> Vec<PathBuf> {
        let within = |folder: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect()
        };
        let here = within(&self.path);
        let below = here.iter().filter(|path| path.is_dir()).flat_map(|folder| within(folder));
        let all: Vec<_> = here.iter().cloned().chain(below).collect();
        let ours = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            ["sql", "json", "toml"].iter().any(|end| name.ends_with(&format!(".{end}.{NEW}")))
        };
        all.into_iter().filter(ours).collect()
    }

    /// The migrations that a snapshot includes, where it is one.
    fn included(&self, snapshot: &Path) -> Option<BTreeSet<String>> {
        let text = std::fs::read_to_string(snapshot).ok()?;
        self.parse(&text, &self.entries().ok()?).ok().map(|(included, _)| included)
    }

    /// Whether a migration is in its place, or about to be.
    fn is_there(&self, file: &str) -> bool {
        let Some((version, name)) = self.layout.parts(file) else { return false };
        let [up, _] = self.layout.paths(version, name).map(|path| self.path.join(path));
        up.exists() || temporary(&up).exists()
    }
}
