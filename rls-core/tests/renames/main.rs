//! Renames on a real server: nothing is lost, policies go on, and hints that have acted do nothing.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

#[path = "../support/mod.rs"]
mod support;

mod around;
mod each;
mod hints;
mod roles;
mod several;

use std::path::Path;

use rls_core::Settings;
use rls_core::apply::{apply, compare};
use rls_core::diff::{Canonical, Change, Pair};
use rls_core::model::Schema;
use rls_core::plan::{HazardKind, Origin, Plan, back, plan};
use rls_core::syntax::scan::{Features, scan};
use support::owner::{owned, text};
use support::{Database, plain};
use tokio_postgres::Client;

/// What source declares.
pub(crate) fn declared(name: &str, source: &str, settings: &Settings) -> Schema {
    compiled(name, source, settings).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"))
}

/// The same, or all mistakes in it.
pub(crate) fn compiled(
    name: &str,
    source: &str,
    settings: &Settings,
) -> Result<Schema, Vec<String>> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("renames_{name}.rs"));
    std::fs::write(&file, format!("use rls_schema::*;\n{source}")).unwrap();
    let told = |errors: Vec<_>| {
        errors.into_iter().map(|it: rls_core::syntax::scan::SourceError| it.message).collect()
    };
    let resolved = scan(&[file], &Features::new()).resolve(settings);
    resolved.map(|resolved| resolved.schema).map_err(told)
}

/// A state, and what the database answers in it. A question that begins with `reader:` is asked as that role.
pub(crate) struct Stage<'a> {
    source: String,
    answers: &'a [(&'a str, &'a str)],
    /// What the step to it may do besides, and needs leave for.
    allowed: &'a [HazardKind],
}

pub(crate) fn stage<'a>(source: impl Into<String>, answers: &'a [(&'a str, &'a str)]) -> Stage<'a> {
    Stage { source: source.into(), answers, allowed: &[] }
}

/// Walks through the stages, on a live database and by migrations, each of which is taken back once. Returns the plans of both ways.
pub(crate) async fn walk(name: &str, fill: &str, stages: &[Stage<'_>]) -> (Vec<Plan>, Vec<Plan>) {
    let settings = plain(&["reader"]);
    let schemas: Vec<_> = stages.iter().map(|it| declared(name, &it.source, &settings)).collect();
    let mut live = owned(&format!("{name}_live")).await;
    let (mut by_live, mut by_files) = (Vec::new(), Vec::new());
    for (at, (stage, schema)) in stages.iter().zip(&schemas).enumerate() {
        by_live.push(
            applied(&mut live, schema, if at == 0 { &HazardKind::ALL } else { stage.allowed })
                .await,
        );
        if at == 0 {
            live.batch_execute(fill).await.unwrap();
        }
        ask(&live, stage).await;
    }
    let mut files = owned(&format!("{name}_files")).await;
    let mut previous = Schema::new_database();
    for (at, (stage, schema)) in stages.iter().zip(&schemas).enumerate() {
        let plan = planned(&previous, schema);
        run(&files, &plan).await;
        if at == 0 {
            files.batch_execute(fill).await.unwrap();
        } else {
            lossless(&plan);
            in_sync(&mut files, schema).await;
            ask(&files, stage).await;
            let back = back(Pair { previous: &previous, next: schema }, &Canonical::default());
            run(&files, &back).await;
            in_sync(&mut files, &previous).await;
            ask(&files, &stages[at - 1]).await;
            run(&files, &plan).await;
        }
        by_files.push(plan);
        in_sync(&mut files, schema).await;
        ask(&files, stage).await;
        previous = written(schema);
    }
    (by_live, by_files)
}

async fn run(client: &Client, plan: &Plan) {
    let done = client.batch_execute(&format!("BEGIN;{}COMMIT", plan.to_sql())).await;
    done.unwrap_or_else(|error| panic!("{error:?}\n{}", plan.to_sql()));
}

/// Applies with that leave, and finds nothing left to do.
pub(crate) async fn applied(client: &mut Client, desired: &Schema, allowed: &[HazardKind]) -> Plan {
    let done = apply(client, desired, allowed, &mut |_, _, _| {}).await;
    let plan = done.unwrap_or_else(|error| panic!("{error}")).plan;
    in_sync(client, desired).await;
    plan
}

pub(crate) async fn in_sync(client: &mut Client, desired: &Schema) {
    let left = compare(client, desired).await.unwrap().plan;
    assert!(left.is_empty(), "{}", left.to_sql());
}

/// The plan of a migration.
pub(crate) fn planned(previous: &Schema, next: &Schema) -> Plan {
    let schemas = Pair { previous, next };
    plan(schemas, &Canonical::default(), Origin::Snapshot)
}

/// As it comes back from a snapshot.
pub(crate) fn written(schema: &Schema) -> Schema {
    let text = serde_json::to_string(schema).unwrap();
    assert!(!text.contains("renames"), "a snapshot holds no renames: {text}");
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
pub(crate) fn lossless(plan: &Plan) {
    let lost = plan.refused(&[]).find(|hazard| hazard.kind == HazardKind::LosesData);
    assert!(lost.is_none(), "{lost:?}\n{}", plan.to_sql());
}

/// Whether all that a plan does is to rename.
#[track_caller]
pub(crate) fn only_renames(plan: &Plan) {
    let renames = plan.steps.iter().all(|step| {
        matches!(
            step.change,
            Change::RenameRole { .. }
                | Change::RenameTable { .. }
                | Change::RenameSequence { .. }
                | Change::RenameColumn(_)
                | Change::RenamePolicy(_)
                | Change::RenameValue { .. }
        )
    });
    assert!(renames && !plan.is_empty(), "{}", plan.to_sql());
}

async fn ask(client: &Database, stage: &Stage<'_>) {
    for (question, answer) in stage.answers {
        let found = match question.strip_prefix("reader:") {
            Some(question) => as_reader(client, question).await,
            None => text(client, question).await,
        };
        assert_eq!(found, *answer, "{question}");
    }
}

async fn as_reader(client: &Client, question: &str) -> String {
    let before = text(client, "current_user").await;
    client.batch_execute("RESET ROLE; SET ROLE reader").await.unwrap();
    let found = text(client, question).await;
    client.batch_execute(&format!("RESET ROLE; SET ROLE {before}")).await.unwrap();
    found
}
