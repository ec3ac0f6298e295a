//! How a migrations folder is laid out, so that another tool reads it as it is. Whatever the layout, a
//! migration is the same text to us: one whose first line is `-- no-transaction` has no transaction.

use std::path::{Path, PathBuf};

use rls_core::apply::NO_TRANSACTION;
use serde::Deserialize;

/// The tool that reads the folder too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layout {
    /// `<version>_<name>.up.sql` and `.down.sql`.
    #[default]
    Sqlx,
    /// `V<version>__<name>.sql`; what undoes it, which refinery does not know, ends with `.down.sql`.
    Refinery,
    /// `<version>_<name>.sql` with both ways in it.
    Dbmate,
    /// A folder `<version>_<name>` with `up.sql`, `down.sql` and `metadata.toml`.
    Diesel,
    /// `<version>_<name>.sql` that holds its own transaction; what undoes it is in the folder `down`, so
    /// that `*.sql` are the migrations.
    Psql,
}

/// What a tool's file makes of a migration, or why it cannot be one.
type Told<T> = std::result::Result<T, String>;

const DIESEL_METADATA: &str = "metadata.toml";
pub(crate) const STOP_ON_ERRORS: &str = "\\set ON_ERROR_STOP on";

impl Layout {
    /// Whether something in the folder has to be a migration.
    pub(crate) fn is_migration(self, name: &str, is_folder: bool) -> bool {
        match self {
            Layout::Sqlx | Layout::Refinery => {
                !is_folder && name.ends_with(".sql") && !name.ends_with(".down.sql")
            }
            Layout::Dbmate | Layout::Psql => !is_folder && name.ends_with(".sql"),
            Layout::Diesel => is_folder && !name.starts_with('.'),
        }
    }

    /// What a migration is called in the folder.
    pub(crate) fn entry(self, version: &str, name: &str) -> String {
        match self {
            Layout::Sqlx => format!("{version}_{name}.up.sql"),
            Layout::Refinery => format!("V{version}__{name}.sql"),
            Layout::Dbmate | Layout::Psql => format!("{version}_{name}.sql"),
            Layout::Diesel => format!("{version}_{name}"),
        }
    }

    /// Version and name of what is called like that.
    pub(crate) fn parts(self, entry: &str) -> Option<(&str, &str)> {
        match self {
            Layout::Sqlx => entry.strip_suffix(".up.sql")?.split_once('_'),
            Layout::Refinery => entry.strip_prefix('V')?.strip_suffix(".sql")?.split_once("__"),
            Layout::Dbmate | Layout::Psql => entry.strip_suffix(".sql")?.split_once('_'),
            Layout::Diesel => entry.split_once('_'),
        }
    }

    /// Where the way forwards stands, and the way back.
    pub(crate) fn paths(self, version: &str, name: &str) -> [PathBuf; 2] {
        let entry = PathBuf::from(self.entry(version, name));
        match self {
            Layout::Sqlx => [entry, format!("{version}_{name}.down.sql").into()],
            Layout::Refinery => [entry, format!("V{version}__{name}.down.sql").into()],
            Layout::Dbmate => [entry.clone(), entry],
            Layout::Diesel => [entry.join("up.sql"), entry.join("down.sql")],
            Layout::Psql => [entry.clone(), Path::new("down").join(entry)],
        }
    }

    /// The files of a migration, with their texts.
    pub(crate) fn files(
        self,
        version: &str,
        name: &str,
        up: &str,
        down: &str,
    ) -> Told<Vec<(PathBuf, String)>> {
        let [up_path, down_path] = self.paths(version, name);
        let texts = |up, down| vec![(up_path.clone(), up), (down_path.clone(), down)];
        match self {
            Layout::Sqlx => Ok(texts(up.to_owned(), down.to_owned())),
            Layout::Refinery => {
                refinery_runs(up)?;
                Ok(texts(up.to_owned(), down.to_owned()))
            }
            Layout::Dbmate => {
                let text = format!("{}\n{}", section("up", up)?, section("down", down)?);
                Ok(vec![(up_path, text)])
            }
            Layout::Diesel => {
                let mut files = texts(up.to_owned(), down.to_owned());
                if without_transaction(up).is_some() || without_transaction(down).is_some() {
                    let metadata = up_path.with_file_name(DIESEL_METADATA);
                    files.push((metadata, "run_in_transaction = false\n".to_owned()));
                }
                Ok(files)
            }
            Layout::Psql => Ok(texts(for_psql(up), for_psql(down))),
        }
    }

    /// The way forwards, as the file has it. Every line keeps its number.
    pub(crate) fn up(self, text: String, metadata: Option<&str>) -> Told<String> {
        match self {
            Layout::Sqlx => Ok(text),
            Layout::Refinery => refinery_runs(&text).map(|()| text),
            Layout::Dbmate => of_section(&text, "up")?
                .ok_or_else(|| "has no line `-- migrate:up`, which dbmate needs".to_owned()),
            Layout::Diesel => diesel_agrees(&text, metadata).map(|()| text),
            Layout::Psql => Ok(from_psql(&text)),
        }
    }

