//! `migrate`: the migrations that a database has not seen, each in a transaction of its own.

use rls_core::apply::{self, Migration, Patience};
use rls_core::plan::HazardKind;
use serde_json::json;

use crate::args::{DatabaseArgs, MigrateArgs};
use crate::database::Database;
use crate::error::Result;
use crate::many;
use crate::output::{GREEN, Output, applied_json, count, notes_text, styled};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(project: &Project, args: &MigrateArgs) -> Result<Output> {
    let migrations = &*project.migrations().to_run()?;
    let allowed = &*project.allowed(&args.allow);
    let patience = &args.patience.patience();
    many::each(&args.many, |database| async move {
        on(project, &database, migrations, allowed, patience).await
    })
    .await
}

async fn on(
    project: &Project,
    args: &DatabaseArgs,
    migrations: &[Migration],
    allowed: &[HazardKind],
    patience: &Patience,
) -> Result<Output> {
    let mut database = Database::open(args, project).await?;
    let mut quiet = |_: usize, _: usize, _: &Migration| {};
    let migrating = apply::migrate(&mut database.client, migrations, allowed, patience, &mut quiet);
    let applied = during("Applying migrations", migrating).await;
    let (name, mut notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let applied = applied?;
    for statement in applied.iter().flat_map(|migration| &migration.skipped) {
        notes.push(format!("`{statement}` was left out: a stand-in takes its place here"));
    }
    let mut text = String::new();
    for migration in &applied {
        text += &format!(
            "  {}_{} ({} ms)\n",
            migration.version,
            migration.name,
            migration.duration.as_millis()
        );
    }
    let text = if applied.is_empty() {
        format!("{} {name} has seen every migration\n", styled(GREEN, "Nothing to do:"))
    } else {
        format!(
            "{} {} to {name}\n{text}",
            styled(GREEN, "Applied"),
            count(applied.len(), "migration")
        )
    };
    let files: Vec<_> = applied.iter().map(applied_json).collect();
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({ "database": name, "applied": files, "notes": notes }),
        difference: false,
    })
}
