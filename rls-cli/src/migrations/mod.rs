//! The folder of migrations: numbered SQL files that are never rewritten, and the snapshot of the
//! schema that they lead to.

mod finish;
mod snapshot;
mod write;

use std::path::{Path, PathBuf};

use rls_core::apply::Migration;

use crate::error::{Error, Result};
use crate::layout::Layout;

pub(crate) use write::{NewMigration, next, version_after};

/// The folder, in the layout that rls.toml says.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    layout: Layout,
}

/// A migration by its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) version: String,
    pub(crate) name: String,
    /// What it is called in the folder.
    pub(crate) file: String,
}

impl Folder {
    pub(crate) fn new(path: PathBuf, layout: Layout) -> Folder {
        Folder { path, layout }
    }

    /// Every migration, in order; none where there is no folder. Two may have one version here.
    /// Mistakes in names are told together.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut problems = Vec::new();
        for (file, is_folder) in self.list()? {
            if !self.layout.is_migration(&file, is_folder) {
                continue;
            }
            match self
                .layout
                .parts(&file)
                .filter(|(version, name)| is_version(version) && is_snake(name))
            {
                Some((version, name)) => entries.push(Entry {
                    version: version.to_owned(),
                    name: name.to_owned(),
                    file: file.clone(),
                }),
                None => {
                    let form = self.layout.entry("<YYYYMMDDHHMMSS>", "<snake_name>");
                    problems.push(format!("{file} is not called {form}"));
                }
            }
        }
        entries.sort();
        self.unless(&problems)?;
        Ok(entries)
    }

    /// What a migration of that version and name is called.
    pub(crate) fn called(&self, version: &str, name: &str) -> String {
        self.layout.entry(version, name)
    }

    /// Every migration with its text, in order.
    pub(crate) fn read(&self) -> Result<Vec<Migration>> {
        let entries = self.entries()?;
        self.unless(&twins(&entries))?;
        self.texts(&entries)
    }

    /// The same, where two may have one version.
    pub(crate) fn texts(&self, entries: &[Entry]) -> Result<Vec<Migration>> {
        self.each(entries, |entry| self.up(entry).map(Some))
    }

    /// The same for a command that needs one, where folder and snapshot fit each other. Migrations that
    /// were written by hand need no snapshot.
    pub(crate) fn to_run(&self) -> Result<Vec<Migration>> {
        if self.has_snapshot() {
            self.previous()?;
        }
        let migrations = self.read()?;
        if migrations.is_empty() {
            return Err(Error::hint(
                format!("there are no migrations in {}", self.path.display()),
                "`cargo rls generate` writes one",
            ));
        }
        Ok(migrations)
    }

    /// What takes each migration back, where that is written: `<name>.down`.
    pub(crate) fn read_back(&self) -> Result<Vec<Migration>> {
        let back = self.each(&self.entries()?, |entry| self.down(entry));
        let named = |back: Migration| Migration { name: format!("{}.down", back.name), ..back };
        Ok(back?.into_iter().map(named).collect())
    }

    fn each(
        &self,
        entries: &[Entry],
        text: impl Fn(&Entry) -> std::result::Result<Option<String>, String>,
    ) -> Result<Vec<Migration>> {
        let mut problems = Vec::new();
        let mut migrations = Vec::new();
        for entry in entries {
            match text(entry) {
                Ok(Some(sql)) => migrations.push(Migration {
                    version: entry.version.clone(),
                    name: entry.name.clone(),
                    sql,
                }),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        self.unless(&problems)?;
        Ok(migrations)
    }

    fn up(&self, Entry { version, name, file }: &Entry) -> std::result::Result<String, String> {
        let [up, _] = self.layout.paths(version, name);
        let metadata = match self.layout.metadata(version, name) {
            Some(path) => self.text(&path)?,
            None => None,
        };
        let text = self.text(&up)?.ok_or_else(|| format!("{} is missing", up.display()))?;
        self.layout.up(text, metadata.as_deref()).map_err(|problem| format!("{file} {problem}"))
    }

    fn down(
        &self,
        Entry { version, name, file }: &Entry,
    ) -> std::result::Result<Option<String>, String> {
        let [_, down] = self.layout.paths(version, name);
        match self.text(&down)? {
            Some(text) => self.layout.down(text).map_err(|problem| format!("{file} {problem}")),
            None => Ok(None),
        }
    }

    /// The text of a file in the folder, where there is one.
    fn text(&self, path: &Path) -> std::result::Result<Option<String>, String> {
        match std::fs::read_to_string(self.path.join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    /// The names in the folder, and which of them are folders.
    fn list(&self) -> Result<Vec<(String, bool)>> {
        let unreadable = |error: std::io::Error| {
            Error::user(format!("cannot read {}: {error}", self.path.display()))
        };
        let entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            names.push((entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir()));
        }
        Ok(names)
    }

    fn unless(&self, problems: &[String]) -> Result<()> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::user(format!("{}: {}", self.path.display(), problems.join("; "))))
    }
}

impl Entry {
    /// Whether somebody means this one: by its path, its file's name, or `<version>_<name>`.
    pub(crate) fn is_called(&self, named: &str) -> bool {
        let last = Path::new(named).file_name().map(|name| name.to_string_lossy());
        last.is_some_and(|last| {
            last == self.file.as_str() || *last == format!("{}_{}", self.version, self.name)
        })
    }
}

/// Which migrations have a version that another one has.
fn twins(entries: &[Entry]) -> Vec<String> {
    let pairs = entries.windows(2).filter(|pair| pair[0].version == pair[1].version);
    let told = pairs.map(|pair| {
        format!(
            "{} has the same version as {}: `cargo rls repair` gives it another",
            pair[1].file, pair[0].file
        )
    });
    told.collect()
}

fn is_version(version: &str) -> bool {
    version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn is_snake(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
