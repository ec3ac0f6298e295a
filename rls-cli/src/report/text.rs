//! For people: each finding with its line of source, remarks in one line each, and a count.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use rls_core::policy::lint::Severity;

use super::{Entry, Report};
use crate::output::{BLUE, BOLD, GREEN, RED, YELLOW, count, styled};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for entry in report.told().filter(|entry| entry.severity > Severity::Info) {
        text += &format!("{}\n\n", snippet(entry, report));
    }
    let remarks: String = report
        .told()
        .filter(|entry| entry.severity == Severity::Info)
        .map(|entry| remark(entry, report))
        .collect();
    if !remarks.is_empty() {
        text += &format!("{remarks}\n");
    }
    text + &summary(report)
}

/// `warning[lint]: message` with the line that it is about; the place is `file:line:column`.
pub(crate) fn snippet(entry: &Entry, report: &Report) -> String {
    let level = match entry.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::NOTE,
    };
    let path = entry.path.display().to_string();
    let source = report.sources.get(&entry.path).map_or("", String::as_str);
    if source.is_empty() {
        // A file that could not be read has no line to show.
        let help = entry.help.iter().map(|help| format!("\nhelp: {help}")).collect::<String>();
        let (place, _) = report.places(entry);
        let (line, column) = (place.line, place.column);
        return format!("error: {}\n --> {path}:{line}:{column}{help}", entry.message);
    }
    let end = entry.range.end.min(source.len()).max(entry.range.start);
    let at = AnnotationKind::Primary.span(entry.range.start..end);
    let mut title = level.primary_title(&entry.message);
    if let Some(lint) = entry.lint {
        title = title.id(lint);
    }
    let mut group = title.element(Snippet::source(source).path(path.as_str()).annotation(at));
    if let Some(help) = &entry.help {
        group = group.element(Level::HELP.message(help));
    }
    Renderer::styled().render(&[group])
}

fn remark(entry: &Entry, report: &Report) -> String {
    let (place, _) = report.places(entry);
    format!(
        "{}: {}:{}:{}: {}\n",
        styled(BLUE, &format!("note[{}]", entry.rule())),
        entry.path.display(),
        place.line,
        place.column,
        entry.message
    )
}

fn summary(report: &Report) -> String {
    let number = |severity| {
        report.told().filter(|entry| entry.lint.is_some() && entry.severity == severity).count()
    };
    let mistakes: Vec<_> = report.told().filter(|entry| entry.lint.is_none()).collect();
    if !mistakes.is_empty() {
        let declared = mistakes.iter().all(|entry| report.sources.contains_key(&entry.path));
        let place = if declared { " in the declaration" } else { "" };
        return format!("{}: {}{place}\n", styled(RED, "error"), count(mistakes.len(), "mistake"));
    }
    let counts = [
        (number(Severity::Error), "error"),
        (number(Severity::Warning), "warning"),
        (number(Severity::Info), "note"),
        (report.entries.len() - report.told().count(), "allowed"),
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| match what {
            "allowed" => format!("{number} allowed"),
            what => count(number, what),
        })
        .collect();
    let looked_at = report.looked_at();
    match (report.holds(Severity::Warning), counts.is_empty()) {
        (false, true) => format!("{} {looked_at}\n", styled(GREEN, "No mistakes:")),
        (false, false) => {
            format!("{} {looked_at} ({})\n", styled(GREEN, "No mistakes:"), counts.join(", "))
        }
        (true, _) => {
            let style = if report.holds(Severity::Error) { RED } else { YELLOW };
            let found = format!("{}:", counts.join(", "));
            let hint =
                format!("{} `cargo rls lint --explain NAME` says more\n", styled(BOLD, "help:"));
            format!("{} in {looked_at}\n{hint}", styled(style, found.trim_end_matches(':')))
        }
    }
}
