//! Workflow commands, which GitHub Actions shows beside the lines of a pull request.
//!
//! Source: GitHub Docs, "Workflow commands for GitHub Actions"; the escapes are those of
//! `@actions/core`.

use rls_core::policy::lint::Severity;

use super::{Report, in_repository};

pub(super) fn render(report: &Report) -> String {
    let command = |entry: &super::Entry| {
        let level = match entry.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let (start, end) = report.places(entry);
        // GitHub takes columns only where they are in one line.
        let columns = if start.line == end.line {
            format!(",col={},endColumn={}", start.column, end.column)
        } else {
            String::new()
        };
        let help = entry.help.iter().map(|help| format!("\nhelp: {help}")).collect::<String>();
        format!(
            "::{level} file={},line={},endLine={}{columns},title={}::{}\n",
            property(&in_repository(&entry.path)),
            start.line,
            end.line,
            property(entry.rule()),
            data(&format!("{}{help}", entry.message))
        )
    };
    report.told().map(command).collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("100%\r\na:b,c"), "100%25%0D%0Aa:b,c");
        assert_eq!(property("C:\\a,b%"), "C%3A\\a%2Cb%25");
    }
}
