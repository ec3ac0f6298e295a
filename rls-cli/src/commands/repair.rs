//! `repair`: after a merge, migrations, snapshot and declaration are made to fit each other again. No file
//! that was written is changed; one may get a later version.

use std::collections::BTreeSet;

use rls_core::apply::{self, Comparison, Migration, Patience};
use rls_core::model::Schema;
use rls_core::plan::{HazardKind, Plan};
use serde_json::json;

use super::generate::{file, file_back, made_up, refuse_loss};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::migrations::{Entry, Folder, NewMigration, next, version_after};
use crate::output::{GREEN, Output, notes_text, styled};
use crate::plan_output::{plan_json, plan_text};
use crate::progress::during;
use crate::project::Project;

pub(crate) async fn run(
    project: &Project,
    later: Option<&str>,
    allowed: &[HazardKind],
) -> Result<Output> {
    let declared = project.schema()?;
    let folder = project.migrations();
    folder.finish()?;
    let entries = folder.entries()?;
    let moves = moves(&folder, &entries, later)?;
    let migrations = renumbered(&folder, &entries, &moves)?;
    let (compared, back) = lead(project, &migrations, &declared).await?;
    let plan = compared.plan;
    refuse_loss(&plan, allowed)?;
    // Only now is anything written.
    for (entry, version) in &moves {
        folder.renumber(entry, version)?;
    }
    let new = (!plan.is_empty()).then(|| NewMigration {
        name: made_up(&plan),
        up: file(&plan, true),
        down: file_back(&back),
    });
    let is_stale = folder.is_stale(&declared)?;
    if moves.is_empty() && new.is_none() && !is_stale {
        return Ok(Output {
            text: format!(
                "{} migrations, snapshot and declaration fit each other\n",
                styled(GREEN, "Nothing to do:")
            ),
            json: json!({ "renamed": [], "migration": null, "snapshot": false, "steps": [] }),
            difference: false,
        });
    }
    let written = folder.write(new.as_slice(), &declared)?;
    let written: Vec<_> = written.iter().map(|path| path.display().to_string()).collect();
    let renamed: Vec<_> = moves
        .iter()
        .map(|(entry, version)| (entry.file.clone(), folder.called(version, &entry.name)))
        .collect();
    let notes = undeclared(&compared.live.undeclared);
    Ok(Output {
        text: text(&folder, &plan, &renamed, &written) + &notes_text(&notes),
        json: json!({
            "renamed": renamed.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect::<Vec<_>>(),
            "migration": written.first(),
            "snapshot": true,
            "steps": plan_json(&plan),
            "notes": notes,
        }),
        difference: false,
    })
}

/// Which migrations get another version: the one that is to be later, and of two that share one the later by
/// name.
fn moves(folder: &Folder, entries: &[Entry], later: Option<&str>) -> Result<Vec<(Entry, String)>> {
    let mut moves = Vec::new();
    if let Some(named) = later {
        let Some(entry) = entries.iter().find(|entry| entry.is_called(named)) else {
            return Err(Error::hint(
                format!("there is no migration {named} in {}", folder.path.display()),
                "name its file, or `<version>_<name>`",
            ));
        };
        let last = entries
            .iter()
            .filter(|other| *other != entry)
            .map(|other| other.version.as_str())
            .max();
        if last.is_some_and(|last| last >= entry.version.as_str()) {
            moves.push((entry.clone(), version_after(last)?));
        }
    }
    let stays = |entry: &&Entry| !moves.iter().any(|(moved, _)| moved == *entry);
    let staying: Vec<_> = entries.iter().filter(stays).cloned().collect();
    let mut taken: BTreeSet<_> = entries.iter().map(|entry| entry.version.clone()).collect();
    taken.extend(moves.iter().map(|(_, version)| version.clone()));
    for pair in staying.windows(2).filter(|pair| pair[0].version == pair[1].version) {
        let mut version = next(&pair[1].version)?;
        while !taken.insert(version.clone()) {
            version = next(&version)?;
        }
        moves.push((pair[1].clone(), version));
    }
    Ok(moves)
}

/// The migrations as they will be.
fn renumbered(
    folder: &Folder,
    entries: &[Entry],
    moves: &[(Entry, String)],
) -> Result<Vec<Migration>> {
    let mut migrations = folder.texts(entries)?;
    for migration in &mut migrations {
        let moved = moves.iter().find(|(entry, _)| {
            (&entry.version, &entry.name) == (&migration.version, &migration.name)
        });
        if let Some((_, version)) = moved {
            migration.version.clone_from(version);
        }
    }
    if migrations.is_empty() { folder.to_run() } else { Ok(migrations) }
}

/// Runs all migrations on a scratch Postgres, and plans the way to the declaration and back.
async fn lead(
    project: &Project,
    migrations: &[Migration],
    declared: &Schema,
) -> Result<(Comparison, Plan)> {
    let mut database = Database::scratch(project).await?;
    let client = &mut database.client;
    let leading = async {
        let mut quiet = |_: usize, _: usize, _: &Migration| {};
        let (all, patience) = (HazardKind::ALL, Patience::default());
        apply::migrate(client, migrations, &all, &patience, &mut quiet).await?;
        apply::compare_both_ways(client, declared).await
    };
    let led = during("Running all migrations", leading).await;
    database.close().await?;
    Ok(led?)
}

/// What migrations made and nobody declares any more is left alone, as in any database.
fn undeclared(tables: &BTreeSet<rls_core::model::QualifiedName>) -> Vec<String> {
    let note = |table| {
        format!(
            "the migrations make the table {table}, which nobody declares: it stays until a migration drops it"
        )
    };
    tables.iter().map(note).collect()
}

fn text(folder: &Folder, plan: &Plan, renamed: &[(String, String)], written: &[String]) -> String {
    let mut text = String::new();
    if !plan.is_empty() {
        text += &format!("{}\n", plan_text(plan));
    }
    for (from, to) in renamed {
        text += &format!("{} {from} to {to}\n", styled(GREEN, "Renamed"));
    }
    let snapshot = folder.snapshot_path().display().to_string();
    let written: Vec<_> = written.iter().chain([&snapshot]).map(String::as_str).collect();
    text + &format!("{} {}\n", styled(GREEN, "Wrote"), written.join(", "))
}
