//! The embedded engine.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod common;

use common::{as_child, child, number, start, text};
use rls_devdb::{DevPostgres, Engine, Error, Preference};
use tokio_postgres::Client;

#[tokio::test(flavor = "multi_thread")]
async fn embedded_data_is_kept() {
    common::data_is_kept(Preference::Embedded).await;
}

#[tokio::test]
async fn embedded_starts_serialise() {
    common::starts_serialise(Preference::Embedded).await;
}

#[tokio::test]
async fn embedded_survives_a_kill() {
    if let Some(dir) = as_child() {
        return common::write_and_wait(&dir, Preference::Embedded).await;
    }
    let dir = tempfile::tempdir().unwrap();
    common::kill_after_writing("embedded_survives_a_kill", dir.path());
    let postgres = start(dir.path(), Preference::Embedded).await;
    let client = postgres.connect().await.unwrap();
    assert_eq!(number(&client, "select a from t").await, 23);
}

#[tokio::test]
async fn damaged_data_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("embedded/pgdata")).unwrap();
    let error = DevPostgres::start(dir.path(), Preference::Embedded).await.unwrap_err();
    assert!(matches!(error, Error::Embedded { .. }), "{error}");
    assert!(error.to_string().contains("embedded and start again"), "{error}");
}

#[tokio::test]
async fn rls_postgres_decides() {
    if let Some(dir) = as_child() {
        let postgres = start(&dir, Preference::Any).await;
        assert!(matches!(postgres.engine(), Engine::Embedded { .. }));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output =
        child("rls_postgres_decides", dir.path()).env("RLS_POSTGRES", "embedded").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

/// One start for all that follows: it is the slow part.
#[tokio::test]
async fn embedded_is_a_postgres() {
    let dir = tempfile::tempdir().unwrap();
    let postgres = start(dir.path(), Preference::Embedded).await;
    assert_eq!(postgres.url("postgres", "postgres"), None);
    let client = postgres.connect().await.unwrap();
    version(&client, &postgres).await;
    policies(&client).await;
    language(&client).await;
    transactions(&client).await;
    statements(&client).await;
    copy(&client).await;
    one_at_a_time(client, &postgres).await;
    users_and_databases(&postgres).await;
    postgres.stop().await.unwrap();
}

async fn version(client: &Client, postgres: &DevPostgres) {
    let row = client.query_one("show server_version", &[]).await.unwrap();
    let version: String = row.get(0);
    assert_eq!(postgres.engine(), &Engine::Embedded { version });
}

/// What this crate is for: a role, claims, a policy that reads them.
async fn policies(client: &Client) {
    client
        .batch_execute(
            "create role reader;
             create schema auth;
             grant usage on schema auth to reader;
             create function auth.user_id() returns text language sql stable
                 return nullif(current_setting('request.jwt.claims', true), '')::json->>'sub';
             create table todos(id int generated always as identity, owner text default auth.user_id());
             alter table todos enable row level security;
             alter table todos force row level security;
             create policy own on todos to reader using (owner = (select auth.user_id()));
             grant select, insert on todos to reader;
             insert into todos(owner) values ('a'), ('a'), ('b')",
        )
        .await
        .unwrap();
    for (sub, visible) in [("a", 2), ("b", 1), ("c", 0)] {
        client.batch_execute("begin; set local role reader").await.unwrap();
        let claims = format!("{{\"sub\": \"{sub}\"}}");
        client
            .query_one("select set_config('request.jwt.claims', $1, true)", &[&claims])
            .await
            .unwrap();
        assert_eq!(number(client, "select count(*)::int from todos").await, visible);
        client.batch_execute("rollback").await.unwrap();
    }
    assert_eq!(number(client, "select count(*)::int from todos").await, 3);

    client.batch_execute("begin; set local role reader").await.unwrap();
    let refused = client.execute("insert into todos(owner) values ('z')", &[]).await;
    let code = refused.unwrap_err().code().cloned();
    assert_eq!(code, Some(tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
    client.batch_execute("rollback").await.unwrap();
    let polqual = "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'own'";
    let row = client.query_one(polqual, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "(owner = ( SELECT auth.user_id() AS user_id))");
}

async fn language(client: &Client) {
    client
        .batch_execute(
            "do $$ begin perform 1; execute 'create temp table scratch(a int)'; end $$;
             create function twice(a int) returns int language plpgsql as
                 $$ begin return a * 2; exception when others then return 0; end $$;
             insert into scratch values (twice(4));
             create trigger t before update on todos for each row execute function
                 suppress_redundant_updates_trigger();
             select pg_advisory_lock(1); select pg_advisory_unlock(1)",
        )
        .await
        .unwrap();
    assert_eq!(number(client, "select a from scratch").await, 8);
}

async fn transactions(client: &Client) {
    client
        .batch_execute(
            "begin; create temp table s(a int) on commit drop; insert into s values (1);
             savepoint p; insert into s values (2)",
        )
        .await
        .unwrap();
    assert!(client.batch_execute("select 1 / 0").await.is_err());
    assert!(client.batch_execute("select 1").await.is_err());
    client.batch_execute("rollback to savepoint p").await.unwrap();
    assert_eq!(number(client, "select sum(a)::int from s").await, 1);
    assert!(client.query("select * from absent where a = $1", &[&1]).await.is_err());
    client.batch_execute("rollback").await.unwrap();
    // Outside a transaction too, at preparing and at executing.
    assert!(client.prepare("select absent").await.is_err());
    assert!(client.query("select 1 / $1::int4", &[&0]).await.is_err());
    assert_eq!(number(client, "select 1").await, 1);
    // Of several statements none stays when the last fails.
    let several = "create table gone(a int); insert into gone values (1); select 1 / 0";
    assert!(client.batch_execute(several).await.is_err());
    assert!(client.prepare("select * from gone").await.is_err());
}

async fn statements(client: &Client) {
    let statement =
        client.prepare("select $1::text || $2::int8::text, null::uuid is null").await.unwrap();
    for n in 0..20i64 {
        let row = client.query_one(&statement, &[&"n", &n]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), format!("n{n}"));
    }
    let many = client
        .query("select g, repeat('x', 1000) from generate_series(1, 20000) g", &[])
        .await
        .unwrap();
    assert_eq!(many.len(), 20_000);
    let large = "y".repeat(3_000_000);
    let row = client.query_one("select length($1::text)", &[&large]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 3_000_000);
    // Sent one upon the other, the second to fail.
    let (first, second, third) = tokio::join!(
        client.query_one("select 1", &[]),
        client.query_one("select 1 / 0", &[]),
        client.query_one("select 3", &[]),
    );
    assert!(first.is_ok() && second.is_err() && third.is_ok());
}

async fn copy(client: &Client) {
    use std::pin::pin;
    use tokio_postgres::binary_copy::BinaryCopyInWriter;
    client.batch_execute("create table copied(a int4)").await.unwrap();
    let sink = client.copy_in("copy copied from stdin binary").await.unwrap();
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &[tokio_postgres::types::Type::INT4]));
    for n in 0..1000i32 {
        writer.as_mut().write(&[&n]).await.unwrap();
    }
    assert_eq!(writer.as_mut().finish().await.unwrap(), 1000);
    assert_eq!(number(client, "select count(*)::int from copied").await, 1000);
    assert!(client.batch_execute("select 1 / 0").await.is_err());
    assert_eq!(number(client, "select 1").await, 1);
}

/// A second client waits for the first, but not for ever; what a session set is gone with it.
async fn one_at_a_time(client: Client, postgres: &DevPostgres) {
    client.batch_execute("set search_path = auth; begin; create table never(a int)").await.unwrap();
    assert!(matches!(postgres.connect().await, Err(Error::InUse { .. })));
    drop(client);
    let client = postgres.connect().await.unwrap();
    let row = client.query_one("show search_path", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "\"$user\", public");
    assert!(client.prepare("select * from auth.never").await.is_err());
}

async fn users_and_databases(postgres: &DevPostgres) {
    let client = postgres.connect().await.unwrap();
    client.batch_execute("create role member login").await.unwrap();
    client.batch_execute("create database other").await.unwrap();
    drop(client);
    let client = postgres.connect_as("postgres", "other").await.unwrap();
    let row =
        client.query_one("select session_user::text, current_database()::text", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("postgres", "other"));
    drop(client);
    // Its session would be a superuser's in truth.
    let refused = postgres.connect_as("member", "other").await;
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
    let refused = postgres.connect_as("postgres", "absent").await.unwrap_err();
    assert!(refused.to_string().contains("does not exist"), "{refused}");
    let client = postgres.connect().await.unwrap();
    assert_eq!(number(&client, "select 1").await, 1);
}
