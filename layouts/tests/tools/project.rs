//! A project of two steps in one layout, with an empty database.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use rls_devdb::{DevPostgres, Engine, Preference};
use tempfile::TempDir;
use tokio_postgres::Client;

const FIRST: &str = r#"use rls_schema::Table;

#[derive(Table)]
#[rls(
    table = "todos",
    crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)),
)]
pub struct Todo {
    #[rls(primary_key, identity)]
    pub id: i64,
    #[rls(default = auth_uid(), index)]
    pub user_id: String,
    /// What is to be done; it isn't "done" yet.
    pub task: String,
}
"#;

pub(crate) struct Project {
    folder: TempDir,
    pub(crate) url: String,
    database: String,
    server: Arc<DevPostgres>,
}

impl Project {
    /// The first step written, and a database that has the roles. None, said aloud, where there is no
    /// server that a tool can reach.
    pub(crate) async fn new(layout: &str) -> Option<Project> {
        if !rls_devdb::native_available() {
            let required = std::env::var_os("RLS_REQUIRE_POSTGRES").is_some();
            assert!(!required, "RLS_REQUIRE_POSTGRES is set, and there is no native Postgres");
            eprintln!(
                "LEFT OUT: {layout} needs a server that it can reach, and there is no native Postgres"
            );
            return None;
        }
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layouts");
        let server = rls_devdb::shared(&place, Preference::Native).await.unwrap();
        let database = format!("layout_{layout}");
        let admin = server.connect().await.unwrap();
        for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
            admin.batch_execute(&format!("{statement} {database}")).await.unwrap();
        }
        let url = server.url("postgres", &database).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "provider = \"postgres\"\nroles = [\"authenticated\"]\nlayout = \"{layout}\"\n"
        );
        let project = Project { folder, url, database, server };
        project.write("rls.toml", &config);
        project.write("src/schema.rs", FIRST);
        project.cargo_rls(&["diff", "--install-stand-in"], 2);
        project.cargo_rls(&["generate", "first"], 0);
        Some(project)
    }

    /// A column more, which comes into an index of its own.
    pub(crate) fn second_step(&mut self) {
        let rank = "pub task: String,\n    #[rls(default = 0, index)]\n    pub rank: i32";
        self.write("src/schema.rs", &FIRST.replace("pub task: String", rank));
        self.cargo_rls(&["generate", "second"], 0);
    }

    /// An index and a key, each in a migration of its own, for no index is built beside others in a
    /// transaction. Returns what was written.
    pub(crate) fn third_step(&self) -> Vec<String> {
        let before = self.files();
        self.declare_third();
        self.cargo_rls(&["generate", "third", "--online"], 0);
        let new = self.files().into_iter().filter(|file| !before.contains(file));
        let new: Vec<_> = new.collect();
        assert!(new.len() >= 3, "{new:?}");
        new
    }

    pub(crate) fn declare_third(&self) {
        let file = self.folder.path().join("src/schema.rs");
        let declared = std::fs::read_to_string(&file).unwrap();
        let indexed = declared
            .replace("    pub task: String,", "    #[rls(index)]\n    pub task: String,")
            .replace("#[rls(default = 0, index)]", "#[rls(default = 0, index, unique)]");
        self.write("src/schema.rs", &indexed);
    }

    pub(crate) fn migrations(&self) -> PathBuf {
        self.folder.path().join("migrations")
    }

    /// The migrations in the folder, in order.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.migrations()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = names.filter(|name| name.starts_with(['V', '2'])).collect();
        files.sort();
        files
    }

    /// The name of the last one.
    pub(crate) fn last_file(&self) -> String {
        self.files().pop().unwrap()
    }

    pub(crate) fn last_version(&self) -> i64 {
        let file = self.last_file();
        file.trim_start_matches('V').split('_').next().unwrap().parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn is_in_sync(&self) {
        self.cargo_rls(&["diff"], 0);
    }

    /// As the first step left it.
    #[track_caller]
    pub(crate) fn is_at_the_first_step(&self) {
        let now = std::fs::read_to_string(self.folder.path().join("src/schema.rs")).unwrap();
        self.write("src/schema.rs", FIRST);
        self.cargo_rls(&["diff"], 0);
        self.write("src/schema.rs", &now);
    }

    pub(crate) async fn has_index(&self) -> bool {
        let valid =
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.todos_task_idx'::regclass";
        self.client().await.query_one(valid, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn client(&self) -> Client {
        self.server.connect_as("postgres", &self.database).await.unwrap()
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.server.engine()
    }

    /// The URL for programs that take the folder of the socket as an option.
    pub(crate) fn url_with_socket(&self, option: &str) -> String {
        let (host, _) = self.url.split_once('@').unwrap().1.split_once(':').unwrap();
        let port = self.url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
        format!(
            "postgres://postgres@localhost:{port}/{}?{option}={host}&sslmode=disable",
            self.database
        )
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[track_caller]
    pub(crate) fn cargo_rls(&self, args: &[&str], code: i32) {
        let mut command = Command::new(program());
        command.current_dir(self.folder.path()).args(args).env("DATABASE_URL", &self.url);
        let output = command.output().unwrap();
        let says = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (says(&output.stdout), says(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    }
}

/// The command line beside this test, where the tests of the workspace have built it; else it is built.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let program = test.parent().unwrap().with_file_name("cargo-rls");
        if !program.exists() {
            let build = ["build", "--quiet", "--package", "rls-cli"];
            assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
        }
        program
    })
}
