//! `lint`: which lints there are, and what each is about.

use anstyle::Style;
use rls_core::policy::lint::{ALL, Lint, Severity, find};
use rls_core::resolve::nearest;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::output::{BLUE, BOLD, Output, RED, YELLOW, styled};

pub(crate) fn run(explain: Option<&str>) -> Result<Output> {
    match explain {
        Some(name) => explanation(name),
        None => Ok(list()),
    }
}

fn list() -> Output {
    let width = ALL.iter().map(|lint| lint.name.len()).max().unwrap_or_default();
    let line = |lint: &&Lint| {
        let severity = styled(style(lint.severity), &format!("{:7}", lint.severity.name()));
        format!("{severity} {:width$} {}\n", lint.name, lint.summary)
    };
    Output {
        text: ALL.iter().map(line).collect(),
        json: json!({ "lints": ALL.iter().map(|lint| json_of(lint)).collect::<Vec<_>>() }),
        difference: false,
    }
}

fn explanation(name: &str) -> Result<Output> {
    let lint = find(name).ok_or_else(|| {
        let help = match nearest(name, ALL.iter().map(|lint| lint.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`cargo rls lint` lists them".to_owned(),
        };
        Error::hint(format!("there is no lint `{name}`"), help)
    })?;
    let (name, severity) =
        (styled(BOLD, lint.name), styled(style(lint.severity), lint.severity.name()));
    Ok(Output {
        text: format!("{name} ({severity}): {}\n\n{}", lint.summary, lint.explanation),
        json: json_of(lint),
        difference: false,
    })
}

fn json_of(lint: &Lint) -> Value {
    json!({
        "name": lint.name,
        "severity": lint.severity.name(),
        "summary": lint.summary,
        "explanation": lint.explanation,
    })
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => BLUE,
    }
}
