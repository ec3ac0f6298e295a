//! Projects in temporary folders, the binary run in them, and a database for those that need one.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use rls_core::plan::HazardKind;
use rls_devdb::{DevPostgres, Engine, Preference};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// The todos of the guide.
pub const TODOS: &str = r#"use rls_schema::Table;

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
    pub task: String,
    #[rls(default = false)]
    pub is_complete: bool,
}
"#;

/// The todos with a column more.
pub fn ranked() -> String {
    let rank = "pub task: String,\n    #[rls(default = 0)]\n    pub rank: i32";
    TODOS.replace("pub task: String", rank)
}

pub const NEON: &str = "provider = \"neon\"\n";

/// A folder with an rls.toml and `src/schema.rs`.
pub struct Project(TempDir);

impl Project {
    pub fn empty() -> Self {
        Project(tempfile::tempdir().unwrap())
    }

    pub fn new(config: &str, schema: &str) -> Self {
        let project = Project::empty();
        project.write("rls.toml", config);
        project.write("src/schema.rs", schema);
        project
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// The names in a folder, sorted; none where it does not exist.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root().join(folder)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The binary in this folder, in an environment that names no database.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-rls"));
        command.current_dir(self.root()).args(args).stdin(Stdio::null());
        for name in ["DATABASE_URL", "CLICOLOR_FORCE", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
        {
            command.env_remove(name);
        }
        const KEPT: [&str; 3] = ["RLS_POSTGRES", "RLS_POSTGRES_BIN", "RLS_REQUIRE_POSTGRES"];
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("RLS_") && !KEPT.contains(&name.as_ref()) {
                command.env_remove(name.as_ref());
            }
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args))
    }

    /// A command that changes nothing, as text and with `--json`, which must end and say the same.
    #[track_caller]
    pub fn both(&self, args: &[&str]) -> (Run, Value) {
        same_twice(self.run(args), self.run(&[&["--json"], args].concat()))
    }
}

/// Checks that text and JSON agree, and returns both.
#[track_caller]
pub fn same_twice(text: Run, json: Run) -> (Run, Value) {
    assert_eq!(text.code, json.code, "text:\n{text}\njson:\n{json}");
    let value = json.json();
    if text.code == 1 {
        assert_eq!(text.out, "", "an error is not what was asked for:\n{text}");
        let spoken = words(&text.err);
        let errors = value["errors"].as_array().unwrap();
        assert!(!errors.is_empty(), "{json}");
        for part in errors.iter().flat_map(|error| [&error["message"], &error["help"]]) {
            let part = words(part.as_str().unwrap_or_default());
            assert!(spoken.contains(&part), "only JSON says `{part}`:\n{text}");
        }
        assert_eq!(text.places(), places(&value), "text:\n{text}\njson:\n{json}");
    }
    (text, value)
}

fn words(text: &str) -> String {
    text.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ")
}

/// `file:line:column` of every error in JSON that has a place.
pub fn places(json: &Value) -> Vec<String> {
    let errors = json["errors"].as_array().into_iter().flatten();
    errors
        .filter(|error| error["file"].is_string())
        .map(|error| {
            format!("{}:{}:{}", error["file"].as_str().unwrap(), error["line"], error["column"])
        })
        .collect()
}

/// The messages in JSON.
pub fn messages(json: &Value) -> Vec<&str> {
    let errors = json["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["message"].as_str().unwrap()).collect()
}

/// What a run of the binary came to.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\nstdout: {}\nstderr: {}", self.code, self.out, self.err)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub fn of(mut command: Command) -> Self {
        command.output().unwrap().into()
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "no `{text}` in\n{self}");
        self
    }

    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.out.contains(text) && !self.err.contains(text), "`{text}` in\n{self}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON ({error}): {self}"))
    }

    /// The places that error messages in text point at.
    fn places(&self) -> Vec<String> {
        self.err
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("--> "))
            .map(str::to_owned)
            .collect()
    }
}

/// A project with a database of its own: on the native server of this test process, or, where
/// there is none, the development database of the project inside the process of each command.
pub struct Live {
    pub project: Project,
    native: Option<(Arc<Server>, String)>,
}

impl Live {
    #[track_caller]
    pub fn new(config: &str, schema: &str) -> Self {
        let native = native().then(server).map(|server| {
            let url = server.new_database();
            (server, url)
        });
        Live { project: Project::new(config, schema), native }
    }

    /// With the todos applied.
    #[track_caller]
    pub fn todos() -> Self {
        let live = Live::new(NEON, TODOS);
        live.apply(&[]).exits(0);
        live
    }

    /// With the gallery applied, beside what it takes for granted.
    #[track_caller]
    pub fn gallery() -> Self {
        let live = Live::new("", "");
        let mut declared = fs::read_to_string(self::gallery()).unwrap();
        if live.value("select current_setting('server_version_num')").as_str() < "150000" {
            let open = "    security_barrier,\n    security_invoker = false,";
            for (later, before) in [
                ("nulls_not_distinct, ", ""),
                ("set_columns = [room],", ""),
                ("    security_barrier,", open),
            ] {
                assert!(declared.contains(later), "{later} is in the gallery");
                declared = declared.replace(later, before);
            }
        }
        live.declare(&declared);
        live.project.write(
            "rls.toml",
            format!("{NEON}roles = [\"Front Desk\"]\nsource = [\"src/schema.rs\"]\n"),
        );
        live.run(&["diff", "--install-stand-in"]).exits(2);
        live.sql("create table auth.users (id uuid primary key); create schema \"Gallery\"; create type \"Gallery\".\"Mood\" as enum ('fine')");
        // What triggers call is somebody else's.
        live.sql("create schema other");
        for function in
            ["public.touch", "other.touch", "\"Gallery\".tell", "\"Gallery\".\"count rows\""]
        {
            let body = "begin return null; end";
            live.sql(&format!(
                "create function {function}() returns trigger language plpgsql as '{body}'"
            ));
        }
        live.run(&["apply", "--allow", "narrows-access"]).exits(0);
        live
    }

