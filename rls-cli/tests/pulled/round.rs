//! From SQL to source, and from source to another database.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::support::{self, Project, Run, Server};

/// Who owns everything, and is nobody else.
const OWNER: &str = "pull_owner";

const MAKE_ROLES: &str = "
    DO $$ BEGIN CREATE ROLE pull_owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    DO $$ BEGIN CREATE ROLE pull_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$";

/// A database, and the project that it was pulled into.
pub struct Round {
    pub server: Arc<Server>,
    pub project: Project,
    pub source: String,
    pub notes: Vec<String>,
}

/// A database that an ordinary owner has made, pulled: `check` finds no mistake, `diff` no difference, and
/// rustfmt has nothing to add.
#[track_caller]
pub fn pulled(sql: &str) -> Option<Round> {
    let server = support::several_connections()?;
    let url = database(&server);
    server.value(&url, sql);
    Some(pull(server, url, &["public"]))
}

/// The same where the database is there already, of several schemas.
#[track_caller]
pub fn pull(server: Arc<Server>, url: String, schemas: &[&str]) -> Round {
    let project = Project::empty();
    let mut args = vec!["pull", "--json", "--out", ".", "--database-url", &url];
    args.extend(schemas.iter().flat_map(|schema| ["--schema", schema]));
    let run = project.run(&args);
    let source = std::fs::read_to_string(project.root().join("src/schema.rs")).unwrap_or_default();
    assert_eq!(run.code, 0, "{run}\n{source}");
    let notes = run.json()["notes"].as_array().cloned().unwrap_or_default();
    let notes = notes.iter().map(|note| note.as_str().unwrap().to_owned()).collect();
    let check = project.run(&["check"]);
    assert_eq!(check.code, 0, "{check}\n{source}");
    project.run(&["diff", "--database-url", &url]).exits(0);
    let path = project.root().join("src/schema.rs");
    for settings in ["use_small_heuristics=Default", "use_small_heuristics=Max"] {
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--check", "--edition", "2024", "--config", settings]).arg(&path);
        let Run { code, out, .. } = Run::of(rustfmt);
        assert_eq!(code, 0, "{settings}: {out}\n{source}");
    }
    Round { server, project, source, notes }
}

/// An empty database of that owner.
#[track_caller]
pub fn database(server: &Server) -> String {
    // Roles belong to the server, and two that make one at a time get in each other's way.
    static TURN: Mutex<()> = Mutex::new(());
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let admin = server.url("postgres", "postgres");
    server.value(&admin, MAKE_ROLES);
    let name = format!("pulled_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.value(&admin, &format!("CREATE DATABASE {name} OWNER {OWNER}"));
    let owned = format!("ALTER SCHEMA public OWNER TO {OWNER}");
    server.value(&server.url("postgres", &name), &owned);
    server.url(OWNER, &name)
}

impl Round {
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.source.contains(text), "no `{text}` in\n{}", self.source);
        self
    }

    #[track_caller]
    pub fn notes(&self, text: &str) -> &Self {
        let found = self.notes.iter().any(|note| note.contains(text));
        assert!(found, "no `{text}` in\n{:#?}", self.notes);
        self
    }

    /// Makes the same in an empty database, of which the same is pulled.
    #[track_caller]
    pub fn comes_back(&self) -> Round {
        let url = database(&self.server);
        self.comes_back_in(url, &["public"])
    }

    /// The same in a database that holds what was noted.
    #[track_caller]
    pub fn comes_back_in(&self, url: String, schemas: &[&str]) -> Round {
        let apply = ["apply", "--database-url", &url, "--allow", "widens-access"];
        let run = self.project.run(&apply);
        assert_eq!(run.code, 0, "{run}\n{}", self.source);
        self.project.run(&["diff", "--database-url", &url]).exits(0);
        let again = pull(self.server.clone(), url, schemas);
        assert_eq!(again.source, self.source);
        again
    }
}
