//! What each kind of hazard says, seen by somebody who is there meanwhile: the change that has it, and one near
//! to it that has not.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod gives_way;

use std::path::Path;

use rls_core::Settings;
use rls_core::apply::{apply, compare};
use rls_core::diff::{Canonical, Pair};
use rls_core::model::Schema;
use rls_core::plan::{Batch, HazardKind, Origin, Plan, Step, back, plan};
use rls_core::syntax::scan::{Features, scan};
use support::{Database, database, plain};
use tokio_postgres::Client;

/// What is declared before everything.
const BEFORE: &str = r#"
#[derive(PgEnum)]
#[rls(name = "mood")]
enum Mood { Fine }

#[derive(Table)]
#[rls(table = "teams")]
struct Team { #[rls(primary_key)] id: i64 }

#[derive(Table)]
#[rls(table = "docs", policy(name = "first", role = reader, command = select, using = id == 1))]
struct Doc {
    #[rls(primary_key)] id: i64,
    team: i64,
    size: i32,
    note: Option<String>,
    mood: Mood,
}
"#;

const ROWS: &str = "insert into teams values (1); insert into docs values (1, 1, 1, 'one', 'fine'), (2, 1, 2, 'two', 'fine')";

/// An edit of [`BEFORE`].
#[derive(Clone, Copy)]
struct Edit(&'static str, &'static str);

impl Edit {
    fn declared(self) -> Schema {
        assert_eq!(BEFORE.matches(self.0).count(), 1, "{}", self.0);
        declared(&BEFORE.replace(self.0, self.1))
    }
}

const STRICTER: Edit = Edit(
    "policy(name",
    "policy(name = \"small\", restrictive, role = reader, command = select, using = size > 1), policy(name",
);
const MORE: Edit = Edit(
    "policy(name",
    "policy(name = \"small\", role = reader, command = select, using = size == 2), policy(name",
);
const COMMENT: Edit = Edit("note:", "#[rls(comment = \"What it says.\")] note:");
const LONGER: Edit = Edit("size: i32", "size: i64");
const NOT_NULL: Edit = Edit("note: Option<String>", "note: String");
const FOREIGN_KEY: Edit = Edit("team: i64", "#[rls(references = teams(id))] team: i64");
const INDEX: Edit = Edit("size: i32", "#[rls(index)] size: i32");
const WITHOUT_NOTE: Edit = Edit("note: Option<String>,", "");
const ONE_MORE_VALUE: Edit = Edit("Fine", "Fine, Sad");
const RENAMED_VALUE: Edit = Edit("Fine", "#[rls(was = \"fine\")] Good");

fn declared(source: &str) -> Schema {
    let name = format!("hazards_{}.rs", std::thread::current().name().unwrap().replace("::", "_"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, format!("use rls_schema::*;\n{source}")).unwrap();
    let settings: Settings = plain(&["reader"]);
    scan(&[file], &Features::new()).resolve(&settings).unwrap_or_else(|e| panic!("{e:?}")).schema
}

/// The plan of a migration.
fn planned(after: &Schema) -> Plan {
    let schemas = Pair { previous: &declared(BEFORE), next: after };
    plan(schemas, &Canonical::default(), Origin::Snapshot)
}

fn kinds(plan: &Plan) -> Vec<HazardKind> {
    plan.refused(&[]).map(|hazard| hazard.kind).collect()
}

/// What the one hazard of that kind says.
#[track_caller]
fn told(plan: &Plan, kind: HazardKind) -> &str {
    let mut told = plan.refused(&[]).filter(|hazard| hazard.kind == kind);
    let hazard = told.next().unwrap_or_else(|| panic!("{kind}: {}", plan.to_sql()));
    &hazard.message
}

/// A database as it is before, and somebody else in it.
async fn filled(name: &str) -> Option<(Database, Client)> {
    let mut client = database(&format!("hazards_{name}")).await;
    support::create_role(&client, "reader").await;
    apply(&mut client, &declared(BEFORE), &HazardKind::ALL, &mut |_, _, _| {}).await.unwrap();
    client.batch_execute(ROWS).await.unwrap();
    let other = client.again("postgres").await?;
    other.batch_execute("set lock_timeout = '100ms'").await.unwrap();
    Some((client, other))
}

async fn run<'a>(client: &Client, steps: impl IntoIterator<Item = &'a Step>) {
    for statement in steps.into_iter().flat_map(|step| &step.statements) {
        client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
    }
}

/// Whether somebody gets through with a statement.
async fn gets_through(other: &Client, statement: &str) -> bool {
    match other.batch_execute(&format!("begin; {statement}; rollback")).await {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.code().map(|code| code.code()), Some("55P03"), "{error:?}");
            other.batch_execute("rollback").await.unwrap();
            false
        }
    }
}

