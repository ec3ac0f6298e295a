//! `pull`: what a database holds, as a project that declares it. Files that are there are shown as they
//! would change, and changed with leave only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rls_core::apply;
use rls_core::model::Ident;
use rls_core::pull::{self, Pulled, Request};
use rls_core::{Grants, Provider};
use serde_json::json;
use similar::TextDiff;

use crate::args::PullArgs;
use crate::config;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::output::{GREEN, Output, notes_text, plan_json, plan_text, styled};
use crate::progress::during;
use crate::project::{Project, below};

/// A file as it is to be.
struct File {
    path: PathBuf,
    text: String,
    /// What stands there now.
    before: Option<String>,
}

pub(crate) async fn run(root: &Path, args: &PullArgs) -> Result<Output> {
    let folder = args.out.as_deref().unwrap_or(root);
    let schemas: std::result::Result<BTreeSet<_>, _> =
        args.schemas.iter().map(Ident::new).collect();
    let schemas = schemas.map_err(|error| Error::user(format!("`--schema`: {error}")))?;
    let mut database = open(args, folder).await?;
    let request = Request { schemas, provider: args.provider };
    let pulling = pull::pull(&mut database.client, &request);
    let pulled = during("Reading the database", pulling).await;
    let pulled = pulled.map_err(|error| Error::user(error.to_string()))?;
    let files = files(folder, &pulled)?;
    let changed: Vec<_> =
        files.iter().filter(|file| file.before.as_ref() != Some(&file.text)).collect();
    let asks = changed.iter().any(|file| file.before.is_some()) && !args.write;
    let output = if asks || changed.is_empty() {
        compared(&changed, &pulled)
    } else {
        changed.iter().try_for_each(|file| file.write())?;
        written(&mut database, folder, &changed, &pulled).await
    };
    database.close().await?;
    output
}

/// The database that the command line names, or an existing project does, or the environment.
async fn open(args: &PullArgs, folder: &Path) -> Result<Database> {
    let known = Project::open(folder).ok().and_then(|project| project.config.database_url_env);
    let of_project = known.and_then(|name| std::env::var(name).ok());
    let url = args.database_url.clone().or(of_project);
    let url = url.or_else(|| std::env::var("DATABASE_URL").ok()).filter(|url| !url.is_empty());
    let Some(url) = url else {
        return Err(Error::hint(
            "no database is named",
            "give `--database-url`, or set DATABASE_URL",
        ));
    };
    Database::at(&url).await
}

fn files(folder: &Path, pulled: &Pulled) -> Result<Vec<File>> {
    let texts = [
        (below(folder, config::FILE), configuration(pulled)),
        (below(folder, "src/schema.rs"), pulled.source.text.clone()),
    ];
    let file = |(path, text): (PathBuf, String)| match std::fs::read_to_string(&path) {
        Ok(before) => Ok(File { path, text, before: Some(before) }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(File { path, text, before: None })
        }
        Err(error) => Err(Error::user(format!("cannot read {}: {error}", path.display()))),
    };
    texts.into_iter().map(file).collect()
}

impl File {
    fn write(&self) -> Result<()> {
        let unwritable = |error: std::io::Error| {
            Error::user(format!("cannot write {}: {error}", self.path.display()))
        };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        std::fs::write(&self.path, &self.text).map_err(unwritable)
    }

    /// The lines that change.
    fn diff(&self) -> String {
        let name = self.path.display().to_string();
        let before = self.before.as_deref().unwrap_or_default();
        TextDiff::from_lines(before, &self.text)
            .unified_diff()
            .header(&name, &format!("{name} (pulled)"))
            .to_string()
    }
}

/// `rls.toml`.
fn configuration(pulled: &Pulled) -> String {
    let settings = &pulled.settings;
    let provider = match settings.provider {
        Provider::Neon => "neon",
        Provider::Supabase => "supabase",
        Provider::Postgres => "postgres",
    };
    let grants = match settings.grants {
        Grants::Policies => "policies",
        Grants::Schema => "schema",
        Grants::Declared => "declared",
    };
    let list = |names: &mut dyn Iterator<Item = &Ident>| {
        let names: Vec<_> =
            names.map(|name| toml::Value::String(name.to_string()).to_string()).collect();
        format!("[{}]", names.join(", "))
    };
    let mut text = format!("provider = \"{provider}\"\ngrants = \"{grants}\"\n");
    if !settings.roles.is_empty() {
        text += &format!("roles = {}\n", list(&mut settings.roles.iter()));
    }
    if !settings.extensions.is_empty() {
        text += &format!("extensions = {}\n", list(&mut settings.extensions.iter()));
    }
    text + "source = [\"src/schema.rs\"]\n"
}

/// What would change, and nothing done about it.
fn compared(changed: &[&File], pulled: &Pulled) -> Result<Output> {
    let diff: String = changed.iter().map(|file| file.diff()).collect();
    let text = if changed.is_empty() {
        format!("{} the files hold what the database holds\n", styled(GREEN, "No difference:"))
    } else {
        format!("{diff}\nNothing was written; `--write` does.\n")
    };
    let paths: Vec<_> = changed.iter().map(|file| &file.path).collect();
    Ok(Output {
        text: text + &notes_text(&pulled.notes),
        json: json!({ "written": [], "differs": paths, "diff": diff, "notes": pulled.notes }),
        difference: !changed.is_empty(),
    })
}

/// What was written, read again and compared with the database as every other command would.
async fn written(
    database: &mut Database,
    folder: &Path,
    changed: &[&File],
    pulled: &Pulled,
) -> Result<Output> {
    let schema = Project::open(folder)?.schema()?;
    let comparing = apply::compare(&mut database.client, &schema);
    let compared = during("Comparing the database with the declaration", comparing).await?;
    let paths: Vec<_> = changed.iter().map(|file| &file.path).collect();
    let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let mut text = format!("{} {}\n", styled(GREEN, "Wrote"), names.join(", "));
    let missing: Vec<_> = compared.live.missing_roles.iter().map(Ident::as_str).collect();
    if !compared.plan.is_empty() || !missing.is_empty() {
        text += "\nThe database holds what the declaration cannot say yet; `apply` would:\n\n";
        text += &plan_text(&compared.plan);
        let json = json!({
            "written": paths,
            "steps": plan_json(&compared.plan),
            "missing_roles": missing,
            "notes": pulled.notes,
            "errors": [{ "message": "the declaration is not all that the database holds", "help": null }],
        });
        let text = text + &notes_text(&pulled.notes);
        return Err(Error::Check { text, json, document: false });
    }
    if !pulled.source.dependencies.is_empty() {
        text += "\nBesides rls-schema it needs, in Cargo.toml:\n";
        text.extend(pulled.source.dependencies.iter().map(|line| format!("    {line}\n")));
    }
    Ok(Output {
        text: text + &notes_text(&pulled.notes),
        json: json!({
            "written": paths,
            "dependencies": pulled.source.dependencies,
            "notes": pulled.notes,
        }),
        difference: false,
    })
}
