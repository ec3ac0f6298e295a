//! A project of two steps in each layout: the tool that the layout is for applies what was generated to an
//! empty database, which then holds what is declared; and takes it back, where it can.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod project;

use std::path::{Path, PathBuf};
use std::process::Command;

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use rls_devdb::Engine;
use sqlx::{Connection, PgConnection};

use project::Project;

#[tokio::test(flavor = "multi_thread")]
async fn sqlx() {
    let Some(mut project) = Project::new("sqlx").await else { return };
    let mut connection = PgConnection::connect(&project.url).await.unwrap();
    let migrator =
        async |project: &Project| sqlx::migrate::Migrator::new(project.migrations()).await.unwrap();
    migrator(&project).await.run(&mut connection).await.unwrap();
    project.is_in_sync();
    let first = project.last_version();
    project.second_step();
    migrator(&project).await.run(&mut connection).await.unwrap();
    project.is_in_sync();
    migrator(&project).await.undo(&mut connection, first).await.unwrap();
    project.is_at_the_first_step();
    migrator(&project).await.run(&mut connection).await.unwrap();
    project.third_step();
    migrator(&project).await.run(&mut connection).await.unwrap();
    project.is_in_sync();
    assert!(project.has_index().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn refinery() {
    let Some(mut project) = Project::new("refinery").await else { return };
    let run = async |project: &Project| {
        let migrations = refinery::load_sql_migrations(project.migrations()).unwrap();
        let mut client = project.client().await;
        refinery::Runner::new(&migrations).run_async(&mut client).await.unwrap();
    };
    run(&project).await;
    project.is_in_sync();
    project.second_step();
    run(&project).await;
    project.is_in_sync();
    // It runs every file in a transaction, which no index is built beside others in.
    project.declare_third();
    project.cargo_rls(&["generate", "third", "--online"], 1);
    project.cargo_rls(&["generate", "third"], 0);
    run(&project).await;
    project.is_in_sync();
}

#[tokio::test(flavor = "multi_thread")]
async fn diesel() {
    let Some(mut project) = Project::new("diesel").await else { return };
    let connection = AsyncPgConnection::establish(&project.url).await.unwrap();
    let mut harness = AsyncMigrationHarness::new(connection);
    let migrations =
        |project: &Project| FileBasedMigrations::from_path(project.migrations()).unwrap();
    harness.run_pending_migrations(migrations(&project)).unwrap();
    project.is_in_sync();
    project.second_step();
    harness.run_pending_migrations(migrations(&project)).unwrap();
    project.is_in_sync();
    harness.revert_last_migration(migrations(&project)).unwrap();
    project.is_at_the_first_step();
    harness.run_pending_migrations(migrations(&project)).unwrap();
    project.third_step();
    harness.run_pending_migrations(migrations(&project)).unwrap();
    project.is_in_sync();
    assert!(project.has_index().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn dbmate() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../dbmate/bin/dbmate");
    if !program.exists() {
        eprintln!("LEFT OUT: there is no dbmate; `.ci/dbmate` fetches it");
        return;
    }
    let Some(mut project) = Project::new("dbmate").await else { return };
    let url = project.url_with_socket("socket");
    let run = |project: &Project, command: &str| {
        let mut dbmate = Command::new(&program);
        dbmate.arg("--url").arg(&url).arg("--migrations-dir").arg(project.migrations());
        succeeds(dbmate.args(["--no-dump-schema", command]));
    };
    run(&project, "migrate");
    project.is_in_sync();
    project.second_step();
    run(&project, "migrate");
    project.is_in_sync();
    run(&project, "rollback");
    project.is_at_the_first_step();
    run(&project, "migrate");
    project.third_step();
    run(&project, "migrate");
    project.is_in_sync();
    assert!(project.has_index().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn psql() {
    let Some(mut project) = Project::new("psql").await else { return };
    let Some(program) = psql_of(&project) else {
        eprintln!("LEFT OUT: there is no psql beside the server, nor in PATH");
        return;
    };
    let run = |project: &Project, file: &str| {
        let mut psql = Command::new(&program);
        psql.arg("--no-psqlrc").arg("--quiet").arg(&project.url);
        succeeds(psql.arg("--file").arg(project.migrations().join(file)));
    };
    run(&project, &project.last_file());
    project.is_in_sync();
    project.second_step();
    let second = project.last_file();
    run(&project, &second);
    project.is_in_sync();
    run(&project, &format!("down/{second}"));
    project.is_at_the_first_step();
    run(&project, &second);
    for file in project.third_step() {
        run(&project, &file);
    }
    project.is_in_sync();
    assert!(project.has_index().await);
    // One that fails leaves nothing behind, and says so.
    let broken = project.migrations().join("broken.sql");
    let text = std::fs::read_to_string(project.migrations().join(&second)).unwrap();
    std::fs::write(
        &broken,
        text.replace("rank", "weight").replace("COMMIT;", "SELECT 1 / 0;\nCOMMIT;"),
    )
    .unwrap();
    let failed =
        Command::new(&program).arg("--quiet").arg(&project.url).arg("--file").arg(&broken).output();
    assert!(!failed.unwrap().status.success());
    project.is_in_sync();
}

/// The one beside the server, else the one that is in PATH.
fn psql_of(project: &Project) -> Option<PathBuf> {
    let Engine::Native { bin, .. } = project.engine() else { return None };
    let beside = bin.join("psql");
    if beside.exists() {
        return Some(beside);
    }
    let found = Command::new("psql").arg("--version").output();
    found.is_ok_and(|output| output.status.success()).then(|| PathBuf::from("psql"))
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let says = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (says(&output.stdout), says(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
}