    /// Where its database is, unless it runs inside the process of each command.
    pub fn url(&self) -> Option<String> {
        self.native.as_ref().map(|(_, url)| url.clone())
    }

    pub fn declare(&self, schema: &str) {
        self.project.write("src/schema.rs", schema);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        if let Some((_, url)) = &self.native {
            command.env("DATABASE_URL", url);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args))
    }

    #[track_caller]
    pub fn both(&self, args: &[&str]) -> (Run, Value) {
        same_twice(self.run(args), self.run(&[&["--json"], args].concat()))
    }

    /// `apply` in a database that may lack its provider.
    pub fn apply(&self, args: &[&str]) -> Run {
        self.run(&[&["apply", "--install-stand-in"], args].concat())
    }

    #[track_caller]
    pub fn assert_in_sync(&self) {
        let diff = self.run(&["diff"]);
        assert_eq!(diff.code, 0, "{diff}");
    }

    /// Runs SQL as superuser, past the tool.
    #[track_caller]
    pub fn sql(&self, sql: &str) {
        self.ask(sql);
    }

    /// The first value of the last statement; empty for NULL.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        self.ask(sql)
    }

    #[track_caller]
    fn ask(&self, sql: &str) -> String {
        let answer = runtime().block_on(async {
            match &self.native {
                Some((_, url)) => first(&connect(url).await, sql).await,
                None => {
                    let directory = self.project.root().join("target/rls");
                    let postgres =
                        DevPostgres::start(&directory, Preference::Embedded).await.unwrap();
                    let client = postgres.connect().await.unwrap();
                    let answer = first(&client, sql).await;
                    drop(client);
                    postgres.stop().await.unwrap();
                    answer
                }
            }
        });
        answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }
}

/// What gives leave to everything that a plan may do.
pub fn allowing_everything() -> Vec<&'static str> {
    HazardKind::ALL.iter().flat_map(|kind| ["--allow", kind.name()]).collect()
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub async fn first(client: &Client, sql: &str) -> Result<String, tokio_postgres::Error> {
    let mut answer = String::new();
    for message in client.simple_query(sql).await? {
        if let SimpleQueryMessage::Row(row) = message {
            answer = row.get(0).unwrap_or_default().to_owned();
        }
    }
    Ok(answer)
}

pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// Whether there is a native Postgres. Where one is required, there must be.
fn native() -> bool {
    let embedded = std::env::var("RLS_POSTGRES").as_deref() == Ok("embedded");
    if !embedded && rls_devdb::native_available() {
        return true;
    }
    let required = std::env::var("RLS_REQUIRE_POSTGRES").as_deref() == Ok("1");
    assert!(!required, "RLS_REQUIRE_POSTGRES=1, and no native Postgres was found");
    false
}

/// The server for a test that needs several connections or URLs, or None, said aloud.
#[track_caller]
pub fn several_connections() -> Option<Arc<Server>> {
    if native() {
        return Some(server());
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!(
        "SKIPPED {test}: no native Postgres was found, and the embedded one serves one connection"
    );
    None
}

/// One native server for all tests of this process that run at the same time. It ends with the
/// last of them, for nothing that is kept to the end of the process is ever dropped.
pub struct Server {
    postgres: DevPostgres,
    // After the server, which must be gone when its folder goes.
    _folder: TempDir,
}

fn server() -> Arc<Server> {
    static RUNNING: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = running.upgrade() {
        return server;
    }
    let folder = tempfile::tempdir().unwrap();
    let postgres =
        runtime().block_on(DevPostgres::start(folder.path(), Preference::Native)).unwrap();
    let server = Arc::new(Server { postgres, _folder: folder });
    *running = Arc::downgrade(&server);
    server
}

impl Server {
    /// The URL of a database for a user.
    pub fn url(&self, user: &str, database: &str) -> String {
        self.postgres.url(user, database).unwrap()
    }

    /// The URL of a fresh database.
    pub fn new_database(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.value(&self.url("postgres", "postgres"), &format!("CREATE DATABASE {name}"));
        self.url("postgres", &name)
    }

    /// The first value of the last statement.
    #[track_caller]
    pub fn value(&self, url: &str, sql: &str) -> String {
        let answer = runtime().block_on(async { first(&connect(url).await, sql).await });
        answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// Where its programs are.
    pub fn programs(&self) -> Option<PathBuf> {
        match self.postgres.engine() {
            Engine::Native { bin, .. } => Some(bin.clone()),
            Engine::Embedded { .. } => None,
        }
    }

    /// The first number of its version.
    pub fn major_version(&self) -> u32 {
        let url = self.url("postgres", "postgres");
        let number: u32 = self.value(&url, "SHOW server_version_num").parse().unwrap();
        number / 10_000
    }

    /// Whether somebody is let in at that URL.
    pub fn lets_in(&self, url: &str) -> bool {
        runtime().block_on(tokio_postgres::connect(url, NoTls)).is_ok()
    }
}

/// The path of the gallery, which uses all of the grammar.
pub fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/gallery/mod.rs")
}
