//! `diff`: what a database lacks of the declaration, as the plan that would mend it.

use rls_core::apply;
use serde_json::json;

use crate::args::DatabaseArgs;
use crate::boundary;
use crate::database::Database;
use crate::error::Result;
use crate::output::{GREEN, Output, notes_text, plan_json, plan_text, styled};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(project: &Project, args: &DatabaseArgs) -> Result<Output> {
    let schema = project.schema()?;
    let mut database = Database::open(args, project).await?;
    let comparing = apply::survey(&mut database.client, &schema);
    let compared = during("Comparing the database with the declaration", comparing).await;
    let (name, mut notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let (compared, standing) = compared?;
    notes.extend(compared.live.notes);
    let missing = compared.live.missing_roles;
    notes.extend(missing.iter().map(|role| format!("the server does not have the role `{role}`")));
    let difference = !compared.plan.is_empty() || !missing.is_empty();
    let text = if difference {
        plan_text(&compared.plan)
    } else {
        format!("{} {name} holds what is declared\n", styled(GREEN, "No difference:"))
    };
    Ok(Output {
        text: text + &boundary::text(&standing) + &notes_text(&notes),
        json: json!({
            "database": name,
            "difference": difference,
            "steps": plan_json(&compared.plan),
            "missing_roles": missing.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
            "standing": boundary::json(&standing),
            "notes": notes,
        }),
        difference,
    })
}
