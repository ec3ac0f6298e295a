//! `diff`: what a database lacks of the declaration, as the plan that would mend it.

use rls_core::apply::{self, PlanFile};
use serde_json::json;

use crate::args::{DiffArgs, PlanFormat};
use crate::boundary;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::output::{GREEN, Output, missing_notes, notes_text, styled};
use crate::plan_output::{plan_json, plan_markdown, plan_text};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(project: &Project, args: &DiffArgs) -> Result<Output> {
    let schema = project.schema()?;
    let mut database = Database::open(&args.database, project).await?;
    let comparing = apply::survey(&mut database.client, &schema);
    let compared = during("Comparing the database with the declaration", comparing).await;
    let (name, mut notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let (compared, standing) = compared?;
    notes.extend(compared.live.notes.iter().cloned());
    let missing = &compared.live.missing_roles;
    notes.extend(missing_notes(missing));
    let plan = match args.online {
        true => compared.plan.clone().online(&schema),
        false => compared.plan.clone(),
    };
    if let Some(path) = &args.out {
        let file = PlanFile::new(&compared, &plan, &schema, args.online);
        let text = file.and_then(|file| file.write());
        let text =
            text.map_err(|error| Error::Internal(format!("cannot write a plan: {error}")))?;
        std::fs::write(path, text)
            .map_err(|error| Error::user(format!("cannot write {}: {error}", path.display())))?;
        notes.push(format!("the plan is in {0}: `cargo rls apply --plan {0}`", path.display()));
    }
    let difference = !compared.is_empty();
    let text = match args.format {
        PlanFormat::Markdown => plan_markdown(&format!("Plan for {name}"), &plan),
        PlanFormat::Text if difference => plan_text(&plan),
        PlanFormat::Text => {
            format!("{} {name} holds what is declared\n", styled(GREEN, "No difference:"))
        }
    };
    let around = match args.format {
        PlanFormat::Markdown => String::new(),
        PlanFormat::Text => boundary::text(&standing) + &notes_text(&notes),
    };
    Ok(Output {
        text: text + &around,
        json: json!({
            "database": name,
            "difference": difference,
            "steps": plan_json(&plan),
            "missing_roles": missing.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
            "standing": boundary::json(&standing),
            "notes": notes,
        }),
        difference,
    })
}