const READ: &str = "select from docs";
const WRITE: &str = "update docs set size = 3 where id = 2";

async fn file_of(client: &Client) -> u32 {
    client.query_one("select pg_relation_filenode('docs')", &[]).await.unwrap().get(0)
}

/// How many documents a role reads.
async fn read_by_reader(client: &Client) -> i64 {
    client.batch_execute("set role reader").await.unwrap();
    let count = client.query_one("select count(*) from docs", &[]).await.unwrap().get(0);
    client.batch_execute("reset role").await.unwrap();
    count
}

/// A kind without a case does not compile, and one whose case shows nothing fails.
#[tokio::test]
async fn every_kind_is_what_it_says() {
    for kind in HazardKind::ALL {
        match kind {
            HazardKind::LosesData => loses_data().await,
            HazardKind::WidensAccess => reads_otherwise(kind, "widens", MORE, 2, STRICTER).await,
            HazardKind::NarrowsAccess => reads_otherwise(kind, "narrows", STRICTER, 0, MORE).await,
            HazardKind::DropsUndeclared => drops_undeclared().await,
            HazardKind::RewritesTable => blocks(kind, "rewrites", LONGER, [false, false]).await,
            HazardKind::BlocksReads => blocks(kind, "reads", NOT_NULL, [false, false]).await,
            HazardKind::BlocksWrites => blocks(kind, "writes", FOREIGN_KEY, [true, false]).await,
            HazardKind::OutsideTransaction => outside_transaction().await,
            HazardKind::Irreversible => irreversible().await,
        }
    }
}

async fn loses_data() {
    let Some((client, _)) = filled("loses").await else { return };
    let near = planned(&COMMENT.declared());
    assert_eq!(kinds(&near), []);
    run(&client, &near.steps).await;
    let note = "select note from docs where id = 1";
    assert_eq!(client.query_one(note, &[]).await.unwrap().get::<_, &str>(0), "one");
    let plan = planned(&WITHOUT_NOTE.declared());
    assert!(told(&plan, HazardKind::LosesData).contains("public.docs.note"));
    run(&client, &plan.steps).await;
    assert!(client.query_one(note, &[]).await.unwrap_err().as_db_error().is_some());
}

/// The change after which a role reads another number of rows says so; the near one has no such hazard, and the
/// number goes the other way, or nowhere.
async fn reads_otherwise(kind: HazardKind, name: &str, edit: Edit, rows: i64, near: Edit) {
    let Some((client, _)) = filled(name).await else { return };
    assert_eq!(read_by_reader(&client).await, 1);
    let near = planned(&near.declared());
    assert!(!kinds(&near).contains(&kind), "{:?}", near.refused(&[]).collect::<Vec<_>>());
    client.batch_execute("begin").await.unwrap();
    run(&client, &near.steps).await;
    let other_way = read_by_reader(&client).await.cmp(&1);
    assert!(other_way.is_eq() || other_way == 1.cmp(&rows), "{name}");
    client.batch_execute("rollback").await.unwrap();
    let plan = planned(&edit.declared());
    let told = told(&plan, kind);
    assert!(told.contains("reader") && told.contains("public.docs"), "{told}");
    run(&client, &plan.steps).await;
    assert_eq!(read_by_reader(&client).await, rows);
}

async fn drops_undeclared() {
    let Some((mut client, _)) = filled("drops").await else { return };
    let by_hand = "create table by_hand (n int); create index on by_hand (n); create index extra on docs (size)";
    client.batch_execute(by_hand).await.unwrap();
    let plan = compare(&mut client, &declared(BEFORE)).await.unwrap().plan;
    assert_eq!(kinds(&plan), [HazardKind::DropsUndeclared], "what is near is left alone");
    assert!(told(&plan, HazardKind::DropsUndeclared).contains("\"extra\" on public.docs"));
    run(&client, &plan.steps).await;
    let left =
        "select string_agg(relname, ',') from pg_class where relname in ('extra', 'by_hand_n_idx')";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, &str>(0), "by_hand_n_idx");
}

