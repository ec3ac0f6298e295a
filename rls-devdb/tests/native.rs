//! The native engine, where there is one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use common::{as_child, child, native, number, start, text};
use rls_devdb::{DevPostgres, Engine, Error, Preference};

fn root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn native_data_is_kept() {
    if native("native_data_is_kept") {
        common::data_is_kept(Preference::Native).await;
    }
}

#[tokio::test]
async fn native_starts_serialise() {
    if native("native_starts_serialise") {
        common::starts_serialise(Preference::Native).await;
    }
}

#[tokio::test]
async fn native_users_databases_and_urls() {
    if !native("native_users_databases_and_urls") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let postgres = start(dir.path(), Preference::Native).await;
    assert!(matches!(postgres.engine(), Engine::Native { .. }));
    assert!(postgres.engine().to_string().starts_with("PostgreSQL "));
    let client = postgres.connect().await.unwrap();
    for sql in ["create role \"a b\" login", "create database \"d/1\""] {
        client.batch_execute(sql).await.unwrap();
    }
    let other = postgres.connect_as("a b", "d/1").await.unwrap();
    let row =
        other.query_one("select current_user::text, current_database()::text", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("a b", "d/1"));

    let url = postgres.url("a b", "d/1").unwrap();
    let (by_url, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(number(&by_url, "select 1").await, 1);

    let refused = postgres.connect_as("nobody at all", "postgres").await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("nobody at all") && said.contains("does not exist"), "{said}");
}

#[tokio::test]
async fn native_leftover_is_taken_over() {
    if let Some(dir) = as_child() {
        return common::write_and_wait(&dir, Preference::Native).await;
    }
    if !native("native_leftover_is_taken_over") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    common::kill_after_writing("native_leftover_is_taken_over", dir.path());
    let postgres = start(dir.path(), Preference::Native).await;
    let client = postgres.connect().await.unwrap();
    assert_eq!(number(&client, "select a from t").await, 23);
}

/// The file of a server that is gone may name a process that has its number now.
#[tokio::test]
async fn native_stale_pid_file() {
    if !native("native_stale_pid_file") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let postgres = start(dir.path(), Preference::Native).await;
    let Engine::Native { version, .. } = postgres.engine().clone() else {
        panic!("not native");
    };
    postgres.stop().await.unwrap();
    let major = version.split('.').next().unwrap();
    let note = dir.path().join(format!("pg{major}/data/postmaster.pid"));
    // Of this very process, which must of course survive.
    fs::write(&note, format!("{}\n", std::process::id())).unwrap();
    start(dir.path(), Preference::Native).await.stop().await.unwrap();
}

#[tokio::test]
async fn native_half_made_data_is_made_anew() {
    if !native("native_half_made_data_is_made_anew") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let postgres = start(dir.path(), Preference::Native).await;
    postgres.stop().await.unwrap();
    let home = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    fs::rename(home.join("data"), home.join("data.new")).unwrap();
    fs::remove_file(home.join("data.new/PG_VERSION")).unwrap();
    let postgres = start(dir.path(), Preference::Native).await;
    assert_eq!(number(&postgres.connect().await.unwrap(), "select 1").await, 1);
}

#[tokio::test]
async fn native_damaged_data_is_explained() {
    if !native("native_damaged_data_is_explained") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    start(dir.path(), Preference::Native).await.stop().await.unwrap();
    let home = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    fs::write(home.join("data/PG_VERSION"), "9.4\n").unwrap();
    let error = DevPostgres::start(dir.path(), Preference::Native).await.unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("incompatible") && said.contains("delete"), "{said}");
}

/// A very long directory does not make the socket's path too long.
#[tokio::test]
async fn native_long_directory() {
    if !native("native_long_directory") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("d".repeat(120)).join("with spaces, and 'quotes'");
    let postgres = start(&long, Preference::Native).await;
    assert_eq!(number(&postgres.connect().await.unwrap(), "select 1").await, 1);
}

/// Under root the server runs as another user, also where that user cannot enter the directory.
#[tokio::test]
async fn native_root_is_dropped() {
    if !native("native_root_is_dropped") {
        return;
    }
    if !root() {
        eprintln!("SKIPPED native_root_is_dropped: this is not root");
        return;
    }
    for (mode, elsewhere) in [(0o755, false), (0o700, true)] {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(mode)).unwrap();
        let dir = parent.path().join("dir");
        let postgres = start(&dir, Preference::Native).await;
        let client = postgres.connect().await.unwrap();
        let data: String = client.query_one("show data_directory", &[]).await.unwrap().get(0);
        assert_ne!(fs::metadata(&data).unwrap().uid(), 0);
        let note = fs::read_to_string(dir.join("data-is-elsewhere"));
        assert_eq!(note.is_ok(), elsewhere, "{data}");
        client.batch_execute("create table t(a int); insert into t values (3)").await.unwrap();
        postgres.stop().await.unwrap();
        let postgres = start(&dir, Preference::Native).await;
        let client = postgres.connect().await.unwrap();
        assert_eq!(number(&client, "select a from t").await, 3);
        postgres.stop().await.unwrap();
        if let Ok(note) = note {
            fs::remove_dir_all(note.trim()).unwrap();
        }
    }
}

#[tokio::test]
async fn wrong_rls_postgres_bin_is_an_error() {
    if let Some(dir) = as_child() {
        for preference in [Preference::Any, Preference::Native] {
            let error = DevPostgres::start(&dir, preference).await.unwrap_err();
            assert!(matches!(error, Error::Binaries { .. }), "{error}");
            assert!(error.to_string().contains("RLS_POSTGRES_BIN"), "{error}");
        }
        assert!(!rls_devdb::native_available());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = child("wrong_rls_postgres_bin_is_an_error", dir.path())
        .env("RLS_POSTGRES_BIN", dir.path().join("absent"))
        .env_remove("RLS_POSTGRES")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[tokio::test]
async fn wrong_rls_postgres_is_an_error() {
    if let Some(dir) = as_child() {
        let error = DevPostgres::start(&dir, Preference::Any).await.unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = child("wrong_rls_postgres_is_an_error", dir.path())
        .env("RLS_POSTGRES", "docker")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
