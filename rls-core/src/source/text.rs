//! Strings and comments as Rust writes them.

/// How far a line of a comment goes.
const WIDTH: usize = 100;

/// A string literal: as it is where that can be read, raw where it has quotes, escaped otherwise.
pub(super) fn literal(text: &str) -> String {
    written(text, false)
}

/// The same for text of several lines, which stay lines.
pub(super) fn block(text: &str) -> String {
    written(text, true)
}

fn written(text: &str, lines: bool) -> String {
    // What does not show, or turns the order of what does, is refused by the compiler or misread.
    let kept = |c: char| lines && matches!(c, '\n' | '\t') || shows(c);
    if !text.chars().all(|c| matches!(c, '"' | '\\' | '\'') || kept(c)) {
        let escaped = |c: char| if kept(c) { c.to_string() } else { c.escape_debug().to_string() };
        return format!(
            "\"{}\"",
            text.chars().map(escaped).collect::<String>().replace("\\'", "'")
        );
    }
    if !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    let fences = std::iter::successors(Some("#".to_owned()), |fence| Some(format!("{fence}#")));
    let mut fences = std::iter::once(String::new()).chain(fences);
    let fence = fences.find(|fence| !text.contains(&format!("\"{fence}"))).unwrap_or_default();
    format!("r{fence}\"{text}\"{fence}")
}

/// Whether a character is written as itself.
fn shows(c: char) -> bool {
    let mut escaped = c.escape_debug();
    escaped.next() == Some(c) && escaped.next().is_none()
}

/// A comment as `///`, where reading it back gives the same text: one paragraph, on lines that nothing is
/// taken from.
pub(super) fn documentation(text: &str, indent: usize) -> Option<String> {
    let plain = !text.is_empty()
        && text.trim() == text
        && text.chars().all(|c| matches!(c, '"' | '\\' | '\'') || shows(c))
        && !text.starts_with("* ");
    if !plain {
        return None;
    }
    let margin = " ".repeat(indent);
    let wrapped = wrapped(text, WIDTH - indent - "/// ".len());
    Some(wrapped.iter().map(|line| format!("{margin}/// {line}\n")).collect())
}

/// Breaks at single spaces, which become spaces again.
fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.chars().count() > width {
        let bytes = rest.as_bytes();
        let is_break = |at: usize| {
            let around = |at: usize| rest[at..].chars().next().is_some_and(char::is_whitespace);
            let before = rest[..at].chars().next_back().is_some_and(char::is_whitespace);
            bytes[at] == b' ' && !before && !around(at + 1) && !rest[at + 1..].starts_with("* ")
        };
        let spaces: Vec<_> =
            rest.match_indices(' ').map(|(at, _)| at).filter(|at| is_break(*at)).collect();
        let fits = |at: &&usize| rest[..**at].chars().count() <= width;
        let Some(at) = spaces.iter().rev().find(fits).or(spaces.first()) else { break };
        lines.push(&rest[..*at]);
        rest = &rest[at + 1..];
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::{block, documentation, literal, wrapped};

    #[test]
    fn strings_are_as_easy_to_read_as_they_can_be() {
        assert_eq!(literal("it's"), "\"it's\"");
        assert_eq!(literal(r#"a "b" \d"#), r##"r#"a "b" \d"#"##);
        assert_eq!(literal("a \"# b"), "r##\"a \"# b\"##");
        assert_eq!(literal("\\d"), "r\"\\d\"");
        assert_eq!(literal("two\nlines \"\u{202e}"), "\"two\\nlines \\\"\\u{202e}\"");
    }

    #[test]
    fn lines_stay_lines_whatever_is_in_them() {
        assert_eq!(block("a\n\tb"), "\"a\n\tb\"");
        assert_eq!(block("\\d\n\"#"), "r##\"\\d\n\"#\"##");
        assert_eq!(block("it's \\ \"\r\nb\u{202e}"), "\"it's \\\\ \\\"\\r\nb\\u{202e}\"");
    }

    #[test]
    fn a_comment_that_would_be_read_otherwise_is_none() {
        assert_eq!(documentation("What it is.", 4).unwrap(), "    /// What it is.\n");
        for text in ["", " a", "a\nb", "* a", "a\r", "\u{202e}a"] {
            assert_eq!(documentation(text, 0), None, "{text:?}");
        }
    }

    #[test]
    fn lines_break_where_joining_them_is_no_change() {
        let text = "aa bb  cc * dd";
        assert_eq!(wrapped(text, 5), ["aa", "bb  cc *", "dd"]);
        assert_eq!(wrapped(text, 5).join(" "), text);
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
    }
}
