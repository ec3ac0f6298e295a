//! `undo`: the migration that was applied last, taken back.

use rls_core::apply::{self, Patience};
use rls_core::plan::HazardKind;
use serde_json::json;

use crate::args::DatabaseArgs;
use crate::database::Database;
use crate::error::Result;
use crate::output::{GREEN, Output, applied_json, notes_text, styled};
use crate::progress::during;
use crate::project::Project;

/// What undoing does is agreed to by name, each time: rls.toml has no say.
pub(crate) async fn run(
    project: &Project,
    args: &DatabaseArgs,
    allowed: &[HazardKind],
    patience: &Patience,
) -> Result<Output> {
    let folder = project.migrations();
    let (migrations, back) = (folder.to_run()?, folder.read_back()?);
    let mut database = Database::open(args, project).await?;
    let undoing = apply::undo(&mut database.client, &migrations, &back, allowed, patience);
    let undone = during("Undoing the last migration", undoing).await;
    let (name, notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let undone = undone?;
    let text = match &undone {
        Some(undone) => format!(
            "{} {}_{} in {name} ({} ms)\n",
            styled(GREEN, "Undid"),
            undone.version,
            undone.name,
            undone.duration.as_millis()
        ),
        None => format!("{} {name} has had no migration\n", styled(GREEN, "Nothing to do:")),
    };
    let undone = undone.as_ref().map(applied_json);
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({ "database": name, "undone": undone, "notes": notes }),
        difference: false,
    })
}
