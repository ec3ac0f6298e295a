//! Which of the two engines to use: what the caller prefers, what the environment says, what there is.

use std::env;

use crate::error::Error;

const VARIABLE: &str = "RLS_POSTGRES";

/// Which Postgres the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preference {
    /// Native binaries when found, else embedded; `RLS_POSTGRES=native` or `embedded` decides otherwise.
    #[default]
    Any,
    /// The Postgres binaries of this machine.
    Native,
    /// The Postgres inside this process.
    Embedded,
}

/// The engine that was settled on.
pub(crate) enum Choice {
    #[cfg(unix)]
    Native(crate::native::Binaries),
    #[cfg(feature = "embedded")]
    Embedded,
}

pub(crate) fn choose(preference: Preference) -> Result<Choice, Error> {
    match resolve(preference)? {
        Preference::Native => native()?.ok_or(Error::NoPostgres(
            "no Postgres binaries of version 14 or later were found on this machine. \
             Install Postgres, or set RLS_POSTGRES_BIN to the directory with initdb and postgres.",
        )),
        Preference::Embedded => embedded().ok_or(Error::NoPostgres(
            "this program was built without the embedded Postgres. \
             Build it with the feature \"embedded\", or install Postgres.",
        )),
        Preference::Any => native()?.or_else(embedded).ok_or(Error::NoPostgres(
            "no Postgres binaries of version 14 or later were found on this machine, and this \
             program was built without the embedded Postgres. Install Postgres, set RLS_POSTGRES_BIN \
             to the directory with initdb and postgres, or build with the feature \"embedded\".",
        )),
    }
}

/// The environment decides where the caller leaves it open.
fn resolve(preference: Preference) -> Result<Preference, Error> {
    let value = match env::var_os(VARIABLE) {
        Some(value) if preference == Preference::Any && !value.is_empty() => value,
        _ => return Ok(preference),
    };
    match value.to_str() {
        Some("any") => Ok(Preference::Any),
        Some("native") => Ok(Preference::Native),
        Some("embedded") => Ok(Preference::Embedded),
        _ => Err(Error::Setting {
            name: VARIABLE,
            value: value.to_string_lossy().into_owned(),
            expected: "any, native, embedded",
        }),
    }
}

#[cfg(unix)]
fn native() -> Result<Option<Choice>, Error> {
    Ok(crate::native::find()?.map(Choice::Native))
}

#[cfg(not(unix))]
fn native() -> Result<Option<Choice>, Error> {
    Ok(None)
}

#[cfg(feature = "embedded")]
fn embedded() -> Option<Choice> {
    Some(Choice::Embedded)
}

#[cfg(not(feature = "embedded"))]
fn embedded() -> Option<Choice> {
    None
}
