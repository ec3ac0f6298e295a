//! `status`: where each migration stands in a database.

use rls_core::apply::{self, Record, Status};
use serde_json::{Value, json};

use crate::args::DatabaseArgs;
use crate::database::Database;
use crate::error::Result;
use crate::output::{GREEN, Output, YELLOW, milliseconds, notes_text, styled};
use crate::plan_output::hazards_json;
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(project: &Project, args: &DatabaseArgs) -> Result<Output> {
    let migrations = project.migrations().to_run()?;
    let database = Database::open(args, project).await?;
    let reading = apply::status(&database.client, &migrations);
    let statuses = during("Reading the history", reading).await;
    let (name, notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let statuses = statuses?;
    let text: String = statuses.iter().map(text).collect();
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({
            "database": name,
            "migrations": statuses.iter().map(json).collect::<Vec<_>>(),
            "notes": notes,
        }),
        difference: statuses.iter().any(|status| status.applied().is_none()),
    })
}

fn text(status: &Status<'_>) -> String {
    let file = status.migration.file();
    if let Some(record) = status.applied() {
        let Record { applied_at, applied_by, tool_version, baseline, .. } = record;
        let how = match record.duration {
            Some(duration) if !baseline => format!("{} ms", duration.as_millis()),
            Some(_) | None => "baseline, not run".to_owned(),
        };
        let applied = styled(GREEN, "applied");
        return format!(
            "{applied} {file}: {applied_at} by {applied_by}, {how}, with {tool_version}\n"
        );
    }
    let hazards: String = status
        .migration
        .hazards()
        .iter()
        .map(|hazard| format!("        {}: {}\n", hazard.kind, hazard.message))
        .collect();
    let state = if status.is_begun() { "begun  " } else { "pending" };
    format!("{} {file}\n{hazards}", styled(YELLOW, state))
}

fn json(status: &Status<'_>) -> Value {
    let state = match status.applied() {
        Some(_) => "applied",
        None if status.is_begun() => "begun",
        None => "pending",
    };
    json!({
        "version": status.migration.version,
        "name": status.migration.name,
        "state": state,
        "hazards": hazards_json(&status.migration.hazards()),
        "record": status.record.as_ref().map(|record| json!({
            "applied_at": record.applied_at,
            "applied_by": record.applied_by,
            "duration_ms": record.duration.map(milliseconds),
            "tool_version": record.tool_version,
            "baseline": record.baseline,
        })),
    })
}
