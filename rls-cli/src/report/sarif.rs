//! SARIF 2.1.0, which code scanning services read. Source: OASIS, "Static Analysis Results
//! Interchange Format (SARIF) Version 2.1.0"; GitHub Docs, "SARIF support for code scanning".

use rls_core::policy::lint::{ALL, Lint, Severity};
use serde_json::{Value, json};

use super::{DECLARATION, Entry, Report, in_repository};

pub(super) fn render(report: &Report) -> Value {
    let results: Vec<_> = report.entries.iter().map(|entry| result(entry, report)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "cargo-rls",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// The lints in their order, and behind them what mistakes in declarations go by.
fn rules() -> Vec<Value> {
    let declaration = json!({
        "id": DECLARATION,
        "shortDescription": { "text": "a declaration that does not compile" },
        "fullDescription": { "text": "The declaration has a mistake, so nothing is compiled from it." },
        "defaultConfiguration": { "level": "error" },
    });
    ALL.iter().copied().map(rule).chain([declaration]).collect()
}

fn rule(lint: &Lint) -> Value {
    // The first paragraph says what it is.
    let paragraph = lint.explanation.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    json!({
        "id": lint.name,
        "shortDescription": { "text": lint.summary },
        "fullDescription": { "text": paragraph },
        "help": { "text": lint.explanation, "markdown": lint.explanation },
        "defaultConfiguration": { "level": level(lint.severity) },
    })
}

fn result(entry: &Entry, report: &Report) -> Value {
    let (start, end) = report.places(entry);
    let help = entry.help.iter().map(|help| format!(" ({help})")).collect::<String>();
    let index = ALL.iter().position(|lint| Some(lint.name) == entry.lint).unwrap_or(ALL.len());
    let mut result = json!({
        "ruleId": entry.rule(),
        "ruleIndex": index,
        "level": level(entry.severity),
        "message": { "text": format!("{}{help}", entry.message) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&in_repository(&entry.path)) },
                "region": {
                    "startLine": start.line,
                    "startColumn": start.column,
                    "endLine": end.line,
                    "endColumn": end.column,
                },
            },
        }],
    });
    if let Some(reason) = &entry.allowed {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a relative reference. Source: RFC 3986, section 3.3; a colon in the first segment
/// would be taken for a scheme.
fn uri(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("src/a b/ü.rs"), "src/a%20b/%C3%BC.rs");
    }
}
