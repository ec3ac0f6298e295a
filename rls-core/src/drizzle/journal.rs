//! `meta/_journal.json`: which snapshot is the latest.

use super::json::{Node, Report};
use super::{Error, not_a_snapshot, parse, schema};

/// The name of the latest snapshot's file, beside the journal with this text.
///
/// # Errors
/// A text that is no journal, or one without entries.
pub fn latest_snapshot(journal: &str) -> Result<String, Error> {
    let node = parse(journal)?;
    let report = Report::default();
    let root = schema::root(&node, &report).ok_or_else(not_a_snapshot)?;
    let entries = root.must("entries").and_then(|at| at.list()).unwrap_or_default();
    let mut tags = Vec::new();
    for entry in entries {
        let Some(entry) = entry.object() else { continue };
        let number = entry.get("idx").and_then(|at| match at.node {
            Node::Number(digits) => digits.parse::<u64>().ok(),
            _ => None,
        });
        let tag = entry.must("tag").and_then(|at| at.text());
        tags.extend(tag.map(|tag| (number, tag)));
    }
    let (mistakes, _) = report.take();
    if !mistakes.is_empty() {
        return Err(Error::Mistakes(mistakes));
    }
    // The number, or the time, by which migrations are ordered stands in front of the name.
    let latest = tags.into_iter().max_by_key(|(number, _)| *number).map(|(_, tag)| tag);
    match latest.and_then(|tag| tag.split('_').next()) {
        Some(number) => Ok(format!("{number}_snapshot.json")),
        None => Err(Error::NotRead(
            "the journal has no entries: `npx drizzle-kit generate` writes the first".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::latest_snapshot;

    #[test]
    fn the_last_entry_counts() {
        let journal = r#"{"version": "7", "entries": [
            {"idx": 0, "tag": "0000_init"}, {"idx": 2, "tag": "0002_more"}, {"idx": 1, "tag": "0001_x"}]}"#;
        assert_eq!(latest_snapshot(journal).unwrap(), "0002_snapshot.json");
        let by_time = r#"{"entries": [{"idx": 0, "tag": "20240101000000_init"}]}"#;
        assert_eq!(latest_snapshot(by_time).unwrap(), "20240101000000_snapshot.json");
    }

    #[test]
    fn a_journal_without_entries_says_what_to_do() {
        assert!(
            latest_snapshot(r#"{"entries": []}"#).unwrap_err().to_string().contains("generate")
        );
        assert!(latest_snapshot("[]").is_err() && latest_snapshot("{").is_err());
        assert!(latest_snapshot(r#"{"entries": [{}]}"#).unwrap_err().to_string().contains("`tag`"));
    }
}
