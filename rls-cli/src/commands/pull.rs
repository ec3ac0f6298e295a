//! `pull`: what a database holds, as a project that declares it.

use std::collections::BTreeSet;
use std::path::Path;

use rls_core::apply;
use rls_core::model::Ident;
use rls_core::pull::{self, Pulled, Request};
use serde_json::json;

use crate::args::PullArgs;
use crate::database::Database;
use crate::draft::{self, Draft};
use crate::error::{Error, Result};
use crate::output::{Output, notes_text};
use crate::plan_output::{plan_json, plan_text};
use crate::progress::during;
use crate::project::Project;

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
    let draft = Draft::new(folder, &pulled.settings, &pulled.source, "pulled")?;
    let output = if draft.may_be_written(args.write) {
        draft.write()?;
        written(&mut database, folder, &draft, &pulled).await
    } else {
        Ok(draft.compared(&pulled.notes))
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

/// What was written, read again and compared with the database as every other command would.
async fn written(
    database: &mut Database,
    folder: &Path,
    draft: &Draft,
    pulled: &Pulled,
) -> Result<Output> {
    let schema = Project::open(folder)?.schema()?;
    let comparing = apply::compare(&mut database.client, &schema);
    let compared = during("Comparing the database with the declaration", comparing).await?;
    let paths = draft.paths();
    let mut text = draft.wrote();
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
    text += &draft::needs(&pulled.source);
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
