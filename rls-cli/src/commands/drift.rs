//! `drift`: what somebody changed by hand, one finding a line, for pipelines and cron. Changes nothing.

use rls_core::Place;
use rls_core::drift::{self, Drift, Finding};
use rls_core::model::Schema;
use serde_json::{Value, json};

use crate::args::{DatabaseArgs, ManyArgs};
use crate::database::Database;
use crate::error::Result;
use crate::many;
use crate::output::{GREEN, Output, RED, YELLOW, count, notes_text, styled};
use crate::progress::during;
use crate::project::{Declared, Project};

/// A finding with the line of the declaration that it concerns.
struct Placed {
    finding: Finding,
    /// File, line and column; none where nobody declares it, or no line is known.
    place: Option<(String, Place)>,
}

pub(crate) async fn run(project: &Project, args: &ManyArgs) -> Result<Output> {
    let schema = &project.schema()?;
    many::each(args, |database| async move { on(project, &database, schema).await }).await
}

async fn on(project: &Project, args: &DatabaseArgs, schema: &Schema) -> Result<Output> {
    let mut database = Database::open(args, project).await?;
    let looking = drift::drift(&mut database.client, schema);
    let looked = during("Comparing the database with the declaration", looking).await;
    let (name, mut notes) = (database.name.clone(), database.notes.clone());
    database.close().await?;
    let Drift { findings, notes: found } = looked?;
    notes.extend(found);
    let counts = drift::counts(&findings);
    // The source is read again only where there is something to point at.
    let placed = match findings.as_slice() {
        [] => Vec::new(),
        _ => project.read(|declared| Ok(place_all(findings, declared)))?,
    };
    let widening = placed.iter().filter(|placed| placed.finding.widens).count();

    let mut text: String = placed.iter().map(line).collect();
    if placed.is_empty() {
        text = format!("{} {name} holds what is declared\n", styled(GREEN, "No drift:"));
    } else {
        let found = count(placed.len(), "finding");
        text += &format!("\n{found} in {name}, of which {widening} let somebody see or do more\n");
    }
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({
            "database": name,
            "drift": !placed.is_empty(),
            "widens": widening > 0,
            "findings": placed.iter().map(document).collect::<Vec<_>>(),
            "counts": counts,
            "notes": notes,
        }),
        difference: !placed.is_empty(),
    })
}

fn place_all(findings: Vec<Finding>, declared: &Declared) -> Vec<Placed> {
    let place = |finding: &Finding| {
        let (name, part) = finding.place.as_ref()?;
        // What stands nowhere has no path either.
        let (path, range) = declared.scan.place(name, part);
        let source = declared.scan.sources.get(&path)?;
        Some((path.display().to_string(), Place::of(source, range.start)))
    };
    findings.into_iter().map(|finding| Placed { place: place(&finding), finding }).collect()
}

/// `policy-edited, widens access: the policy .. (src/lib.rs:7:5); the database has ..; declared is ..`
fn line(placed: &Placed) -> String {
    let Finding { kind, object: _, place: _, message, database, declared, widens } =
        &placed.finding;
    let kind = match widens {
        true => format!("{}, {}", styled(RED, &kind.to_string()), styled(RED, "widens access")),
        false => styled(YELLOW, &kind.to_string()),
    };
    let mut text = format!("{kind}: {message}");
    if let Some((path, Place { line, column })) = &placed.place {
        text += &format!(" ({path}:{line}:{column})");
    }
    for (what, sql) in [("the database has", database), ("declared is", declared)] {
        if let Some(sql) = sql {
            let lines: Vec<_> = sql.lines().map(str::trim).collect();
            text += &format!("; {what} {}", lines.join(" "));
        }
    }
    text + "\n"
}

fn document(placed: &Placed) -> Value {
    let Finding { kind, object, place: _, message, database, declared, widens } = &placed.finding;
    let (file, line, column) = match &placed.place {
        Some((path, Place { line, column })) => (Some(path), Some(line), Some(column)),
        None => (None, None, None),
    };
    json!({
        "kind": kind.to_string(),
        "object": object,
        "message": message,
        "database": database,
        "declared": declared,
        "widens": widens,
        "file": file,
        "line": line,
        "column": column,
    })
}
