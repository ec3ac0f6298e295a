//! `apply`: the plan of `diff`, carried out in one transaction and read back before it ends.

use std::path::Path;

use rls_core::apply::{self, Options, PlanFile};
use rls_core::model::Schema;
use rls_core::plan::HazardKind;
use serde_json::json;

use crate::args::{ApplyArgs, DatabaseArgs};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::many;
use crate::output::{GREEN, Output, count, notes_text, styled};
use crate::plan_output::{plan_json, plan_text};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(
    project: &Project,
    args: &ApplyArgs,
    allowed: &[HazardKind],
) -> Result<Output> {
    let file = args.plan.as_deref().map(read).transpose()?;
    let schema = match &file {
        Some(file) => file.desired(),
        None => project.schema()?,
    };
    let mut allowed = allowed.to_vec();
    let online = args.online || file.as_ref().is_some_and(|file| file.online);
    if online {
        // That is what was asked for.
        allowed.push(HazardKind::OutsideTransaction);
    }
    let options = Options {
        allowed: &allowed,
        online,
        patience: args.patience.patience(),
        reviewed: file.as_ref(),
    };
    let (schema, options) = (&schema, &options);
    many::each(&args.many, |database| async move { on(project, &database, schema, options).await })
        .await
}

async fn on(
    project: &Project,
    args: &DatabaseArgs,
    schema: &Schema,
    options: &Options<'_>,
) -> Result<Output> {
    let mut database = Database::open(args, project).await?;
    let mut quiet = |_: usize, _: usize, _: &rls_core::plan::Step| {};
    let applying = apply::apply_with(&mut database.client, schema, options, &mut quiet);
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

fn read(path: &Path) -> Result<PlanFile> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::user(format!("cannot read {}: {error}", path.display())))?;
    PlanFile::read(&text).map_err(|error| {
        Error::hint(
            format!("{} is no plan that can be applied: {error}", path.display()),
            "`cargo rls diff --out FILE` writes one",
        )
    })
}
