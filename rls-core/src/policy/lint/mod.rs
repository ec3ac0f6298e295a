//! Lints: declarations that compile and are probably not what was meant. A rule here says something
//! only where it is sure of it; a predicate in raw SQL that it cannot read through keeps it silent.

mod access;
mod columns;
mod functions;
mod performance;
mod predicate;
mod privileges;
mod raw;
mod recursion;
mod registry;
mod rows;
mod shown;
mod trust;
mod view;

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use self::recursion::accepts_circles;
pub use self::registry::{ALL, find};
use self::view::View;
use crate::model::{AllowedLint, DeclaredTable, QualifiedName};
use crate::provider::Settings;
use crate::resolve::{Part, Resolved, nearest};

/// Something that a declaration can be told about.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    /// What it is called, always; where Supabase has the same, its name.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// What is wrong with it, what it costs and what to write instead, as Markdown.
    pub explanation: &'static str,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; never fails.
    Info,
    /// Probably a mistake.
    Warning,
    /// A hole.
    Error,
}

impl Severity {
    /// Its name in programs' output.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A lint that found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which lint.
    pub lint: &'static Lint,
    /// The table whose declaration it is about.
    pub table: QualifiedName,
    /// The part of it.
    pub part: Part,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Why it is accepted, where the table says so.
    pub allowed: Option<String>,
}

/// Looks at everything that was declared, table by table and then at functions and
/// views. What is allowed is found
/// all the same, and marked.
pub fn lint(
    tables: &BTreeMap<QualifiedName, DeclaredTable>,
    resolved: &Resolved,
    settings: &Settings,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for declared in tables.values() {
        let view = View { tables, resolved, settings, declared };
        let mut report = Report { table: &declared.table.name, findings: Vec::new() };
        for rule in RULES {
            rule(&view, &mut report);
        }
        allow(&declared.allowed, &mut report);
        all.append(&mut report.findings);
    }
    functions::look(resolved, &mut all);
    shown::look(resolved, &mut all);
    all
}

/// Something that is looked for in one table; each file says which there are.
type Rule = fn(&View<'_>, &mut Report<'_>);

const RULES: &[Rule] = &[
    access::rules,
    rows::rules,
    columns::rules,
    privileges::rules,
    trust::rules,
    performance::rules,
    recursion::rules,
];

/// The findings of one table.
struct Report<'a> {
    table: &'a QualifiedName,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn add(
        &mut self,
        lint: &'static Lint,
        part: Part,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding {
            lint,
            table: self.table.clone(),
            part,
            message: message.into(),
            help: Some(help.into()),
            allowed: None,
        });
    }
}

/// Marks what the table accepts. An acceptance that is not needed would hide the next mistake.
fn allow(accepted: &[AllowedLint], report: &mut Report<'_>) {
    for (at, allowed) in accepted.iter().enumerate() {
        let Some(lint) = find(&allowed.lint) else {
            let help = match nearest(&allowed.lint, ALL.iter().map(|lint| lint.name)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "`cargo rls lint` lists them".to_owned(),
            };
            let message = format!("there is no lint `{}`", allowed.lint);
            report.add(&registry::UNKNOWN_LINT, Part::Allow(at), message, help);
            continue;
        };
        let mut used = false;
        for finding in report.findings.iter_mut().filter(|finding| finding.lint == lint) {
            finding.allowed = Some(allowed.reason.clone());
            used = true;
        }
        if !used {
            let message = format!("nothing here would be told by `{}`", lint.name);
            report.add(&registry::UNUSED_ALLOW, Part::Allow(at), message, "take it away");
        }
    }
}

/// Names for a message: `` `a`, `b` and `c` ``.
fn names<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}
