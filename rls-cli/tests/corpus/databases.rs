//! Two databases with what the provider supplies, owned by a role that can do nothing else: one for
//! psql, one for what was pulled.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use rls_core::render::{stand_in, stand_in_roles};

use super::kept::Kept;
use super::support::{self, Run, Server};

/// Who owns everything, and is nobody else.
const OWNER: &str = "corpus_owner";

/// What else the server gives an owner who has no other power: nothing.
const MAKE_OWNER: &str =
    "DO $$ BEGIN CREATE ROLE corpus_owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$";

/// The two databases, by the URLs of their owner.
pub struct Databases {
    pub made: String,
    pub other: String,
    pub server: Arc<Server>,
}

impl Databases {
    /// None, said aloud, where the server is too old or can serve one connection only.
    #[track_caller]
    pub fn of(kept: &Kept) -> Option<Databases> {
        let server = support::several_connections()?;
        let version = server.major_version();
        if version < kept.least {
            eprintln!("LEFT OUT: {} needs Postgres {}, this is {version}", kept.name, kept.least);
            return None;
        }
        // Roles belong to the server, and two that make one at a time get in each other's way.
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let admin = server.url("postgres", "postgres");
        server.value(&admin, MAKE_OWNER);
        server.value(&admin, &stand_in_roles(&kept.settings));
        let database = |kind: &str| {
            let name = format!("{}_{kind}", kept.name);
            server.value(&admin, &format!("CREATE DATABASE {name} OWNER {OWNER}"));
            let url = server.url("postgres", &name);
            server.value(&url, &format!("ALTER SCHEMA public OWNER TO {OWNER}"));
            server.value(&url, &format!("{}{}", stand_in(&kept.settings), kept.prelude));
            server.url(OWNER, &name)
        };
        let (made, other) = (database("made"), database("other"));
        Some(Databases { made, other, server })
    }

    /// Runs a file as people do.
    #[track_caller]
    pub fn psql(&self, file: &Path) {
        let mut command = Command::new(self.tool("psql").expect("psql belongs to every Postgres"));
        command.args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", &self.made, "-f"]).arg(file);
        Run::of(command).exits(0);
    }

    /// A program of Postgres: beside the server, on the path, or where Debian puts them.
    pub fn tool(&self, name: &str) -> Option<PathBuf> {
        let beside = self.server.programs().into_iter();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut debian: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
        debian.sort();
        beside
            .chain(std::env::split_paths(&path))
            .chain(debian.into_iter().rev())
            .map(|folder| folder.join(name))
            .find(|tool| tool.is_file())
    }
}
