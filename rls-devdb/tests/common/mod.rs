//! What the tests of both engines share.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use rls_devdb::{DevPostgres, Preference};

/// Says whether there is a native Postgres to test with. Where one is required, there must be.
pub fn native(test: &str) -> bool {
    if rls_devdb::native_available() {
        return true;
    }
    assert!(
        std::env::var("RLS_REQUIRE_POSTGRES").as_deref() != Ok("1"),
        "{test}: RLS_REQUIRE_POSTGRES=1, and no native Postgres was found"
    );
    eprintln!("SKIPPED {test}: no native Postgres was found");
    false
}

pub async fn start(dir: &Path, preference: Preference) -> DevPostgres {
    DevPostgres::start(dir, preference).await.unwrap()
}

pub async fn number(client: &tokio_postgres::Client, sql: &str) -> i32 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// The part of a test that is to run in a process of its own: this test binary again, at `test` alone,
/// with the directory in the environment.
pub fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env("RLS_DEVDB_CHILD", dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The directory for the child, if this process is one.
pub fn as_child() -> Option<std::path::PathBuf> {
    std::env::var_os("RLS_DEVDB_CHILD").map(Into::into)
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A start in this process sees what the one before it wrote, and nothing that was not committed.
pub async fn data_is_kept(preference: Preference) {
    let dir = tempfile::tempdir().unwrap();
    let postgres = start(dir.path(), preference).await;
    let client = postgres.connect().await.unwrap();
    assert_eq!(number(&client, "select 1").await, 1);
    for sql in
        ["create table t(a int); insert into t values (41)", "begin; insert into t values (7)"]
    {
        client.batch_execute(sql).await.unwrap();
    }
    postgres.stop().await.unwrap();
    assert!(client.simple_query("select 1").await.is_err());

    let postgres = start(dir.path(), preference).await;
    let client = postgres.connect().await.unwrap();
    assert_eq!(number(&client, "select sum(a)::int from t").await, 41);
    client.batch_execute("update t set a = 42").await.unwrap();
    // Dropped, without a stop and with the client still there.
    drop(postgres);
    drop(client);

    let postgres = start(dir.path(), preference).await;
    let client = postgres.connect().await.unwrap();
    assert_eq!(number(&client, "select sum(a)::int from t").await, 42);
}

/// While one start lives, a second on the same directory waits, and then has the data.
pub async fn starts_serialise(preference: Preference) {
    use std::time::Duration;
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path(), preference).await;
    let client = first.connect().await.unwrap();
    client.batch_execute("create table t(a int)").await.unwrap();
    let path = dir.path().to_owned();
    let second = tokio::spawn(async move { start(&path, preference).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!second.is_finished());
    client.batch_execute("insert into t values (5)").await.unwrap();
    drop(client);
    first.stop().await.unwrap();
    let second = second.await.unwrap();
    let client = second.connect().await.unwrap();
    assert_eq!(number(&client, "select a from t").await, 5);
}

/// What the child of a killed-owner test does: it writes, says so, and waits to be killed.
pub async fn write_and_wait(dir: &Path, preference: Preference) {
    let postgres = start(dir, preference).await;
    let client = postgres.connect().await.unwrap();
    client.batch_execute("create table t(a int); insert into t values (23)").await.unwrap();
    println!("written");
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
}

/// Kills, as nothing can catch, a process that has a server in `dir`, once it has written there.
pub fn kill_after_writing(test: &str, dir: &Path) {
    use std::io::{BufRead, BufReader};
    let mut child = child(test, dir).spawn().unwrap();
    let out = child.stdout.take().unwrap();
    let written = BufReader::new(out).lines().any(|line| line.unwrap().contains("written"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(written, "the child ended before it had written");
}
