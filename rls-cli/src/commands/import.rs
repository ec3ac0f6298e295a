//! `import`: what another tool knows of a database, as a project that declares it; no database is asked.

use std::path::{Path, PathBuf};

use rls_core::drizzle::{self, Imported, Mistake, Request};
use serde_json::json;

use crate::args::ImportArgs;
use crate::draft::{self, Draft};
use crate::error::{Error, Result};
use crate::output::{Output, notes_text};
use crate::project::Project;

pub(crate) fn drizzle(root: &Path, args: &ImportArgs) -> Result<Output> {
    let folder = args.out.as_deref().unwrap_or(root);
    let path = snapshot(&args.path)?;
    let request = Request { provider: args.provider, exact: args.exact };
    let imported = drizzle::import(&read(&path)?, request);
    let imported = imported.map_err(|error| told(&path, error))?;
    let draft = Draft::new(folder, &imported.settings, &imported.source, "imported")?;
    if !draft.may_be_written(args.write) {
        return Ok(draft.compared(&imported.notes));
    }
    draft.write()?;
    written(folder, &draft, &imported)
}

/// The file of the snapshot: the path itself, or the latest one of a folder.
fn snapshot(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let metas = [path.join("meta"), path.to_owned()];
    let found = metas.into_iter().find(|meta| meta.join(JOURNAL).is_file());
    let meta = found.ok_or_else(|| {
        Error::hint(
            format!("there is no meta/{JOURNAL} in {}", path.display()),
            "name the folder that drizzle-kit writes migrations to, or a snapshot; drizzle-kit before 1.0 \
             keeps them in `meta`, and what later ones keep is not read",
        )
    })?;
    let journal = meta.join(JOURNAL);
    let latest = drizzle::latest_snapshot(&read(&journal)?);
    Ok(meta.join(latest.map_err(|error| told(&journal, error))?))
}

const JOURNAL: &str = "_journal.json";

fn read(path: &Path) -> Result<String> {
    let unreadable = |error| Error::user(format!("cannot read {}: {error}", path.display()));
    std::fs::read_to_string(path).map_err(unreadable)
}

/// What is wrong with a file, all of it.
fn told(path: &Path, error: drizzle::Error) -> Error {
    let file = path.display();
    match error {
        drizzle::Error::Malformed { .. } => Error::user(format!("{file}:{error}")),
        drizzle::Error::Mistakes(mistakes) => {
            let mut text = String::new();
            let mut errors = Vec::new();
            for Mistake { path, message, help } in mistakes {
                let message = format!("{file}: `{path}` {message}");
                text += &format!("error: {message}\n");
                text.extend(help.iter().map(|help| format!("help: {help}\n")));
                errors.push(json!({ "message": message, "help": help }));
            }
            Error::Check { text, json: json!({ "errors": errors }), document: false }
        }
        drizzle::Error::NotRead(_) | drizzle::Error::Nothing | drizzle::Error::Undeclarable(_) => {
            Error::user(format!("{file}: {error}"))
        }
    }
}

/// What was written, read again as every other command would.
fn written(folder: &Path, draft: &Draft, imported: &Imported) -> Result<Output> {
    Project::open(folder)?.schema()?;
    let text = draft.wrote() + &draft::needs(&imported.source) + &notes_text(&imported.notes);
    Ok(Output {
        text,
        json: json!({
            "written": draft.paths(),
            "dependencies": imported.source.dependencies,
            "notes": imported.notes,
        }),
        difference: false,
    })
}
