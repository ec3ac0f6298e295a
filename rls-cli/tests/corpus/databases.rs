//! Two databases with what the provider supplies, owned by a role that can do nothing else: one for
//! psql, one for what was pulled.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use rls_core::render::{stand_in, stand_in_roles};

use super::dump::{self, PgDump};
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
        for role in &kept.member_of {
            server.value(&admin, &format!("GRANT \"{role}\" TO {OWNER}"));
        }
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

    /// Runs a file as people do, if there is one.
    #[track_caller]
    pub fn psql(&self, url: &str, file: Option<&Path>) {
        let Some(file) = file else { return };
        let tool = dump::program("psql", self.server.programs().as_deref());
        let mut command = Command::new(tool.expect("psql belongs to every Postgres"));
        command.args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", url, "-f"]).arg(file);
        Run::of(command).exits(0);
    }

    /// What dumps them, where there is one.
    #[track_caller]
    pub fn pg_dump(&self) -> Option<PgDump> {
        PgDump::for_server(self.server.programs().as_deref(), self.server.major_version())
    }
}
