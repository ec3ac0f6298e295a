//! Putting a stand-in where a development database lacks its provider.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel, Row, Transaction};

use super::{Error, begin, lock};
use crate::catalog::Failure;
use crate::provider::{Provider, Settings};
use crate::render::{self, STAND_IN_MARK, stand_in_mark};

/// What became of installing a stand-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// It was not there and is now.
    Installed,
    /// It was there; roles that were missing are there too now.
    AlreadyThere,
    /// The real thing is there or can be, for the reason that is given; nothing was done.
    NotNeeded(String),
}

/// Installs a stand-in: roles that are missing, and the functions that policies call. Never for
/// production, and never over the real thing.
///
/// # Errors
/// There is a schema `auth` that is no stand-in, or the database does not let us.
pub async fn install_stand_in(client: &mut Client, settings: &Settings) -> Result<StandIn, Error> {
    let transaction = begin(client, IsolationLevel::ReadCommitted).await?;
    lock::until_commit(&transaction).await?;
    let extension = settings.provider.extension().unwrap_or_default();
    let row = transaction.query_typed_one(FOUND, &[(&extension, Type::TEXT)]).await;
    let found = row.and_then(Found::new).map_err(|error| Failure::of(FOUND, error))?;
    let done = match (settings.provider, found) {
        (_, Found { installed: true, .. }) => {
            return Ok(StandIn::NotNeeded(format!("the extension {extension} is installed")));
        }
        (_, Found { available: true, .. }) => {
            let reason =
                format!("this server has the extension {extension}, which a plan will create");
            return Ok(StandIn::NotNeeded(reason));
        }
        (Provider::Postgres, _) if settings.roles.is_empty() => {
            let reason = "plain Postgres brings nothing along, and no roles are listed".to_owned();
            return Ok(StandIn::NotNeeded(reason));
        }
        (Provider::Postgres, _) => {
            run(&transaction, &render::stand_in_roles(settings)).await?;
            StandIn::Installed
        }
        (Provider::Neon | Provider::Supabase, Found { mark: Some(mark), .. }) => {
            if mark != stand_in_mark(settings.provider) {
                let other = mark.strip_prefix(STAND_IN_MARK);
                return Err(
                    other.map_or(Error::RealProvider, |of| Error::OtherStandIn(of.to_owned()))
                );
            }
            run(&transaction, &render::stand_in_roles(settings)).await?;
            StandIn::AlreadyThere
        }
        (Provider::Neon | Provider::Supabase, Found { mark: None, .. }) => {
            run(&transaction, &render::stand_in(settings)).await?;
            StandIn::Installed
        }
    };
    transaction.commit().await.map_err(|error| Failure::of("COMMIT", error))?;
    Ok(done)
}

const FOUND: &str = "SELECT
    EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1) AS installed,
    EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = $1) AS available,
    (SELECT coalesce(pg_catalog.obj_description(oid, 'pg_namespace'), '')
        FROM pg_catalog.pg_namespace WHERE nspname = 'auth') AS mark";

/// What a stand-in could get in the way of.
struct Found {
    installed: bool,
    available: bool,
    /// The comment on the schema `auth`, where there is one.
    mark: Option<String>,
}

impl Found {
    fn new(row: Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Found {
            installed: row.try_get("installed")?,
            available: row.try_get("available")?,
            mark: row.try_get("mark")?,
        })
    }
}

async fn run(transaction: &Transaction<'_>, statements: &str) -> Result<(), Error> {
    let done = transaction.batch_execute(statements).await;
    Ok(done.map_err(|error| Failure::of(statements, error))?)
}