/// While the step with the hazard has its locks, somebody else reads, writes, or waits; and the same done online
/// keeps nobody waiting where there is a way.
async fn blocks(kind: HazardKind, name: &str, edit: Edit, through: [bool; 2]) {
    let Some((client, other)) = filled(name).await else { return };
    let after = edit.declared();
    let plan = planned(&after);
    assert!(told(&plan, kind).contains("public.docs"));
    let file = file_of(&client).await;
    client.batch_execute("begin").await.unwrap();
    run(&client, &plan.steps).await;
    assert_eq!(gets_through(&other, READ).await, through[0], "{kind}: reading");
    assert_eq!(gets_through(&other, WRITE).await, through[1], "{kind}: writing");
    assert_eq!(file_of(&client).await != file, kind == HazardKind::RewritesTable);
    client.batch_execute("rollback").await.unwrap();
    assert!(gets_through(&other, READ).await && gets_through(&other, WRITE).await);

    let online = plan.online(&after);
    if kind == HazardKind::RewritesTable {
        assert!(kinds(&online).contains(&kind), "there is no way around it");
        return;
    }
    assert_eq!(kinds(&online), [HazardKind::OutsideTransaction], "{}", online.to_sql());
    run(&client, online.batch(Batch::Within)).await;
    let proof = online.batch(Batch::Behind).next().unwrap();
    client.batch_execute("begin").await.unwrap();
    client.batch_execute(&proof.statements[0]).await.unwrap();
    assert!(gets_through(&other, READ).await && gets_through(&other, WRITE).await, "{kind}");
    client.batch_execute("rollback").await.unwrap();
}

async fn outside_transaction() {
    let Some((client, other)) = filled("outside").await else { return };
    let after = INDEX.declared();
    let near = planned(&after);
    assert_eq!(kinds(&near), [HazardKind::BlocksWrites]);
    client.batch_execute("begin").await.unwrap();
    run(&client, &near.steps).await;
    client.batch_execute("rollback").await.unwrap();

    let plan = near.online(&after);
    assert_eq!(kinds(&plan), [HazardKind::OutsideTransaction]);
    client.batch_execute("begin").await.unwrap();
    let refused = client.batch_execute(&plan.steps[0].statements[0]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "25001", "{refused:?}");
    client.batch_execute("rollback").await.unwrap();
    // By itself it runs, and nothing that fails later takes it back.
    run(&client, &plan.steps).await;
    client.batch_execute("select 1 / 0").await.unwrap_err();
    let there = other.query_one("select to_regclass('docs_size_idx') is not null", &[]);
    assert!(there.await.unwrap().get::<_, bool>(0));
}

async fn irreversible() {
    let Some((client, _)) = filled("irreversible").await else { return };
    let before = declared(BEFORE);
    let way_back =
        |after: &Schema| back(Pair { previous: &before, next: after }, &Canonical::default());
    let (more, renamed) = (ONE_MORE_VALUE.declared(), RENAMED_VALUE.declared());
    assert_eq!(kinds(&planned(&renamed)), []);
    assert_eq!(kinds(&way_back(&renamed)), [], "the old name comes back at no cost");
    let plan = planned(&more);
    assert_eq!(kinds(&plan), [HazardKind::Irreversible]);
    assert!(told(&plan, HazardKind::Irreversible).contains("\"sad\""));
    run(&client, &plan.steps).await;
    let file = file_of(&client).await;
    let back = way_back(&more);
    assert!(kinds(&back).contains(&HazardKind::RewritesTable), "{}", back.to_sql());
    client.batch_execute("begin").await.unwrap();
    run(&client, &back.steps).await;
    assert_ne!(file_of(&client).await, file);
    client.batch_execute("commit").await.unwrap();
}

/// A table of up to 8 MB keeps nobody waiting that anybody would notice: where a database is there to be asked,
/// that is no hazard, and from a snapshot it is one.
#[tokio::test]
async fn small_tables_keep_nobody_waiting() {
    let Some((mut client, _)) = filled("small").await else { return };
    let after = LONGER.declared();
    assert!(kinds(&planned(&after)).contains(&HazardKind::RewritesTable));
    let live = compare(&mut client, &after).await.unwrap().plan;
    assert!(!kinds(&live).contains(&HazardKind::RewritesTable));
    let rows = "insert into docs select g, 1, 1, repeat('x', 1000), 'fine' from generate_series(10, 10000) g";
    client.batch_execute(rows).await.unwrap();
    let live = compare(&mut client, &after).await.unwrap().plan;
    assert!(kinds(&live).contains(&HazardKind::RewritesTable));
}
