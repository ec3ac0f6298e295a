//! `generate`: a migration from the last snapshot to the declaration, without a database.

use rls_core::apply::NO_TRANSACTION;
use rls_core::diff::{Canonical, Change, Pair};
use rls_core::model::Owned;
use rls_core::plan::{self, Hazard, HazardKind, Origin, Plan};
use serde_json::json;

use crate::args::{GenerateArgs, PlanFormat};
use crate::error::{Error, Result};
use crate::migrations::{self, NewMigration};
use crate::output::{GREEN, Output, styled};
use crate::plan_output::{plan_json, plan_markdown, plan_text};
use crate::project::Project;

pub(crate) fn run(
    project: &Project,
    args: &GenerateArgs,
    allowed: &[HazardKind],
) -> Result<Output> {
    let GenerateArgs { name, check, online, format, allow: _ } = args;
    let next = project.schema()?;
    let folder = project.migrations();
    if !*check {
        folder.finish()?;
    }
    // A folder that cannot be migrated is a mistake to be told now.
    let previous = folder.previous()?;
    folder.read()?;
    let schemas = Pair { previous: &previous, next: &next };
    let plan = plan::plan(schemas, &Canonical::default(), Origin::Snapshot);
    let plan = if *online { plan.online(&next) } else { plan };
    if plan.is_empty() {
        return Ok(Output {
            text: match format {
                PlanFormat::Text => format!(
                    "{} the migrations lead to what is declared\n",
                    styled(GREEN, "Nothing to do:")
                ),
                PlanFormat::Markdown => plan_markdown("Migrations", &plan),
            },
            json: json!({ "migration": null, "missing": false, "steps": [] }),
            difference: false,
        });
    }
    if *check {
        return Ok(Output {
            text: match format {
                PlanFormat::Text => format!(
                    "A migration is missing; `cargo rls generate` would write:\n\n{}",
                    plan_text(&plan)
                ),
                PlanFormat::Markdown => plan_markdown("A migration is missing", &plan),
            },
            json: json!({ "migration": null, "missing": true, "steps": plan_json(&plan) }),
            difference: true,
        });
    }
    refuse_loss(&plan, allowed)?;
    let name = match name {
        Some(name) if migrations::is_snake(name) && name.len() <= 100 => name.clone(),
        Some(name) => {
            return Err(Error::hint(
                format!("`{name}` cannot be part of a file's name"),
                "use small letters, digits and `_`",
            ));
        }
        None => made_up(&plan),
    };
    let new: Vec<_> = plan::parts(plan.clone(), schemas)
        .iter()
        .enumerate()
        .map(|(at, part)| NewMigration {
            name: if at == 0 { name.clone() } else { format!("{name}_{}", at + 1) },
            up: file(&part.plan, part.in_transaction),
            down: file_back(&part.back),
        })
        .collect();
    let written = folder.write(&new, &next)?;
    let paths: Vec<_> = written.iter().map(|path| path.display().to_string()).collect();
    let wrote = styled(GREEN, "Wrote");
    Ok(Output {
        text: format!("{}\n{wrote} {}\n", plan_text(&plan), paths.join(", ")),
        json: json!({
            "migration": paths.first(),
            "files": paths,
            "missing": false,
            "steps": plan_json(&plan),
        }),
        difference: false,
    })
}

/// What a file would destroy needs leave when the file is written; who reviews it sees the rest.
pub(super) fn refuse_loss(plan: &Plan, allowed: &[HazardKind]) -> Result<()> {
    let lost: Vec<_> = plan
        .refused(allowed)
        .filter(|hazard| hazard.kind == HazardKind::LosesData)
        .map(|hazard| hazard.message.clone())
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(Error::hint(
        format!("the migration would lose data: {}", lost.join("; ")),
        "allow it with `--allow loses-data`",
    ))
}

