//! What `pg_dump --schema-only` says of a database, in parts that can be compared in whatever order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A `pg_dump` that reads the server.
pub struct PgDump(PathBuf);

/// The parts of a dump by their headings.
#[derive(PartialEq)]
pub struct Dump(BTreeMap<String, Vec<String>>);

impl PgDump {
    /// The one beside the server, or another that is not older. None, said aloud, where there is none.
    #[track_caller]
    pub fn for_server(programs: Option<&Path>, major: u32) -> Option<PgDump> {
        let all = every("pg_dump", programs);
        let new = |tool: &&PathBuf| version(tool).is_some_and(|version| version >= major);
        if let Some(tool) = all.iter().find(new) {
            return Some(PgDump(tool.clone()));
        }
        // Servers that are fetched for tests come without it.
        let own = std::env::var_os("RLS_POSTGRES_BIN").is_none();
        let required = own && std::env::var_os("RLS_REQUIRE_POSTGRES").is_some();
        assert!(!required, "RLS_REQUIRE_POSTGRES is set, and no pg_dump reads Postgres {major}");
        eprintln!("LEFT OUT: none of {all:?} reads Postgres {major}");
        None
    }

    /// What it says of some schemas, or of all that there are.
    #[track_caller]
    pub fn of(&self, url: &str, schemas: &[String]) -> Dump {
        let mut command = Command::new(&self.0);
        command.args(["--schema-only", "-d", url]);
        for schema in schemas {
            command.arg(format!("--schema=\"{}\"", schema.replace('"', "\"\"")));
        }
        Dump::read(&output(command))
    }
}

/// A program of Postgres: beside the server, where Debian puts them, or on the path.
#[allow(dead_code, reason = "not every test runs others")]
pub fn program(name: &str, beside: Option<&Path>) -> Option<PathBuf> {
    every(name, beside).into_iter().next()
}

/// All that there are, in that order.
fn every(name: &str, beside: Option<&Path>) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    debian.sort();
    let folders = beside.map(Path::to_owned).into_iter().chain(debian.into_iter().rev());
    let tools = folders.chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    tools.filter(|tool| tool.is_file()).collect()
}

/// The major version of a program.
fn version(tool: &Path) -> Option<u32> {
    let mut command = Command::new(tool);
    command.arg("--version");
    output(command).split([' ', '.']).find_map(|word| word.parse().ok())
}

#[track_caller]
fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A line with what has no order sorted: the columns of UPDATE OF, and options, of which `on` is `true`.
fn in_order(line: &str) -> String {
    let sorted = |line: String, start: &str, end: &str| {
        let Some((before, rest)) = line.split_once(start) else { return line };
        let Some((list, after)) = rest.split_once(end) else { return line };
        let mut list: Vec<_> = list.split(", ").map(|it| it.replace("='on'", "='true'")).collect();
        list.sort();
        format!("{before}{start}{}{end}{after}", list.join(", "))
    };
    sorted(sorted(line.to_owned(), " UPDATE OF ", " ON "), " WITH (", ")")
}

impl Dump {
    /// Lines of privileges have no order.
    fn read(text: &str) -> Dump {
        let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut head = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("-- Name: ") {
                head = name.to_owned();
            } else if line == "-- PostgreSQL database dump complete" {
                break;
            } else if !matches!(line, "" | "--") && !line.starts_with("\\") && !head.is_empty() {
                parts.entry(head.clone()).or_default().push(in_order(line));
            }
        }
        for (head, lines) in &mut parts {
            if head.contains("Type: ACL") || head.contains("Type: DEFAULT ACL") {
                lines.sort();
            }
        }
        Dump(parts)
    }

    /// The same with the columns of tables and composite types, and words of views, in alphabetical order: one that is added
    /// stands last, and that is no difference. Nor are brackets where BETWEEN begins a longer AND: Postgres writes
    /// some that are gone when it has read what it wrote, as it does where a column gets another type.
    pub fn whatever_way_it_came(mut self) -> Dump {
        let between = |line: &str| line.contains(" >= ") && line.contains(" <= ");
        for (head, lines) in &mut self.0 {
            for line in lines.iter_mut().filter(|line| between(line)) {
                *line = line.replace(['(', ')'], "");
            }
            let composite = |lines: &[String]| {
                head.contains("Type: TYPE;") && lines.iter().any(|line| line.ends_with(" AS ("))
            };
            if head.contains("Type: VIEW;") || head.contains("Type: MATERIALIZED VIEW;") {
                let words = lines.iter().flat_map(|line| line.split([' ', ',']));
                let mut words: Vec<_> = words.map(str::to_owned).collect();
                words.sort();
                *lines = words;
            } else if head.contains("Type: TABLE;") || composite(lines) {
                lines.iter_mut().for_each(|line| *line = line.trim_end_matches(',').to_owned());
                lines.sort();
            }
        }
        self
    }

    /// What only one of them has, as lines with `-` and, of the other, with `+`.
    pub fn differences(&self, other: &Dump) -> String {
        let mut text = String::new();
        for (sign, Dump(one), Dump(other)) in [('-', self, other), ('+', other, self)] {
            for (head, lines) in one.iter().filter(|(head, lines)| other.get(*head) != Some(lines))
            {
                let was = other.get(head);
                text += &format!("{sign}{head}\n");
                let new = lines.iter().filter(|line| was.is_none_or(|was| !was.contains(line)));
                text.extend(new.map(|line| format!("{sign}    {line}\n")));
            }
        }
        text
    }
}
