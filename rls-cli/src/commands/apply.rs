//! `apply`: the plan of `diff`, carried out in one transaction and read back before it ends.

use rls_core::apply;
use rls_core::plan::HazardKind;
use serde_json::json;

use crate::args::DatabaseArgs;
use crate::database::Database;
use crate::error::Result;
use crate::output::{GREEN, Output, count, notes_text, plan_json, plan_text, styled};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(
    project: &Project,
    args: &DatabaseArgs,
    allowed: &[HazardKind],
) -> Result<Output> {
    let schema = project.schema()?;
    let mut database = Database::open(args, project).await?;
    let mut quiet = |_: usize, _: usize, _: &rls_core::plan::Step| {};
    let applying = apply::apply(&mut database.client, &schema, allowed, &mut quiet);
    let applied = during("Applying the plan", applying).await;
    let (name, mut notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let applied = applied?;
    notes.extend(applied.live.notes);
    let steps = applied.plan.steps.len();
    let text = if steps == 0 {
        format!("{} {name} holds what is declared\n", styled(GREEN, "Nothing to do:"))
    } else {
        let done = styled(GREEN, "Applied");
        format!("{}\n{done} {} to {name}\n", plan_text(&applied.plan), count(steps, "step"))
    };
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({
            "database": name,
            "applied": steps,
            "steps": plan_json(&applied.plan),
            "notes": notes,
        }),
        difference: false,
    })
}
