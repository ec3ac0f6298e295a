//! How files and history do not fit, or why a file cannot run.

use std::fmt;

/// How files and history do not fit, or why a file cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Two files have one version.
    Twice {
        /// The version.
        version: String,
    },
    /// The text is not the one that was applied.
    Edited {
        /// The file.
        file: String,
    },
    /// It was applied and its file is gone.
    Missing {
        /// The file.
        file: String,
    },
    /// It is pending and an applied one comes after it.
    OutOfOrder {
        /// The file.
        file: String,
        /// The last one that was applied.
        last: String,
    },
    /// It holds a statement that would break its transaction.
    Refused {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The statement's key word.
        statement: String,
    },
    /// It ends in the middle of something.
    Unreadable {
        /// The file.
        file: String,
        /// The line where that begins.
        line: usize,
        /// What it is.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Twice { version } => write!(
                f,
                "two migrations have the version {version}: `cargo rls repair` gives one of them another"
            ),
            Problem::Edited { file } => write!(
                f,
                "migration {file} was edited after it was applied: restore it, and put the change into a new one"
            ),
            Problem::Missing { file } => {
                write!(f, "migration {file} was applied and its file is gone: restore it")
            }
            Problem::OutOfOrder { file, last } => write!(
                f,
                "migration {file} is pending and comes before {last}, which was applied: `cargo rls repair --later {file}` gives it a later version"
            ),
            Problem::Refused { file, line, statement } => write!(
                f,
                "migration {file}, line {line}: {statement} cannot stand in a migration, whose transactions are not its own to end"
            ),
            Problem::Unreadable { file, line, reason } => {
                write!(f, "migration {file}, line {line}: {reason}")
            }
        }
    }
}
