//! `replay`: do the migrations lead to what the snapshot says? Found out on a scratch Postgres.

use rls_core::apply::{self, Migration, Patience};
use rls_core::diff::Change;
use rls_core::model::Schema;
use rls_core::plan::{HazardKind, Plan, Step};
use serde_json::json;

use crate::database::Database;
use crate::error::Result;
use crate::output::{GREEN, Output, count, styled};
use crate::plan_output::{plan_json, plan_text};
use crate::progress::during;
use crate::project::Project;

/// What was found, in the order of finding.
struct Found {
    what: &'static str,
    plan: Plan,
}

pub(crate) async fn run(project: &Project, undo: bool) -> Result<Output> {
    let folder = project.migrations();
    let (migrations, schema) = (folder.to_run()?, folder.previous()?);
    let back = if undo { Some(folder.read_back()?) } else { None };
    let mut database = Database::scratch(project).await?;
    let replaying = replay(&mut database, &migrations, back.as_deref(), &schema);
    let found = during("Running all migrations", replaying).await;
    let name = database.name.clone();
    database.close().await?;
    let found = found?;
    let text = match &found {
        Some(Found { what, plan }) => format!("{}\n{what}\n", plan_text(plan)),
        None => {
            let all = count(migrations.len(), "migration");
            let both = if undo { ", forwards, back and forwards again" } else { "" };
            let done = styled(GREEN, "No difference:");
            format!("{done} {all} led to what the snapshot says in {name}{both}\n")
        }
    };
    Ok(Output {
        text,
        json: json!({
            "database": name,
            "difference": found.is_some(),
            "what": found.as_ref().map(|found| found.what),
            "steps": found.as_ref().map(|found| plan_json(&found.plan)).unwrap_or_else(|| json!([])),
        }),
        difference: found.is_some(),
    })
}

async fn replay(
    database: &mut Database,
    migrations: &[Migration],
    back: Option<&[Migration]>,
    schema: &Schema,
) -> Result<Option<Found>> {
    let empty = apply::compare(&mut database.client, schema).await?.plan;
    let led = lead(database, migrations, schema).await?;
    if !led.is_empty() {
        let what =
            "The migrations do not lead to what the snapshot says; above is what is left to do.";
        return Ok(Some(Found { what, plan: led }));
    }
    let Some(back) = back else { return Ok(None) };
    let (all, patience) = (HazardKind::ALL, Patience::default());
    while apply::undo(&mut database.client, migrations, back, &all, &patience).await?.is_some() {}
    let undone = apply::compare(&mut database.client, schema).await?.plan;
    let left = left_behind(empty, &undone);
    if !left.is_empty() {
        let what = "Undoing all migrations leaves what these steps make, or makes it otherwise.";
        return Ok(Some(Found { what, plan: left }));
    }
    let again = lead(database, migrations, schema).await?;
    let what = "Run again after they were undone, the migrations lead elsewhere; above is what is left to do.";
    Ok((!again.is_empty()).then_some(Found { what, plan: again }))
}

/// Runs what is pending, and tells what is left to do.
async fn lead(database: &mut Database, migrations: &[Migration], schema: &Schema) -> Result<Plan> {
    let mut quiet = |_: usize, _: usize, _: &Migration| {};
    let (all, patience) = (HazardKind::ALL, Patience::default());
    apply::migrate(&mut database.client, migrations, &all, &patience, &mut quiet).await?;
    Ok(apply::compare(&mut database.client, schema).await?.plan)
}

/// The steps that an empty database needs and an undone one does not. Roles, schemas and extensions stay: others
/// may need them.
fn left_behind(empty: Plan, undone: &Plan) -> Plan {
    let stays = |step: &Step| {
        matches!(
            step.change,
            Change::CreateRole(_) | Change::CreateNamespace(_) | Change::CreateExtension { .. }
        )
    };
    let is_left = |step: &Step| !stays(step) && !undone.steps.contains(step);
    Plan { steps: empty.steps.into_iter().filter(is_left).collect() }
}
