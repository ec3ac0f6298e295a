//! Why a database was not changed.

use std::collections::BTreeSet;

use super::problem::Problem;
use crate::catalog::{self, Failure};
use crate::model::Ident;
use crate::plan::{Hazard, Plan};

/// Why a database was not changed. Whatever it is, nothing of the transaction is left behind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be read.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The server refused a statement, or could not be reached.
    #[error(transparent)]
    Database(#[from] Box<Failure>),
    /// The server does not have these roles, which are never created on the way.
    #[error(
        "the server does not have the {} {}: create {}, take {} out of `roles` in rls.toml, or, on a \
         development database, let `--install-stand-in` create {}",
        if .0.len() == 1 { "role" } else { "roles" },
        list(.0),
        them(.0), them(.0), them(.0)
    )]
    MissingRoles(BTreeSet<Ident>),
    /// What the plan does was not agreed to.
    #[error("{}\nto go ahead, add {}", sentences(.0), flags(.0.iter()))]
    RefusedHazards(Vec<Hazard>),
    /// The database still differs after the last step.
    #[error("after the last step the database still differed, so all was rolled back; still to do:\n{}", .0.to_sql())]
    Diverged(Plan),
    /// A step behind the transaction of an online plan failed; what is before it stays done.
    #[error(
        "{cause}\nthe transaction of the plan is done and stays done, and so is each step behind it but the last {left}: \
         another run goes on from there"
    )]
    Unfinished {
        /// How many steps are left, with the one that failed.
        left: usize,
        /// What failed.
        #[source]
        cause: Box<Error>,
    },
    /// The database differs although every step behind the transaction is done.
    #[error("every step is done, and the database still differs: somebody else has changed it meanwhile. Still to do:\n{}", .0.to_sql())]
    StillDiffers(Plan),
    /// The database is not as it was when the plan was made.
    #[error("the database has changed since the plan was made, so nothing was run: make the plan anew. To do now:\n{}", to_do(.0))]
    Moved(Plan),
    /// Another version plans in another way.
    #[error("the plan was made by version {made_by}, and this one, {}, does it in another way, so nothing was run: make the plan anew", env!("CARGO_PKG_VERSION"))]
    PlannedOtherwise {
        /// The version.
        made_by: String,
    },
    /// Somebody else holds the lock and does not let go.
    #[error("another run is changing this database and has not finished for half a minute")]
    Busy,
    /// A piece of SQL that is to be one statement is none, or more than one.
    #[error("this is not one statement, so nothing was run:\n{0}")]
    Malformed(String),
    /// The files of the migrations and the history of the database do not fit each other.
    #[error("{}", problems(.0))]
    Migrations(Vec<Problem>),
    /// What pending migrations do, each by its file, was not agreed to.
    #[error("{}\nto go ahead, add {}", in_files(.0), flags(.0.iter().map(|(_, hazard)| hazard)))]
    RefusedMigrations(Vec<(String, Hazard)>),
    /// A migration failed; those before it stay applied. Nothing is left of one that runs in a
    /// transaction; any other is begun again by the next run.
    #[error("migration {file} failed: {failure}")]
    Migration {
        /// `<version>_<name>`.
        file: String,
        /// What failed; its place is counted within the file.
        #[source]
        failure: Box<Failure>,
    },
    /// The last migration cannot be undone: nothing says how.
    #[error(
        "nothing is written that undoes migration {0}: write it by hand where the other files that undo \
         something are, or change the declaration back and `cargo rls generate`"
    )]
    NoWayBack(String),
    /// The last migration was begun outside a transaction and did not end.
    #[error(
        "migration {0} was begun and has not ended: `cargo rls migrate` begins it again, and then it can be undone"
    )]
    HasNotEnded(String),
    /// A database is to be taken over that has a history.
    #[error(
        "this database has a history already, up to {0}: `cargo rls migrate` applies what is pending"
    )]
    HasHistory(String),
    /// The schema that a stand-in would make is somebody else's.
    #[error(
        "the schema auth is there and is no stand-in: a stand-in is never put over the real thing"
    )]
    RealProvider,
    /// There is a stand-in for another provider.
    #[error(
        "the schema auth is a stand-in for {0}, not for the provider of rls.toml: use another database, or DROP SCHEMA auth CASCADE"
    )]
    OtherStandIn(String),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Database(Box::new(failure))
    }
}

fn list(names: &BTreeSet<Ident>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn them(names: &BTreeSet<Ident>) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}

fn sentences(hazards: &[Hazard]) -> String {
    let lines = hazards.iter().map(|hazard| format!("{}: {}", hazard.kind, hazard.message));
    lines.collect::<Vec<_>>().join("\n")
}

fn in_files(hazards: &[(String, Hazard)]) -> String {
    let line = |(file, Hazard { kind, message }): &(String, Hazard)| {
        format!("migration {file}: {kind}: {message}")
    };
    hazards.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn flags<'a>(hazards: impl Iterator<Item = &'a Hazard>) -> String {
    let kinds: BTreeSet<_> = hazards.map(|hazard| hazard.kind).collect();
    kinds.iter().map(|kind| format!("--allow {kind}")).collect::<Vec<_>>().join(" ")
}

fn to_do(plan: &Plan) -> String {
    if plan.is_empty() { "nothing".to_owned() } else { plan.to_sql() }
}

fn problems(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
