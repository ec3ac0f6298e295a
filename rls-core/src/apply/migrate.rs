//! Running the migrations that a database has not had.

use std::time::Duration;

use tokio_postgres::Client;

use super::history::line_up;
use super::migration::{Migration, skip_extensions};
use super::records::{self, Entry};
use super::run::run;
use super::script::Script;
use super::{Error, Patience, lock};
use crate::plan::{Hazard, HazardKind};

/// A migration that has just been applied, or undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// How long it took.
    pub duration: Duration,
    /// Statements that were left out because a stand-in takes the extension's place.
    pub skipped: Vec<String>,
}

/// Applies what is pending, each migration in a transaction of its own together with its entry in
/// the history, unless its first line says that it has none. Another run is waited for, up to half a
/// minute. `on_start` hears of each migration before it runs: which one, of how many, and itself.
///
/// # Errors
/// Everything that is wrong with files and history, and every hazard that is not allowed, before
/// anything runs; or the first statement that fails, when the migrations before it stay applied.
pub async fn migrate(
    client: &mut Client,
    migrations: &[Migration],
    allowed: &[HazardKind],
    patience: &Patience,
    on_start: &mut dyn FnMut(usize, usize, &Migration),
) -> Result<Vec<Applied>, Error> {
    lock::held(client, async |client| {
        let scripts = scripts(client, migrations).await?;
        agreed(scripts.iter().map(|(migration, _)| *migration), allowed)?;
        if scripts.is_empty() {
            return Ok(Vec::new());
        }
        let stand_in = records::prepare(client).await?;
        let total = scripts.len();
        let mut applied = Vec::new();
        for (at, (migration, mut script)) in scripts.into_iter().enumerate() {
            on_start(at + 1, total, migration);
            let skipped = if stand_in { skip_extensions(&mut script) } else { Vec::new() };
            let entry = Entry::Applied(migration);
            let duration = run(client, migration, &script, entry, patience).await?;
            let Migration { version, name, sql: _ } = migration.clone();
            applied.push(Applied { version, name, duration, skipped });
        }
        Ok(applied)
    })
    .await
}

/// What is pending, or all that is wrong.
async fn scripts<'a>(
    client: &Client,
    migrations: &'a [Migration],
) -> Result<Vec<(&'a Migration, Script)>, Error> {
    let (statuses, mut problems) = line_up(migrations, records::read(client).await?);
    let mut scripts = Vec::new();
    for one in statuses.into_iter().filter(|one| one.applied().is_none()) {
        match one.migration.script() {
            Ok(script) => scripts.push((one.migration, script)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(scripts) } else { Err(Error::Migrations(problems)) }
}

/// That every hazard is allowed which the migrations state.
pub(super) fn agreed<'a>(
    migrations: impl Iterator<Item = &'a Migration>,
    allowed: &[HazardKind],
) -> Result<(), Error> {
    let is_refused = |hazard: &Hazard| !allowed.contains(&hazard.kind);
    let hazards = migrations.flat_map(|migration| {
        let refused = migration.hazards().into_iter().filter(is_refused);
        refused.map(|hazard| (migration.file(), hazard))
    });
    let refused: Vec<_> = hazards.collect();
    if refused.is_empty() { Ok(()) } else { Err(Error::RefusedMigrations(refused)) }
}
