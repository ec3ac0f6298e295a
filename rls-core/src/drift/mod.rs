//! What somebody changed by hand: the differences of a plan in words, one finding for each, and
//! beside them what lets roles past every policy without being a difference. Nothing is changed.
//!
//! ```text
//! introspect ─▶ diff ─▶ plan ─▶ changes ──▶ Finding
//!        catalog::exposure ──▶ exposed ───▶ Finding
//! ```

#![warn(clippy::wildcard_enum_match_arm)]

mod changes;
mod exposed;
mod kind;
mod privileges;
mod rebuilt;
mod renamed;

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::apply::{self, Comparison};
use crate::catalog::exposure;
use crate::diff::Pair;
use crate::model::{QualifiedName, Schema};
use crate::resolve::Part;

pub use kind::{DriftKind, Thing, What};

/// One thing that a database has otherwise than declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing happened to what; its text is stable.
    pub kind: DriftKind,
    /// What it is about, as messages call it.
    pub object: String,
    /// The table, or what else stands in source by such a name, and the part of it.
    pub place: Option<(QualifiedName, Part)>,
    /// A sentence.
    pub message: String,
    /// What the database has, in SQL or in words; none where it has nothing.
    pub database: Option<String>,
    /// What is declared; none where nothing is.
    pub declared: Option<String>,
    /// Whether somebody may see or do more than is declared. Where that cannot be told, they may.
    pub widens: bool,
}

/// A database beside what was declared.
#[derive(Clone, Debug)]
pub struct Drift {
    /// What differs, those that widen access first.
    pub findings: Vec<Finding>,
    /// What the model cannot hold, as everywhere.
    pub notes: Vec<String>,
}

/// Looks for drift, and leaves nothing behind: the transaction is rolled back.
///
/// # Errors
/// The database does not answer or cannot be read.
pub async fn drift(client: &mut Client, desired: &Schema) -> Result<Drift, apply::Error> {
    let mut transaction = apply::snapshot(client).await?;
    let (Comparison { live, plan }, canonical) = apply::look(&mut transaction, desired).await?;
    let exposure = exposure(&mut transaction, desired).await?;
    apply::leave(transaction).await?;

    let schemas = Pair { previous: &live.schema, next: desired };
    let changes: Vec<_> = plan.steps.iter().map(|step| &step.change).collect();
    let mut findings = renamed::find(&changes);
    findings.extend(changes::find(&changes, schemas, &canonical));
    findings.extend(privileges::find(&changes, schemas));
    findings.extend(exposed::find(&live, &exposure));
    findings.sort_by_key(|finding| !finding.widens);
    Ok(Drift { findings, notes: live.notes })
}

/// How many findings there are of each kind, by its name.
pub fn counts(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.kind.to_string()).or_default() += 1;
    }
    counts
}