/// The migration's text: its hazards first, where a reviewer begins to read.
pub(super) fn file(plan: &Plan, in_transaction: bool) -> String {
    let mark = if in_transaction { String::new() } else { format!("{NO_TRANSACTION}\n") };
    let mut text = mark;
    for Hazard { kind, message } in plan.steps.iter().flat_map(|step| &step.hazards) {
        let message: String =
            message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text += &format!("-- {kind}: {message}\n");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text + &plan.to_sql()
}

/// What undoes it, in the same form.
pub(super) fn file_back(plan: &Plan) -> String {
    if plan.is_empty() { "-- There is nothing to undo.\n".to_owned() } else { file(plan, true) }
}

/// `create_todos`, `alter_todos_and_2_more`.
pub(super) fn made_up(plan: &Plan) -> String {
    let mut verb = "alter";
    let mut tables = Vec::new();
    for step in &plan.steps {
        let table = match &step.change {
            Change::CreateTable { table, .. } => {
                verb = "create";
                &table.name
            }
            Change::AlterType { name, .. }
            | Change::RenameType { name, .. }
            | Change::RenameTable { name, .. }
            | Change::RenameValue { name, .. } => name,
            Change::RenameColumn(on) | Change::RenamePolicy(on) => &on.table,
            Change::CreateView { view, .. } => &view.name,
            Change::ReplaceView(views) | Change::AlterView(views) => &views.next.name,
            Change::DropView { name, .. } => name,
            Change::DropTable(table)
            | Change::EnableRowSecurity(table)
            | Change::ForceRowSecurity(table) => table,
            Change::DropPolicy(on) | Change::CreatePolicy(on) => &on.table,
            Change::DropTrigger(on) | Change::CreateTrigger(on) => &on.table,
            Change::EnableTrigger(on) => &on.table,
            Change::DropForeignKey(on) | Change::AddForeignKey(on) => &on.table,
            Change::DropUnique(on) | Change::AddUnique(on) => &on.table,
            Change::DropPrimaryKey(on) | Change::AddPrimaryKey(on) => &on.table,
            Change::DropCheck(on) | Change::AddCheck(on) => &on.table,
            Change::DropExclusion(on) | Change::AddExclusion(on) => &on.table,
            Change::DeferForeignKey(on) => &on.table,
            Change::ValidateConstraint(on) => &on.table,
            Change::DropIndex(on) | Change::CreateIndex(on) => &on.table,
            Change::DropColumn(on) => &on.table,
            Change::AddColumn(on) => &on.table,
            Change::AlterColumn(on) => &on.table,
            Change::DetachPartition(on) | Change::DropPartition(on) => &on.table,
            Change::AttachPartition(on) => &on.table,
            Change::CreatePartition { partition, .. } => &partition.table,
            Change::ChangeOwner { owned: Owned::Relation(name), .. } => name,
            Change::RevokeColumns(on) | Change::GrantColumns(on) => &on.table,
            Change::RenameRole { .. }
            | Change::RenameSequence { .. }
            | Change::CreateRole(_)
            | Change::AlterRole(_)
            | Change::CreateExtension { .. }
            | Change::MoveExtension { .. }
            | Change::CreateNamespace(_)
            | Change::CreateType(_)
            | Change::DropType(_)
            | Change::DropFunction(_)
            | Change::DropSequence(_)
            | Change::CreateSequence { .. }
            | Change::AlterSequence(_)
            | Change::FreeSequence { .. }
            | Change::OwnSequence { .. }
            | Change::Comment { .. }
            | Change::CreateFunction { .. }
            | Change::ReplaceFunction(_)
            | Change::Revoke(_)
            | Change::RevokeMembership(_)
            | Change::RevokeDefault(_)
            | Change::GrantDefault(_)
            | Change::Grant(_)
            | Change::GrantMembership(_)
            | Change::ChangeOwner { .. } => continue,
        };
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let snake = |name: &str| -> String {
        name.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .take(40)
            .collect()
    };
    match tables.as_slice() {
        [] => "alter_privileges".to_owned(),
        [table] => format!("{verb}_{}", snake(table.name.as_str())),
        [table, rest @ ..] => {
            format!("{verb}_{}_and_{}_more", snake(table.name.as_str()), rest.len())
        }
    }
}
