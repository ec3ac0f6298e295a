//! Taking back the migration that was applied last, by what is written to undo it.

use tokio_postgres::Client;

use super::history::line_up;
use super::migrate::{Applied, agreed};
use super::migration::{Migration, skip_extensions};
use super::records::{self, Entry};
use super::run::run;
use super::{Error, Patience, lock};
use crate::plan::HazardKind;

/// Undoes the migration that was applied last, in one transaction with the history, which keeps what was
/// undone in a table of its own. `back` holds what undoes each migration, by its version. None where
/// nothing is applied. Another run is waited for, up to half a minute.
///
/// # Errors
/// Files and history do not fit, nothing is written to undo it, a hazard of that is not allowed, or a
/// statement fails; nothing is undone then.
pub async fn undo(
    client: &mut Client,
    migrations: &[Migration],
    back: &[Migration],
    allowed: &[HazardKind],
    patience: &Patience,
) -> Result<Option<Applied>, Error> {
    lock::held(client, async |client| {
        let (statuses, problems) = line_up(migrations, records::read(client).await?);
        if !problems.is_empty() {
            return Err(Error::Migrations(problems));
        }
        let Some(last) = statuses.iter().rfind(|one| one.record.is_some()) else {
            return Ok(None);
        };
        let Migration { version, name, sql: _ } = last.migration;
        if last.is_begun() {
            return Err(Error::HasNotEnded(last.migration.file()));
        }
        let Some(back) = back.iter().find(|back| back.version == *version) else {
            return Err(Error::NoWayBack(last.migration.file()));
        };
        agreed(std::iter::once(back), allowed)?;
        let mut script = back.script().map_err(Error::Migrations)?;
        let stand_in = records::prepare(client).await?;
        let skipped = if stand_in { skip_extensions(&mut script) } else { Vec::new() };
        let duration = run(client, back, &script, Entry::Undone(version), patience).await?;
        let (version, name) = (version.clone(), name.clone());
        Ok(Some(Applied { version, name, duration, skipped }))
    })
    .await
}
