//! What can go wrong, by whose fault: a person's, which a message must help to mend, or this
//! program's, which should be reported.

use rls_core::syntax::scan::SourceError;

/// A failed command.
#[derive(Debug)]
pub(crate) enum Error {
    /// Mistakes in declarations, all of them, with the text of the files for the snippets.
    Declaration(Vec<SourceError>, Sources),
    /// A check that found what must not be, with what it has to say.
    Check {
        text: String,
        json: serde_json::Value,
        /// Whether the text is a document for a program, and so goes where output goes.
        document: bool,
    },
    /// Something the user can mend.
    User(Message),
    /// Something that should not have happened.
    Internal(String),
}

pub(crate) type Sources = std::collections::BTreeMap<std::path::PathBuf, String>;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What went wrong and what to do.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Error {
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Error::User(Message { message: message.into(), hint: None })
    }

    pub(crate) fn hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::User(Message { message: message.into(), hint: Some(hint.into()) })
    }
}

impl From<rls_devdb::Error> for Error {
    fn from(error: rls_devdb::Error) -> Self {
        Error::user(chain(&error))
    }
}

impl From<rls_core::apply::Error> for Error {
    /// These say all of what their causes say.
    fn from(error: rls_core::apply::Error) -> Self {
        Error::user(error.to_string())
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(database) => Error::User(Message {
                message: format!("{} (SQLSTATE {})", database.message(), database.code().code()),
                hint: database.hint().or(database.detail()).map(str::to_owned),
            }),
            None => Error::user(chain(&error)),
        }
    }
}

/// An error with its causes, unless it names them already.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
