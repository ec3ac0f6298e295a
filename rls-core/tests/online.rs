//! Online plans on a real server: what is done behind the transaction, under which locks, and how a run goes
//! on from where another has stopped.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::{Comparison, Error, Options, apply, apply_with, compare};
use rls_core::model::*;
use rls_core::plan::{Batch, HazardKind, Held};
use std::time::Duration;
use support::*;
use tokio_postgres::Client;

/// `docs` and what they refer to, with rows in both.
async fn filled(name: &str) -> Option<(Database, Client)> {
    let mut client = database(name).await;
    let (before, _) = states();
    apply(&mut client, &before, &[], &mut |_, _, _| {}).await.unwrap();
    let rows = "insert into teams select g from generate_series(1, 10) g;
        insert into docs select g, 1 + g % 10, 'doc ' || g from generate_series(1, 1000) g";
    client.batch_execute(rows).await.unwrap();
    let other = client.again("postgres").await?;
    Some((client, other))
}

/// Without and with everything that can be had online.
fn states() -> (Schema, Schema) {
    let mut teams = table("teams");
    teams.columns = vec![column("id", "int4")];
    let mut docs = table("docs");
    docs.columns = vec![column("id", "int4"), column("team_id", "int4"), column("title", "text")];
    docs.columns[2].nullable = true;
    let before = schema([teams.clone(), docs.clone()], &plain(&[]));
    teams.primary_key = Some(PrimaryKey::new(id("teams_pkey"), vec![id("id")]));
    docs.primary_key = Some(PrimaryKey::new(id("docs_pkey"), vec![id("id")]));
    docs.columns[2].nullable = false;
    docs.uniques.insert(id("docs_title_key"), Unique::new(vec![id("title")]));
    docs.indexes.insert(id("docs_team_id_idx"), Index::btree([id("team_id")]));
    let check = Check {
        expr: Expr::Sql("length(title) > 2".to_owned()),
        no_inherit: false,
        not_valid: false,
    };
    docs.checks.insert(id("docs_check"), check);
    let key = ForeignKey::new(vec![id("team_id")], teams.name.clone(), vec![id("id")]);
    docs.foreign_keys.insert(id("docs_team_id_fkey"), key);
    let comments = [
        Commented::Index(QualifiedName::new(id("public"), id("docs_team_id_idx"))),
        Commented::Constraint(docs.name.clone(), id("docs_title_key")),
        Commented::Constraint(docs.name.clone(), id("docs_team_id_fkey")),
    ];
    let mut after = schema([teams, docs], &plain(&[]));
    after.comments.extend(comments.map(|on| (on, "told".to_owned())));
    (before, after)
}

async fn go(client: &mut Client, desired: &Schema) -> Result<Comparison, Error> {
    let options = Options { allowed: &HazardKind::ALL, online: true, ..Options::default() };
    apply_with(client, desired, &options, &mut |_, _, _| {}).await
}

#[tokio::test]
async fn nobody_waits_for_rows_to_be_read() {
    let Some((mut client, other)) = filled("online").await else { return };
    let (_, after) = states();
    let offline = compare(&mut client, &after).await.unwrap().plan;
    let scans =
        offline.steps.iter().filter(|step| step.locks.iter().any(|it| it.held != Held::Briefly));
    assert_eq!(scans.count(), 7, "{}", offline.to_sql());
    let online = offline.online(&after);
    let blocking = |kind: HazardKind| {
        [HazardKind::BlocksReads, HazardKind::BlocksWrites, HazardKind::RewritesTable]
            .contains(&kind)
    };
    assert!(!online.refused(&[]).any(|hazard| blocking(hazard.kind)), "{}", online.to_sql());
    assert_eq!(online.batch(Batch::Within).count(), 2, "{}", online.to_sql());

    // Somebody who reads holds no index up, and writes go on while one waits to be built.
    other.batch_execute("begin; select from docs").await.unwrap();
    let writer = client.again("postgres").await.unwrap();
    let building = go(&mut client, &after);
    let writing = async {
        for n in 2000..2010 {
            let insert = format!("insert into docs values ({n}, 1, 'doc {n}')");
            writer.batch_execute(&insert).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        other.batch_execute("commit").await.unwrap();
    };
    let (done, ()) = futures_util::future::join(building, writing).await;
    done.unwrap();
    assert!(compare(&mut client, &after).await.unwrap().plan.is_empty());
    let count = "select count(*) from docs";
    assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1010);
}

