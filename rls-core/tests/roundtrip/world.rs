//! A database of an ordinary owner, emptied between cases.

use rls_core::apply::{apply, compare};
use rls_core::catalog::{canonical, introspect};
use rls_core::diff::{Canonical, Change, Pair, diff};
use rls_core::model::{IndexKey, IndexValue, Schema, Sql};
use rls_core::plan::{HazardKind, Origin, plan};
use tokio_postgres::{Client, Transaction};

use super::maker::ROLES;
use super::support::owner::owned;
use super::support::{Database, create_role};

pub struct World {
    /// Where one state follows the other.
    pub used: Database,
    pub version: u32,
}

impl World {
    pub async fn new(name: &str) -> World {
        let used = owned(&format!("{name}_used")).await;
        used.batch_execute("RESET ROLE").await.unwrap();
        for role in ROLES {
            create_role(&used, role).await;
        }
        let version = used.query_one("SHOW server_version_num", &[]).await.unwrap();
        let version: u32 = version.get::<_, &str>(0).parse().unwrap();
        World { used, version: version / 10_000 }
    }
}

/// Takes everything out of a database, and leaves it to its owner.
pub async fn empty(client: &Client) {
    let owner =
        "(SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())";
    let statement = format!(
        "DO $do$ DECLARE owner text := {owner}; BEGIN
            EXECUTE format('RESET ROLE');
            EXECUTE format('DROP OWNED BY %I CASCADE', owner);
            EXECUTE format('CREATE SCHEMA public AUTHORIZATION %I', owner);
            EXECUTE 'GRANT USAGE ON SCHEMA public TO PUBLIC';
            EXECUTE format('GRANT ALL ON DATABASE %I TO %I', current_database(), owner);
            EXECUTE format('SET ROLE %I', owner);
        END $do$"
    );
    client.batch_execute("RESET ROLE").await.unwrap();
    client.batch_execute(&statement).await.unwrap();
}

/// Makes a database what is desired, and reads it back: both ways round nothing is left.
pub async fn reach(client: &mut Client, desired: &Schema) -> Result<(), String> {
    let done = apply(client, desired, &HazardKind::ALL, &mut |_, _, _| {}).await;
    done.map_err(|error| format!("applying: {error}"))?;
    read_back(client, desired).await
}

/// From a snapshot, as a migration does it.
pub async fn migrate(client: &mut Client, from: &Schema, to: &Schema) -> Result<(), String> {
    let schemas = Pair { previous: from, next: to };
    let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
    let transaction = client.transaction().await.unwrap();
    for statement in plan.steps.iter().flat_map(|step| &step.statements) {
        let done = transaction.batch_execute(statement).await;
        done.map_err(|error| {
            format!("migrating: {}\nin: {statement}\nof:\n{}", said(&error), plan.to_sql())
        })?;
    }
    transaction.commit().await.map_err(|error| format!("committing: {}", said(&error)))?;
    read_back(client, to).await
}

pub fn said(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |said| format!("{} ({})", said.message(), said.code().code()),
    )
}

async fn read_back(client: &mut Client, desired: &Schema) -> Result<(), String> {
    let left = compare(client, desired).await.map_err(|error| format!("comparing: {error}"))?;
    if !left.plan.is_empty() {
        return Err(format!("a second apply would still do:\n{}", left.plan.to_sql()));
    }
    let mut transaction = client.transaction().await.unwrap();
    let back = backwards(&mut transaction, desired).await;
    transaction.rollback().await.unwrap();
    back
}

async fn backwards(transaction: &mut Transaction<'_>, desired: &Schema) -> Result<(), String> {
    let live = introspect(transaction, desired).await.map_err(|error| error.to_string())?;
    let live = unsaid(live.schema, desired);
    let canonical = canonical(transaction, Pair { previous: &live, next: desired }).await;
    let canonical = canonical.map_err(|error| error.to_string())?;
    let mut back = diff(Pair { previous: desired, next: &live }, &canonical);
    // Postgres holds for proven what a new table begins with, and more than was asked for is no fault.
    back.retain(|change| !matches!(change, Change::ValidateConstraint(_)));
    if back.is_empty() {
        Ok(())
    } else {
        Err(format!("what was read is more than what was asked for: {back:#?}"))
    }
}

/// What was read, without collations that expressions have brought along: those are told as if they had
/// been said.
fn unsaid(mut live: Schema, desired: &Schema) -> Schema {
    let unsaid = |key: &mut IndexKey<Sql>, said: &IndexKey<Sql>| {
        if let (IndexValue::Expr(_), None) = (&said.value, &said.collation) {
            key.collation = None;
        }
    };
    for table in live.tables.values_mut() {
        let Some(said) = desired.tables.get(&table.name) else { continue };
        for (name, index) in &mut table.indexes {
            let said = said.indexes.get(name).into_iter().flat_map(|it| &it.keys);
            index.keys.iter_mut().zip(said).for_each(|(key, said)| unsaid(key, said));
        }
        for (name, exclusion) in &mut table.exclusions {
            let said = said.exclusions.get(name).into_iter().flat_map(|it| &it.elements);
            let both = exclusion.elements.iter_mut().zip(said);
            both.for_each(|(element, said)| unsaid(&mut element.key, &said.key));
        }
    }
    live
}
