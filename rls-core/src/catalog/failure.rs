//! What can go wrong between here and the server, with all that the server said about it.

use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::Place;
use crate::model::{IdentError, QualifiedName};

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused a statement, or could not be reached.
    #[error(transparent)]
    Database(#[from] Box<Failure>),
    /// A declared table's name belongs to something else.
    #[error(
        "{name} is {kind} in the database, and the declaration says that it is a table; rename one of the two"
    )]
    NotATable {
        /// The name.
        name: QualifiedName,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A declared view's name belongs to something else.
    #[error(
        "{name} is {kind} in the database, and the declaration says that it is a view; rename one of the two"
    )]
    NotAView {
        /// The name.
        name: QualifiedName,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A view is to read as whoever asks, and the server's version has no such views.
    #[error(
        "the view {view} is to read as whoever asks, and Postgres {version} has no such views: they are there since 15; write `security_invoker = false` where it may show what its owner sees"
    )]
    NoSecurityInvoker {
        /// The view.
        view: QualifiedName,
        /// The major version of the server.
        version: i32,
    },
    /// A privilege is declared that the server's version does not have.
    #[error(
        "`maintain` is declared on {object} for {grantee}, and Postgres {version} does not have it: it is there since 17; leave it out of `privileges`"
    )]
    NoMaintain {
        /// What it would be on.
        object: String,
        /// Whose it would be.
        grantee: String,
        /// The major version of the server.
        version: i32,
    },
    /// A row of the catalog does not have the form that this version knows.
    #[error("the catalog of this server has a form that is not known here: {0}")]
    Catalog(#[source] tokio_postgres::Error),
    /// The catalog holds a code that this version does not know.
    #[error("{what} has a form that is not known here: `{code}`")]
    Unknown {
        /// The thing, by name.
        what: String,
        /// What the catalog says of it.
        code: String,
    },
    /// The catalog holds a name that cannot be one.
    #[error("the catalog holds a name that is none: {0}")]
    Name(#[from] IdentError),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Database(Box::new(failure))
    }
}

/// A statement that failed. Source: Postgres manual, "Error and Notice Message Fields".
#[derive(Debug)]
pub struct Failure {
    /// The statement.
    pub statement: String,
    /// The server's message, or the connection's.
    pub message: String,
    /// The SQLSTATE, where the server has spoken.
    pub code: Option<String>,
    /// What the server adds.
    pub detail: Option<String>,
    /// What we, or else the server, would try.
    pub hint: Option<String>,
    /// Where in the statement.
    pub place: Option<Place>,
    /// What tokio-postgres reported.
    pub source: tokio_postgres::Error,
}

impl Failure {
    /// The failure of a statement that was sent alone.
    pub(crate) fn of(statement: &str, source: tokio_postgres::Error) -> Self {
        let place = byte_of(&source, statement).map(|byte| Place::of(statement, byte));
        Failure::new(statement, place, source)
    }

    /// The failure of a statement, and where in whatever text its place is counted.
    pub(crate) fn new(
        statement: &str,
        place: Option<Place>,
        source: tokio_postgres::Error,
    ) -> Self {
        let said = source.as_db_error();
        let text = |field: fn(&DbError) -> Option<&str>| said.and_then(field).map(str::to_owned);
        Failure {
            statement: statement.to_owned(),
            message: said.map_or_else(|| chain(&source), |said| said.message().to_owned()),
            code: said.map(|said| said.code().code().to_owned()),
            detail: text(DbError::detail),
            hint: said
                .and_then(|said| our_hint(statement, said.code()))
                .or_else(|| text(DbError::hint)),
            place,
            source,
        }
    }
}

/// The byte of `text` that the server points at; it counts characters, from one.
pub(crate) fn byte_of(error: &tokio_postgres::Error, text: &str) -> Option<usize> {
    let ErrorPosition::Original(position) = error.as_db_error()?.position()? else { return None };
    let character = usize::try_from(*position).ok()?.checked_sub(1)?;
    Some(text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte))
}

fn our_hint(statement: &str, code: &SqlState) -> Option<String> {
    let owner = statement.starts_with("ALTER ") && statement.contains(" OWNER TO ");
    if owner && *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let schema = if statement.starts_with("ALTER SCHEMA ") {
            "needs CREATE on the database"
        } else {
            "the new owner needs CREATE on the schema, as the owner that `[schemas]` gives it has"
        };
        return Some(format!(
            "whoever applies has to be a member of the new owner, since Postgres 16 one that may SET ROLE to it, and {schema}"
        ));
    }
    let defaults = statement.starts_with("ALTER DEFAULT PRIVILEGES FOR ROLE");
    if defaults && *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Some("only a member of the role changes what its objects will carry".to_owned());
    }
    let compares = statement.contains("pg_temp.rls_") || statement.contains("TEMPORARY TABLE rls_");
    if compares && *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let needs = "whoever compares needs TEMPORARY on the database, for the server writes both sides in \
                     temporary objects that are rolled back, and USAGE on every schema that they name";
        return Some(needs.to_owned());
    }
    let extension = statement.starts_with("CREATE EXTENSION");
    let unavailable = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::UNDEFINED_FILE].contains(code);
    (extension && unavailable).then(|| {
        "this server does not have the extension; on a development database, \
         `--install-stand-in` puts a stand-in in its place"
            .to_owned()
    })
}

/// tokio-postgres says "error connecting to server" and keeps the reason for itself.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(code) = &self.code {
            write!(f, " (SQLSTATE {code})")?;
        }
        if let Some(place) = &self.place {
            write!(f, "\nat {place}")?;
        }
        write!(f, "\nin: {}", self.statement)?;
        for (name, text) in [("detail", &self.detail), ("hint", &self.hint)] {
            if let Some(text) = text {
                write!(f, "\n{name}: {text}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
