//! What `pg_dump` says of two databases: the same, in whatever order.

use std::collections::BTreeMap;
use std::process::Command;

use super::databases::Databases;
use super::support::Run;

/// What only one of them has, as lines with `-` (made by psql) and `+` (applied). None, said aloud, where
/// there is no `pg_dump` that reads this server.
#[track_caller]
pub fn differences(databases: &Databases, schemas: &[String]) -> Option<String> {
    let tool = databases.tool("pg_dump")?;
    let server = databases.server.major_version();
    let mut version = Command::new(&tool);
    version.arg("--version");
    let version = Run::of(version).exits(0).out;
    let version = version.split([' ', '.']).find_map(|word| word.parse::<u32>().ok());
    if version.is_none_or(|version| version < server) {
        eprintln!("LEFT OUT: pg_dump {version:?} does not read Postgres {server}");
        return None;
    }
    let dump = |url: &str| {
        let mut command = Command::new(&tool);
        command.args(["--schema-only", "-d", url]);
        for schema in schemas {
            command.arg(format!("--schema=\"{}\"", schema.replace('"', "\"\"")));
        }
        parts(&Run::of(command).exits(0).out)
    };
    let (made, other) = (dump(&databases.made), dump(&databases.other));
    let mut text = String::new();
    for (sign, one, other) in [('-', &made, &other), ('+', &other, &made)] {
        for (head, lines) in one.iter().filter(|(head, lines)| other.get(*head) != Some(lines)) {
            let was = other.get(head);
            text += &format!("{sign}{head}\n");
            let new = lines.iter().filter(|line| was.is_none_or(|was| !was.contains(line)));
            text.extend(new.map(|line| format!("{sign}    {line}\n")));
        }
    }
    Some(text)
}

/// The parts of a dump by their headings. Lines of privileges have no order.
fn parts(dump: &str) -> BTreeMap<String, Vec<String>> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut head = String::new();
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix("-- Name: ") {
            head = name.to_owned();
        } else if !matches!(line, "" | "--") && !line.starts_with("\\") && !head.is_empty() {
            parts.entry(head.clone()).or_default().push(line.to_owned());
        }
    }
    for (head, lines) in &mut parts {
        if head.contains("Type: ACL") || head.contains("Type: DEFAULT ACL") {
            lines.sort();
        }
    }
    parts
}