    /// The way back, where the file has one.
    pub(crate) fn down(self, text: String) -> Told<Option<String>> {
        match self {
            Layout::Sqlx | Layout::Refinery | Layout::Diesel => Ok(Some(text)),
            Layout::Dbmate => of_section(&text, "down"),
            Layout::Psql => Ok(Some(from_psql(&text))),
        }
    }

    /// What a tool keeps beside the way forwards about how it runs.
    pub(crate) fn metadata(self, version: &str, name: &str) -> Option<PathBuf> {
        match self {
            Layout::Diesel => Some(Path::new(&self.entry(version, name)).join(DIESEL_METADATA)),
            Layout::Sqlx | Layout::Refinery | Layout::Dbmate | Layout::Psql => None,
        }
    }
}

/// What follows the mark of a text that has no transaction.
fn without_transaction(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    (first.trim_end() == NO_TRANSACTION).then_some(rest)
}

/// Refinery runs every file in a transaction.
fn refinery_runs(text: &str) -> Told<()> {
    match without_transaction(text) {
        None => Ok(()),
        Some(_) => Err("cannot run in a transaction, and refinery knows nothing else: \
                        run its statements by hand, or take another `layout` in rls.toml"
            .to_owned()),
    }
}

/// What diesel goes by is written elsewhere than what the text says of itself.
fn diesel_agrees(text: &str, metadata: Option<&str>) -> Told<()> {
    #[derive(Deserialize)]
    struct Metadata {
        run_in_transaction: Option<bool>,
    }
    let metadata = metadata.map(toml::from_str::<Metadata>).transpose();
    let metadata = metadata.map_err(|error| format!("{DIESEL_METADATA}: {}", error.message()))?;
    let runs_in_one = metadata.and_then(|metadata| metadata.run_in_transaction).unwrap_or(true);
    match (without_transaction(text), runs_in_one) {
        (None, true) | (Some(_), false) => Ok(()),
        (Some(_), true) => Err(format!(
            "begins with `{NO_TRANSACTION}`: say `run_in_transaction = false` in its {DIESEL_METADATA} too"
        )),
        (None, false) => Err(format!(
            "has `run_in_transaction = false` in its {DIESEL_METADATA}: let up.sql begin with `{NO_TRANSACTION}` too"
        )),
    }
}

/// One of the two parts of dbmate's file.
fn section(way: &str, text: &str) -> Told<String> {
    if let Some(at) = text.lines().position(|line| dbmate_mark(line).is_some()) {
        return Err(format!(
            "has a line in its SQL (line {}) that dbmate takes for the beginning of a part: write it otherwise",
            at + 1
        ));
    }
    Ok(match without_transaction(text) {
        Some(rest) => format!("-- migrate:{way} transaction:false\n{rest}"),
        None => format!("-- migrate:{way}\n{text}"),
    })
}

/// The way that begins with this line, and whether it has no transaction.
fn dbmate_mark(line: &str) -> Option<(&str, bool)> {
    let words = line.trim().strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let (way, options) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    Some((way, options.split_whitespace().any(|it| it == "transaction:false")))
}

/// The same read back, with what stands before it left empty.
fn of_section(text: &str, way: &str) -> Told<Option<String>> {
    let marks = text.lines().enumerate().filter_map(|(at, line)| Some((at, dbmate_mark(line)?)));
    let found: Vec<_> = marks.collect();
    if let Some((at, (other, _))) =
        found.iter().find(|(_, (way, _))| *way != "up" && *way != "down")
    {
        return Err(format!("says `migrate:{other}` in line {}: dbmate has up and down", at + 1));
    }
    let Some((begin, (_, no_transaction))) = found.iter().find(|(_, (found, _))| *found == way)
    else {
        return Ok(None);
    };
    let end = found.iter().map(|(at, _)| *at).find(|at| at > begin).unwrap_or(usize::MAX);
    let first = if *no_transaction { NO_TRANSACTION } else { "" };
    let body = text.lines().enumerate().skip(begin + 1).take_while(|(at, _)| *at < end);
    let before = std::iter::once(first).chain(std::iter::repeat_n("", *begin));
    let lines: Vec<_> = before.chain(body.map(|(_, line)| line)).collect();
    Ok(Some(format!("{}\n", lines.join("\n").trim_end())))
}

/// A text that `psql -f` runs as a whole, or stops at the first error.
fn for_psql(text: &str) -> String {
    match without_transaction(text) {
        Some(rest) => format!("{NO_TRANSACTION}\n{STOP_ON_ERRORS}\n{rest}"),
        None => {
            let end = if text.ends_with('\n') { "" } else { "\n" };
            format!("{STOP_ON_ERRORS}\nBEGIN;\n{text}{end}COMMIT;\n")
        }
    }
}

