//! What a check found, with its places, in the form that was asked for.

mod github;
mod json;
mod sarif;
mod text;

use std::ops::Range;
use std::path::{Path, PathBuf};

use rls_core::Place;
use rls_core::policy::lint::{Finding, Severity};
use rls_core::syntax::scan::{Scan, SourceError};

use crate::args::Format;
use crate::error::Sources;
use crate::output::count;

/// What a check found.
pub(crate) struct Report {
    /// In the order of files and lines.
    pub(crate) entries: Vec<Entry>,
    pub(crate) sources: Sources,
    /// How many tables and policies were looked at.
    pub(crate) size: (usize, usize),
}

/// One thing that was found.
#[derive(PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) severity: Severity,
    /// The lint, or none for a mistake in a declaration.
    pub(crate) lint: Option<&'static str>,
    pub(crate) path: PathBuf,
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// Why it is accepted, where it is.
    pub(crate) allowed: Option<String>,
}

/// Mistakes in declarations go by this name where every finding has a rule.
const DECLARATION: &str = "declaration";

impl Report {
    pub(crate) fn new(mut entries: Vec<Entry>, sources: Sources, size: (usize, usize)) -> Self {
        entries.sort_by(|one, other| one.order().cmp(&other.order()));
        // One expression may stand in several policies.
        entries.dedup();
        Report { entries, sources, size }
    }

    /// Mistakes that keep a command from its work.
    pub(crate) fn of_mistakes(errors: &[SourceError], sources: &Sources) -> Self {
        let entries = errors.iter().cloned().map(Entry::of_error).collect();
        Report::new(entries, sources.clone(), (0, 0))
    }

    pub(crate) fn render(&self, format: Format) -> String {
        match format {
            Format::Text => text::render(self),
            Format::Json => format!("{:#}\n", self.json()),
            Format::Github => github::render(self),
            Format::Sarif => format!("{:#}\n", sarif::render(self)),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        json::render(self)
    }

    /// Whether something is at least as bad.
    pub(crate) fn holds(&self, severity: Severity) -> bool {
        self.told().any(|entry| entry.severity >= severity)
    }

    /// What is not accepted.
    fn told(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.allowed.is_none())
    }

    /// Where an entry begins and ends.
    fn places(&self, entry: &Entry) -> (Place, Place) {
        let text = self.sources.get(&entry.path).map_or("", String::as_str);
        let end = entry.range.end.max(entry.range.start);
        (Place::of(text, entry.range.start), Place::of(text, end))
    }

    /// `1 table with 4 policies`.
    fn looked_at(&self) -> String {
        let (tables, policies) = self.size;
        let policies =
            if policies == 1 { "1 policy".to_owned() } else { format!("{policies} policies") };
        format!("{} with {policies}", count(tables, "table"))
    }
}

impl Entry {
    pub(crate) fn of_error(error: SourceError) -> Self {
        Entry {
            severity: Severity::Error,
            lint: None,
            path: error.path,
            range: error.range,
            message: error.message,
            help: error.help,
            allowed: None,
        }
    }

    /// A mistake in a file that holds no declarations.
    pub(crate) fn of_file(path: PathBuf, message: String, help: Option<String>) -> Self {
        let (severity, lint, range, allowed) = (Severity::Error, None, 0..0, None);
        Entry { severity, lint, path, range, message, help, allowed }
    }

    pub(crate) fn of_finding(finding: Finding, scan: &Scan) -> Self {
        let (path, range) = scan.place(&finding.table, &finding.part);
        Entry {
            severity: finding.lint.severity,
            lint: Some(finding.lint.name),
            path,
            range,
            message: finding.message,
            help: finding.help,
            allowed: finding.allowed,
        }
    }

    fn order(&self) -> (&Path, usize, Option<&str>, &str) {
        (&self.path, self.range.start, self.lint, &self.message)
    }

    /// The lint's name, or that of mistakes.
    fn rule(&self) -> &'static str {
        self.lint.unwrap_or(DECLARATION)
    }
}

/// A path from the root of the repository, as services that show a repository ask for; where there
/// is none, as it was.
fn in_repository(path: &Path) -> String {
    let absolute = path.canonicalize().ok();
    let inside = absolute.as_deref().and_then(|absolute| {
        let root = absolute.ancestors().find(|folder| folder.join(".git").exists())?;
        absolute.strip_prefix(root).ok()
    });
    let parts = inside.unwrap_or(path).components().map(|part| part.as_os_str().to_string_lossy());
    parts.filter(|part| part != ".").collect::<Vec<_>>().join("/")
}
