//! For programs.

use serde_json::{Value, json};

use super::{Entry, Report};

pub(super) fn render(report: &Report) -> Value {
    let (mistakes, findings): (Vec<_>, Vec<_>) =
        report.entries.iter().partition(|entry| entry.lint.is_none());
    if !mistakes.is_empty() {
        // As every command says it.
        let mistakes: Vec<_> = mistakes.into_iter().map(|entry| mistake(entry, report)).collect();
        return json!({ "errors": mistakes });
    }
    let (tables, policies) = report.size;
    json!({
        "errors": [],
        "findings": findings.into_iter().map(|entry| finding(entry, report)).collect::<Vec<_>>(),
        "tables": tables,
        "policies": policies,
    })
}

fn mistake(entry: &Entry, report: &Report) -> Value {
    let (start, _) = report.places(entry);
    json!({
        "file": entry.path,
        "line": start.line,
        "column": start.column,
        "message": entry.message,
        "help": entry.help,
    })
}

fn finding(entry: &Entry, report: &Report) -> Value {
    let (start, end) = report.places(entry);
    json!({
        "lint": entry.lint,
        "severity": entry.severity.name(),
        "file": entry.path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "message": entry.message,
        "help": entry.help,
        "allowed": entry.allowed,
    })
}