/// The same without what is psql's: the transaction is ours to begin and to end.
fn from_psql(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let has_one = without_transaction(text).is_none();
    let mut begins = false;
    for line in &mut lines {
        match line.trim_end() {
            STOP_ON_ERRORS => *line = "",
            "BEGIN;" if has_one && !begins => {
                begins = true;
                *line = "";
            }
            other if other.is_empty() || other.starts_with("--") => {}
            _ => break,
        }
    }
    let last = lines.iter().rposition(|line| !line.trim().is_empty());
    if let Some(last) = last.filter(|at| begins && lines[*at].trim_end() == "COMMIT;") {
        lines.truncate(last);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use super::{Layout, NO_TRANSACTION};

    const ALL: [Layout; 5] =
        [Layout::Sqlx, Layout::Refinery, Layout::Dbmate, Layout::Diesel, Layout::Psql];

    /// What we would run of a migration that was written in a layout: forwards and back.
    fn read_back(layout: Layout, up: &str, down: &str) -> [String; 2] {
        let files = layout.files("20260101000000", "one", up, down).unwrap();
        let text = |path: &std::path::Path| {
            files.iter().find(|(name, _)| name == path).map(|(_, text)| text.clone())
        };
        let [up, down] = layout.paths("20260101000000", "one").map(|path| text(&path).unwrap());
        let metadata = layout.metadata("20260101000000", "one").and_then(|path| text(&path));
        let up = layout.up(up, metadata.as_deref()).unwrap();
        [up, layout.down(down).unwrap().unwrap()]
    }

    #[test]
    fn what_is_written_is_read_again_line_by_line() {
        let up = "-- widens-access: a\n\nCREATE TABLE a ();\nDO $$\nBEGIN\n  NULL;\nEND $$;\n";
        let down = "DROP TABLE a;\n";
        let once = format!("{NO_TRANSACTION}\nCREATE INDEX CONCURRENTLY a_b_idx ON a (b);\n");
        for layout in ALL {
            let read = read_back(layout, up, down);
            assert_eq!(read.each_ref().map(|text| text.trim_start()), [up, down], "{layout:?}");
            if layout == Layout::Refinery {
                assert!(layout.files("1", "one", &once, down).is_err());
                continue;
            }
            let [read, _] = read_back(layout, &once, down);
            assert!(read.starts_with(NO_TRANSACTION), "{layout:?}: {read}");
            assert!(read.ends_with("\nCREATE INDEX CONCURRENTLY a_b_idx ON a (b);\n"), "{read}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for layout in ALL {
            let entry = layout.entry("20260101000000", "a_b__c");
            assert_eq!(layout.parts(&entry), Some(("20260101000000", "a_b__c")), "{entry}");
            assert!(layout.is_migration(&entry, layout == Layout::Diesel), "{entry}");
            assert!(!layout.is_migration("schema.snapshot.json", false));
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let dbmate =
            "-- a comment\n--  migrate:up  transaction:false \nONE;\n-- migrate:down\nTWO;";
        let up = Layout::Dbmate.up(dbmate.to_owned(), None).unwrap();
        assert_eq!(up, "-- no-transaction\n\nONE;\n");
        assert_eq!(Layout::Dbmate.down(dbmate.to_owned()).unwrap().unwrap(), "\n\n\n\nTWO;\n");
        assert!(Layout::Dbmate.up("SELECT 1;".to_owned(), None).is_err());
        assert!(Layout::Dbmate.files("1", "one", "SELECT '\n--migrate:down\n';\n", "").is_err());
        let psql = "\\set ON_ERROR_STOP on\n-- x\nBEGIN;\nSELECT 1;\nCOMMIT;\n\n";
        assert_eq!(Layout::Psql.up(psql.to_owned(), None).unwrap(), "\n-- x\n\nSELECT 1;\n");
        // What a person put there is not ours to take away.
        let by_hand = "SELECT 1;\nCOMMIT;\n";
        assert_eq!(Layout::Psql.up(by_hand.to_owned(), None).unwrap(), by_hand);
        let without = "-- no-transaction\nBEGIN;\nSELECT 1;\nCOMMIT;\n";
        assert_eq!(Layout::Psql.up(without.to_owned(), None).unwrap(), without);
    }

    #[test]
    fn diesel_goes_by_its_metadata() {
        let says = |text: &str, metadata: Option<&str>| {
            Layout::Diesel.up(text.to_owned(), metadata).is_ok()
        };
        assert!(says("SELECT 1;", None) && says("SELECT 1;", Some("run_in_transaction = true")));
        assert!(says("-- no-transaction\n", Some("run_in_transaction = false")));
        assert!(!says("-- no-transaction\n", None));
        assert!(!says("SELECT 1;", Some("run_in_transaction = false")));
    }
}