/// What a run does not get to the end of, the next one does.
#[tokio::test]
async fn another_run_goes_on_from_there() {
    let Some((mut client, other)) = filled("online_again").await else { return };
    let (_, after) = states();
    let twice =
        "insert into docs values (5000, 1, null), (5001, 1, 'doc 1'), (5002, 99, 'doc 5002')";
    client.batch_execute(twice).await.unwrap();

    // Each of the rows is in the way of one step behind the transaction, and none of them is lost.
    let mends = [
        (
            "docs_title_key",
            "could not create unique index",
            "update docs set title = 'doc 5001' where id = 5001",
        ),
        ("title", "rls_not_null_title", "update docs set title = 'doc 5000' where id = 5000"),
        (
            "docs_team_id_fkey",
            "violates foreign key",
            "update docs set team_id = 2 where id = 5002",
        ),
    ];
    let mut waiting = mends.to_vec();
    while !waiting.is_empty() {
        let Err(Error::Unfinished { left, cause }) = go(&mut client, &after).await else {
            panic!("{waiting:?} is still in the way")
        };
        let said = cause.to_string();
        let at = waiting.iter().position(|(_, says, _)| said.contains(says));
        let (_, _, mend) = waiting.remove(at.unwrap_or_else(|| panic!("{said}")));
        assert!(left > 0 && !compare(&mut client, &after).await.unwrap().plan.is_empty());
        // Rows that come now are held to what is declared.
        let null =
            other.batch_execute("insert into docs values (6000, 1, null)").await.unwrap_err();
        assert!(["23502", "23514"].contains(&null.code().unwrap().code()), "{null:?}");
        let stray =
            other.batch_execute("insert into docs values (6000, 1, 'x')").await.unwrap_err();
        assert!(format!("{stray:?}").contains("docs_check"), "{stray:?}");
        other.batch_execute(mend).await.unwrap();
    }
    go(&mut client, &after).await.unwrap();
    assert!(compare(&mut client, &after).await.unwrap().plan.is_empty());
    let left =
        "select count(*) from pg_constraint where conname like 'rls_not_null%' or not convalidated";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    let invalid = "select count(*) from pg_index where not indisvalid";
    assert_eq!(client.query_one(invalid, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// An invalid index is found by a plan of one transaction too.
#[tokio::test]
async fn an_invalid_index_is_built_again() {
    let Some((mut client, _)) = filled("online_invalid").await else { return };
    let (_, after) = states();
    let rows = "insert into docs values (5001, 1, 'doc 1')";
    client.batch_execute(rows).await.unwrap();
    let fails = "create unique index concurrently docs_title_key on docs (title)";
    client.batch_execute(fails).await.unwrap_err();
    client
        .batch_execute("create index concurrently docs_team_id_idx on docs (team_id)")
        .await
        .unwrap();
    let broken =
        "update pg_index set indisvalid = false where indexrelid = 'docs_team_id_idx'::regclass";
    client.batch_execute(broken).await.unwrap();
    let plan = compare(&mut client, &after).await.unwrap().plan;
    let costs = [HazardKind::BlocksReads, HazardKind::BlocksWrites];
    let more: Vec<_> = plan.refused(&costs).collect();
    assert!(more.is_empty(), "nobody used it: {more:?}");
    client.batch_execute("delete from docs where id = 5001").await.unwrap();
    apply(&mut client, &after, &costs, &mut |_, _, _| {}).await.unwrap();
    assert!(compare(&mut client, &after).await.unwrap().plan.is_empty());
}

/// A run that is killed behind SET NOT NULL leaves what stood in for it. One of that name that says something
/// else is somebody's own.
#[tokio::test]
async fn what_stood_in_for_not_null_goes_without_leave() {
    let Some((mut client, _)) = filled("online_stood_in").await else { return };
    let (_, after) = states();
    go(&mut client, &after).await.unwrap();
    let left = "alter table docs add constraint rls_not_null_title check (title is not null)";
    client.batch_execute(left).await.unwrap();
    apply(&mut client, &after, &[], &mut |_, _, _| {}).await.unwrap();
    assert!(compare(&mut client, &after).await.unwrap().plan.is_empty());
    let other = "alter table docs alter title drop not null,
        add constraint rls_not_null_title check (title <> '')";
    client.batch_execute(other).await.unwrap();
    let plan = compare(&mut client, &after).await.unwrap().plan;
    let kinds: Vec<_> = plan.refused(&[]).map(|hazard| hazard.kind).collect();
    assert!(kinds.contains(&HazardKind::DropsUndeclared), "{}", plan.to_sql());
}
