//! One command over many databases: each by itself, several at a time. A failure stops only its own, and a
//! second run has nothing left to do where the first one came to its end.

use std::future::Future;
use std::path::Path;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::args::{DatabaseArgs, ManyArgs};
use crate::database::describe;
use crate::error::{Error, Result};
use crate::output::{GREEN, Output, RED, YELLOW, count, error_json, styled};
use crate::tls;

/// Runs a command on the database that the arguments name, or on each of a list.
pub(crate) async fn each<'a, F, R>(args: &'a ManyArgs, run: F) -> Result<Output>
where
    F: Fn(DatabaseArgs) -> R,
    R: Future<Output = Result<Output>> + 'a,
{
    let Some(list) = &args.databases else { return run(args.database.clone()).await };
    let listed = read(list)?;
    let total = listed.len();
    let on = |Listed { url, name }: Listed| {
        let result = run(DatabaseArgs { database_url: Some(url), ..args.database.clone() });
        async move { (name, result.await) }
    };
    let mut results = stream::iter(listed).map(on).buffer_unordered(u16::from(args.jobs).into());
    let mut summary = Summary::default();
    while let Some((name, result)) = results.next().await {
        let line = summary.add(&name, result);
        anstream::eprintln!("[{}/{total}] {name}: {line}", summary.done());
    }
    summary.finish()
}

/// What came of it, without what was said of each that went well: a list may be long.
#[derive(Default)]
struct Summary {
    same: usize,
    different: usize,
    failed: Vec<String>,
    documents: Vec<Value>,
}

impl Summary {
    fn done(&self) -> usize {
        self.same + self.different + self.failed.len()
    }

    /// Counts one, and says in a line what came of it.
    fn add(&mut self, name: &str, result: Result<Output>) -> String {
        match result {
            Ok(Output { text: _, mut json, difference }) => {
                let applied = json["applied"]
                    .as_u64()
                    .or(json["applied"].as_array().map(|it| it.len() as u64));
                let changed = difference || applied.is_some_and(|applied| applied > 0);
                if let Some(document) = json.as_object_mut() {
                    document.remove("steps");
                    document.insert("database".to_owned(), json!(name));
                }
                self.documents.push(json);
                if !changed {
                    self.same += 1;
                    return styled(GREEN, "nothing to do");
                }
                self.different += 1;
                match applied {
                    Some(applied) => format!("{} {applied}", styled(GREEN, "applied")),
                    None => styled(YELLOW, "different"),
                }
            }
            Err(error) => {
                let errors = error_json(&error);
                let first = errors[0]["message"].as_str().unwrap_or("failed").to_owned();
                self.failed.push(format!("{name}: {first}"));
                self.documents.push(json!({ "database": name, "errors": errors }));
                // The rest of it stands in the summary.
                let line = first.lines().next().unwrap_or_default();
                format!("{}: {line}", styled(RED, "error"))
            }
        }
    }

    /// One that failed is worse than one that differs.
    fn finish(self) -> Result<Output> {
        let Summary { same, different, failed, documents } = self;
        let applies = documents.iter().any(|document| document.get("applied").is_some());
        let word = if applies { "changed" } else { "different" };
        let mut text = format!(
            "{}: {different} {word}, {same} with nothing to do, {} failed\n",
            count(same + different + failed.len(), "database"),
            failed.len()
        );
        text.extend(failed.iter().map(|line| format!("{} {line}\n", styled(RED, "failed:"))));
        let json = json!({
            "databases": documents,
            "changed": different,
            "unchanged": same,
            "failed": failed.len(),
        });
        if failed.is_empty() {
            return Ok(Output { text, json, difference: different > 0 && !applies });
        }
        text += "run the same again: what is done has nothing left to do\n";
        Err(Error::Check { text, json, document: true })
    }
}

/// A database of the list.
struct Listed {
    url: String,
    /// What it is, without its password.
    name: String,
}

/// One URL a line; empty lines and those that begin with `#` are passed over.
fn read(path: &Path) -> Result<Vec<Listed>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::user(format!("cannot read {}: {error}", path.display())))?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (mut listed, mut problems): (Vec<Listed>, _) = (Vec::new(), Vec::new());
    for (at, line) in lines {
        // What is wrong with it is said without the line: it may hold a password.
        match tls::target(line) {
            Ok(_) if listed.iter().any(|other| other.url == line) => {
                problems.push(format!(
                    "{}:{}: this database is named twice",
                    path.display(),
                    at + 1
                ));
            }
            Ok(target) => {
                listed.push(Listed { url: line.to_owned(), name: describe(&target.config) })
            }
            Err(_) => problems.push(format!(
                "{}:{}: this is no URL of a database, such as postgres://user@host/name",
                path.display(),
                at + 1
            )),
        }
    }
    if !problems.is_empty() {
        return Err(Error::user(problems.join("\n")));
    }
    if listed.is_empty() {
        return Err(Error::hint(
            format!("{} names no database", path.display()),
            "write one URL a line",
        ));
    }
    Ok(listed)
}
