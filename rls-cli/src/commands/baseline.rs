//! `baseline`: a database that holds already what the migrations lead to, taken over.

use rls_core::apply;
use serde_json::json;

use crate::args::DatabaseArgs;
use crate::database::Database;
use crate::error::Result;
use crate::output::{GREEN, Output, count, missing_notes, notes_text, styled};
use crate::plan_output::{plan_json, plan_text};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(project: &Project, args: &DatabaseArgs) -> Result<Output> {
    let folder = project.migrations();
    let (migrations, schema) = (folder.to_run()?, folder.previous()?);
    let mut database = Database::open(args, project).await?;
    let entering = apply::baseline(&mut database.client, &migrations, &schema);
    let compared = during("Comparing the database with the snapshot", entering).await;
    let (name, mut notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let compared = compared?;
    let difference = !compared.is_empty();
    notes.extend(compared.live.notes);
    let missing = compared.live.missing_roles;
    notes.extend(missing_notes(&missing));
    let text = if difference {
        format!(
            "{}\n{name} does not hold what the migrations lead to, so nothing was entered; above is what \
             would make it so\n",
            plan_text(&compared.plan)
        )
    } else {
        let entered = count(migrations.len(), "migration");
        format!("{} {entered} as applied to {name}, and ran none\n", styled(GREEN, "Entered"))
    };
    let entered = if difference { 0 } else { migrations.len() };
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({
            "database": name,
            "difference": difference,
            "entered": entered,
            "steps": plan_json(&compared.plan),
            "missing_roles": missing.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
            "notes": notes,
        }),
        difference,
    })
}
