//! A project as it is to be: `rls.toml` and `src/schema.rs`. Files that are there are shown as they would
//! change, and changed with leave only.

use std::path::{Path, PathBuf};

use rls_core::Settings;
use rls_core::source::Source;
use serde_json::json;
use similar::TextDiff;

use crate::config;
use crate::configuration;
use crate::error::{Error, Result};
use crate::output::{GREEN, Output, notes_text, styled};
use crate::project::below;

/// The files of a project that differ from those that are there.
pub(crate) struct Draft {
    changed: Vec<File>,
    /// Where they come from: `pulled`.
    made: &'static str,
}

/// A file as it is to be.
struct File {
    path: PathBuf,
    text: String,
    /// What stands there now.
    before: Option<String>,
}

impl Draft {
    /// Reads what is in the folder, and writes nothing.
    pub(crate) fn new(
        folder: &Path,
        settings: &Settings,
        source: &Source,
        made: &'static str,
    ) -> Result<Draft> {
        let texts = [
            (below(folder, config::FILE), configuration::write(settings)),
            (below(folder, "src/schema.rs"), source.text.clone()),
        ];
        let file = |(path, text): (PathBuf, String)| match std::fs::read_to_string(&path) {
            Ok(before) => Ok(File { path, text, before: Some(before) }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(File { path, text, before: None })
            }
            Err(error) => Err(Error::user(format!("cannot read {}: {error}", path.display()))),
        };
        let mut changed = texts.into_iter().map(file).collect::<Result<Vec<_>>>()?;
        changed.retain(|file| file.before.as_ref() != Some(&file.text));
        Ok(Draft { changed, made })
    }

    /// Whether there is something to write, and nothing that takes leave.
    pub(crate) fn may_be_written(&self, leave: bool) -> bool {
        let over = self.changed.iter().any(|file| file.before.is_some());
        !self.changed.is_empty() && (leave || !over)
    }

    pub(crate) fn write(&self) -> Result<()> {
        self.changed.iter().try_for_each(File::write)
    }

    pub(crate) fn paths(&self) -> Vec<&Path> {
        self.changed.iter().map(|file| file.path.as_path()).collect()
    }

    /// What would change, and nothing done about it.
    pub(crate) fn compared(&self, notes: &[String]) -> Output {
        let diff: String = self.changed.iter().map(|file| file.diff(self.made)).collect();
        let text = if self.changed.is_empty() {
            format!("{} the files hold what was {}\n", styled(GREEN, "No difference:"), self.made)
        } else {
            format!("{diff}\nNothing was written; `--write` does.\n")
        };
        Output {
            text: text + &notes_text(notes),
            json: json!({ "written": [], "differs": self.paths(), "diff": diff, "notes": notes }),
            difference: !self.changed.is_empty(),
        }
    }

    /// That the files were written.
    pub(crate) fn wrote(&self) -> String {
        let names: Vec<_> = self.paths().iter().map(|path| path.display().to_string()).collect();
        format!("{} {}\n", styled(GREEN, "Wrote"), names.join(", "))
    }
}

/// What Cargo.toml has to have besides.
pub(crate) fn needs(source: &Source) -> String {
    let mut text = String::new();
    if !source.dependencies.is_empty() {
        text += "\nBesides rls-schema it needs, in Cargo.toml:\n";
        text.extend(source.dependencies.iter().map(|line| format!("    {line}\n")));
    }
    text
}

impl File {
    fn write(&self) -> Result<()> {
        let unwritable = |error: std::io::Error| {
            Error::user(format!("cannot write {}: {error}", self.path.display()))
        };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        std::fs::write(&self.path, &self.text).map_err(unwritable)
    }

    /// The lines that change.
    fn diff(&self, made: &str) -> String {
        let name = self.path.display().to_string();
        let before = self.before.as_deref().unwrap_or_default();
        TextDiff::from_lines(before, &self.text)
            .unified_diff()
            .header(&name, &format!("{name} ({made})"))
            .to_string()
    }
}
