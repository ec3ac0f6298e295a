//! Migrations against a real server: each once, whole, in order, and never another than it was.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::time::Duration;

use rls_core::apply::{
    Error, Migration, Patience, Problem, install_stand_in, migrate, pending, status,
};
use rls_core::plan::HazardKind;
use support::*;
use tokio_postgres::Client;

fn migration(version: &str, name: &str, sql: &str) -> Migration {
    Migration { version: version.to_owned(), name: name.to_owned(), sql: sql.to_owned() }
}

fn three() -> Vec<Migration> {
    vec![
        migration("20260102000000", "second", "create table b (n int); insert into b values (2);"),
        migration("20260101000000", "first", "-- nothing but a comment\n"),
        migration("20260103000000", "third", "alter table b add m text;\r\ncreate index on b (m)"),
    ]
}

async fn run(client: &mut Client, migrations: &[Migration]) -> Result<Vec<String>, Error> {
    let applied = migrate(client, migrations, &[], &Patience::default(), &mut |_, _, _| {}).await?;
    Ok(applied.into_iter().map(|one| one.name).collect())
}

async fn problems(client: &mut Client, migrations: &[Migration]) -> Vec<Problem> {
    match run(client, migrations).await {
        Err(Error::Migrations(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_once_in_the_order_of_versions() {
    let mut client = database("migrate").await;
    let migrations = three();
    let waiting: Vec<_> = pending(&client, &migrations)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(waiting, ["first", "second", "third"]);
    let mut heard = Vec::new();
    let mut hear = |at, of, one: &Migration| heard.push((at, of, one.name.clone()));
    migrate(&mut client, &migrations, &[], &Patience::default(), &mut hear).await.unwrap();
    assert_eq!(heard, [(1, 3, "first".into()), (2, 3, "second".into()), (3, 3, "third".into())]);
    assert!(run(&mut client, &migrations).await.unwrap().is_empty());
    assert!(pending(&client, &migrations).await.unwrap().is_empty());
    let all = status(&client, &migrations).await.unwrap();
    assert!(
        all.iter().all(|one| one.applied().is_some_and(|record| record.applied_by == "postgres"))
    );
    // A checkout on Windows is no edit.
    let windows: Vec<_> = migrations
        .iter()
        .map(|one| Migration {
            sql: one.sql.replace("\r\n", "\n").replace('\n', "\r\n"),
            ..one.clone()
        })
        .collect();
    assert!(run(&mut client, &windows).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_history_is_nobody_elses() {
    let mut client = database("history").await;
    run(&mut client, &three()).await.unwrap();
    create_role(&client, "cat_user").await;
    client.batch_execute("set role cat_user").await.unwrap();
    assert!(client.query("select * from rls.migrations", &[]).await.is_err());
}

#[tokio::test]
async fn whatever_does_not_fit_is_said_at_once_and_nothing_runs() {
    let mut client = database("problems").await;
    run(&mut client, &three()).await.unwrap();
    let mut files = three();
    files[0].sql.push(' ');
    files.remove(1);
    files.push(migration("20260102120000", "late", "create table late (n int)"));
    files.push(migration("20260104000000", "fine", "create table fine (n int)"));
    files.push(migration("20260104000000", "double", "create table double (n int)"));
    files.push(migration(
        "20260105000000",
        "control",
        "select 1;\n\n/* x */ COMMIT; select ';commit;'; start transaction",
    ));
    files.push(migration("20260106000000", "open", "select 1;\nselect 'x"));
    let found = problems(&mut client, &files).await;
    let is = |wanted: Problem| assert!(found.contains(&wanted), "{wanted:?} is not in {found:#?}");
    is(Problem::Edited { file: "20260102000000_second".into() });
    is(Problem::Missing { file: "20260101000000_first".into() });
    is(Problem::OutOfOrder {
        file: "20260102120000_late".into(),
        last: "20260103000000_third".into(),
    });
    is(Problem::Twice { version: "20260104000000".into() });
    is(Problem::Refused {
        file: "20260105000000_control".into(),
        line: 3,
        statement: "COMMIT".into(),
    });
    is(Problem::Refused {
        file: "20260105000000_control".into(),
        line: 3,
        statement: "START TRANSACTION".into(),
    });
    is(Problem::Unreadable {
        file: "20260106000000_open".into(),
        line: 2,
        reason: "a string is not closed".into(),
    });
    assert_eq!(found.len(), 7);
    let made =
        client.query("select from pg_class where relname in ('fine', 'late')", &[]).await.unwrap();
    assert!(made.is_empty());
}

#[tokio::test]
async fn every_end_of_a_transaction_is_refused() {
    let mut client = database("control").await;
    for refused in [
        "begin",
        "BEGIN TRANSACTION",
        "start transaction",
        "commit",
        "end",
        "rollback",
        "abort",
        "savepoint a",
        "release a",
        "prepare transaction 'a'",
        "copy t from stdin",
        "rollback to savepoint a",
    ] {
        let sql = format!("create table t (n int);\n{refused};");
        let found = problems(&mut client, &[migration("1", "one", &sql)]).await;
        assert!(matches!(&found[..], [Problem::Refused { line: 2, .. }]), "{refused}: {found:?}");
    }
    let fine = "prepare p as select 1; do $$ begin perform 1; end $$;
        create function f() returns int language sql begin atomic select 1; end; select 'commit'; -- commit;";
    run(&mut client, &[migration("1", "one", fine)]).await.unwrap();
}

#[tokio::test]
async fn a_failing_migration_is_undone_and_placed_and_those_before_it_stay() {
    let mut client = database("fails").await;
    let mut files = three();
    files.push(migration(
        "20260104000000",
        "broken",
        "create table gone (n int);\nselect 'ä',\n  nothing from b;",
    ));
    files.push(migration("20260105000000", "after", "create table after (n int)"));
    let error = run(&mut client, &files).await.unwrap_err();
    let Error::Migration { file, failure } = &error else { panic!("{error}") };
    assert_eq!(file, "20260104000000_broken");
    assert_eq!(failure.statement, "select 'ä',\n  nothing from b");
    assert_eq!(failure.place.map(|place| (place.line, place.column)), Some((3, 3)));
    let made =
        client.query("select from pg_class where relname in ('gone', 'after')", &[]).await.unwrap();
    assert!(made.is_empty());
    let left: Vec<_> =
        pending(&client, &files).await.unwrap().into_iter().map(|one| one.name.as_str()).collect();
    assert_eq!(left, ["broken", "after"]);

    // Without a place from the server, it is where the statement begins.
    files[3].sql = "create table gone (n int);\n\n  insert into b values (1 / 0); select 1".into();
    let Err(Error::Migration { failure, .. }) = run(&mut client, &files).await else { panic!() };
    assert_eq!(failure.place.map(|place| (place.line, place.column)), Some((3, 3)));
    files[3].sql = "create table gone (n int)".into();
    assert_eq!(run(&mut client, &files).await.unwrap(), ["broken", "after"]);
}

#[tokio::test]
async fn with_a_stand_in_the_extension_is_left_out() {
    let mut client = database("skips").await;
    let sql = "/* ä */ create  EXTENSION if not exists \"pg_session_jwt\" ; create table t (n int);\nselect nothing;";
    let mut file = migration("1", "one", sql);
    let without = run(&mut client, std::slice::from_ref(&file)).await;
    assert!(matches!(without, Err(Error::Migration { .. })));
    install_stand_in(&mut client, &neon()).await.unwrap();
    let Err(Error::Migration { failure, .. }) = run(&mut client, std::slice::from_ref(&file)).await
    else {
        panic!()
    };
    assert_eq!(failure.place.map(|place| (place.line, place.column)), Some((2, 8)));
    file.sql = file.sql.replace("nothing", "1");
    let applied = migrate(
        &mut client,
        std::slice::from_ref(&file),
        &[],
        &Patience::default(),
        &mut |_, _, _| {},
    )
    .await
    .unwrap();
    assert_eq!(applied[0].skipped, ["create  EXTENSION if not exists \"pg_session_jwt\""]);
    assert_eq!(
        status(&client, &[file.clone()]).await.unwrap()[0].applied().unwrap().checksum,
        file.checksum()
    );
}

#[tokio::test]
async fn two_at_once_wait_for_each_other() {
    let mut one = database("migrate_twice").await;
    let Some(mut two) = one.again("postgres").await else { return };
    let files = three();
    let (first, second) = tokio::join!(run(&mut one, &files), run(&mut two, &files));
    let mut counts = [first.unwrap().len(), second.unwrap().len()];
    counts.sort_unstable();
    assert_eq!(counts, [0, 3]);
    // The lock is given back.
    let held = "select from pg_locks join pg_database d on d.oid = database
        where locktype = 'advisory' and datname = current_database()";
    let held = one.query(held, &[]).await.unwrap();
    assert!(held.is_empty());
}

/// What a migration states in its leading comments.
#[test]
fn hazards_are_read_from_leading_comments_only() {
    let sql = "-- no-transaction\r\n\n-- loses-data: the table a: all rows\n-- note: nothing\n--widens-access: b\n\
               CREATE TABLE a ();\n-- loses-data: not this\n";
    let hazards = migration("1", "one", sql).hazards();
    let told: Vec<_> = hazards.iter().map(|hazard| (hazard.kind, &*hazard.message)).collect();
    let all = [(HazardKind::LosesData, "the table a: all rows"), (HazardKind::WidensAccess, "b")];
    assert_eq!(told, all);
    assert!(migration("1", "one", "SELECT 1; -- loses-data: x").hazards().is_empty());
}

#[tokio::test]
async fn nothing_runs_before_every_hazard_is_allowed() {
    let mut client = database("hazards").await;
    let mut files = three();
    files.push(migration(
        "20260104000000",
        "drops",
        "-- loses-data: b goes\n-- widens-access: x\ndrop table b",
    ));
    files.push(migration("20260105000000", "drops_more", "-- loses-data: c goes\nselect 1"));
    let allowed = |kinds: &'static [HazardKind]| kinds;
    for kinds in [allowed(&[]), allowed(&[HazardKind::WidensAccess])] {
        let refused =
            migrate(&mut client, &files, kinds, &Patience::default(), &mut |_, _, _| {}).await;
        let Err(error @ Error::RefusedMigrations(_)) = refused else { panic!("{refused:?}") };
        let text = error.to_string();
        for part in [
            "migration 20260104000000_drops: loses-data: b goes\n",
            "migration 20260105000000_drops_more: loses-data: c goes\n",
            "add --allow loses-data",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.contains("widens-access: x"), kinds.is_empty(), "{text}");
        assert_eq!(pending(&client, &files).await.unwrap().len(), 5);
    }
    let both = [HazardKind::WidensAccess, HazardKind::LosesData];
    migrate(&mut client, &files, &both, &Patience::default(), &mut |_, _, _| {}).await.unwrap();
    // What was applied is agreed to.
    assert!(run(&mut client, &files).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_runs_outside_a_transaction_is_begun_again_from_its_start() {
    let mut client = database("outside").await;
    client.batch_execute("create table t (n int); insert into t values (1), (1)").await.unwrap();
    let sql = "-- no-transaction\ndrop index concurrently if exists i;\ncreate unique index concurrently i on t (n);\nselect 1";
    let mut file = migration("1", "one", sql);
    let error = run(&mut client, std::slice::from_ref(&file)).await.unwrap_err();
    let Error::Migration { failure, .. } = &error else { panic!("{error}") };
    assert_eq!(failure.place.map(|place| place.line), Some(3));
    let statuses = [file.clone()];
    let statuses = status(&client, &statuses).await.unwrap();
    assert!(statuses[0].is_begun() && statuses[0].applied().is_none());
    // Nothing of its own settings is left, and an index that is not valid is.
    client.batch_execute("delete from t").await.unwrap();
    assert_eq!(run(&mut client, std::slice::from_ref(&file)).await.unwrap(), ["one"]);
    let valid = "select indisvalid from pg_index where indexrelid = 'i'::regclass";
    assert!(client.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
    let files = [file.clone()];
    assert!(status(&client, &files).await.unwrap()[0].applied().is_some());
    assert!(run(&mut client, &files).await.unwrap().is_empty());
    file.sql.push(' ');
    assert!(matches!(&problems(&mut client, &[file]).await[..], [Problem::Edited { .. }]));
}

/// Postgres cuts a long name off, and so has to whoever looks for it.
#[tokio::test]
async fn an_invalid_index_with_a_long_name_makes_way() {
    let mut client = database("outside_long").await;
    client.batch_execute("create table t (n int); insert into t values (1), (1)").await.unwrap();
    let name = "é".repeat(40);
    let sql = format!("-- no-transaction\ncreate unique index concurrently {name} on t (n)");
    let file = migration("1", "one", &sql);
    run(&mut client, std::slice::from_ref(&file)).await.unwrap_err();
    client.batch_execute("delete from t").await.unwrap();
    assert_eq!(run(&mut client, &[file]).await.unwrap(), ["one"]);
}

#[tokio::test]
async fn a_history_of_an_earlier_version_is_completed() {
    let mut client = database("older").await;
    let files = three();
    client
        .batch_execute(
            "create schema rls; create table rls.migrations (version text primary key, name text not null,
             checksum text not null, applied_at timestamptz not null default now(),
             applied_by text not null default current_user, duration_ms bigint not null, tool_version text not null)",
        )
        .await
        .unwrap();
    let enter = "insert into rls.migrations (version, name, checksum, duration_ms, tool_version) values ($1, $2, $3, 7, '0.0')";
    client
        .execute(enter, &[&files[1].version, &files[1].name, &files[1].checksum()])
        .await
        .unwrap();
    let before = status(&client, &files).await.unwrap();
    let record = before[0].applied().unwrap();
    assert_eq!((record.duration, record.baseline), (Some(Duration::from_millis(7)), false));
    assert_eq!(run(&mut client, &files).await.unwrap(), ["second", "third"]);
    assert!(status(&client, &files).await.unwrap().iter().all(|one| one.applied().is_some()));
}

#[tokio::test]
async fn a_lock_in_the_way_is_waited_for_and_tried_again() {
    let mut client = database("locked").await;
    let Some(mut other) = client.again("postgres").await else { return };
    client.batch_execute("create table t (n int)").await.unwrap();
    let files = [migration("1", "one", "create table u (n int); alter table t add m int")];
    let patience =
        Patience { lock_timeout: Duration::from_millis(50), attempts: 2, ..Patience::default() };
    let holding = other.transaction().await.unwrap();
    holding.batch_execute("select * from t").await.unwrap();
    let error = migrate(&mut client, &files, &[], &patience, &mut |_, _, _| {}).await.unwrap_err();
    let Error::Migration { failure, .. } = &error else { panic!("{error}") };
    assert_eq!(failure.code.as_deref(), Some("55P03"));
    // The second attempt comes half a second after the first.
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        holding.rollback().await.unwrap();
    };
    let mut quiet = |_: usize, _: usize, _: &Migration| {};
    let migrating = migrate(&mut client, &files, &[], &patience, &mut quiet);
    let (applied, ()) = tokio::join!(migrating, release);
    assert_eq!(applied.unwrap().len(), 1);
}
