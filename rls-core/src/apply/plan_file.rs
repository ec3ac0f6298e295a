//! A plan that is reviewed, kept, and carried out later: by whoever was allowed to, on the very state that
//! it was made for.
//!
//! What is in the file is never run as it stands. The plan is made again from what the file says is desired,
//! and has to come out the same, statement by statement: what was reviewed is what happens.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Comparison, Error};
use crate::diff::Change;
use crate::model::{Renames, Schema};
use crate::plan::{Batch, Plan};

const FORMAT: u32 = 1;

/// A plan as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    format: u32,
    /// The version that made it.
    made_by: String,
    /// The state that it was made for.
    fingerprint: String,
    /// Whether it was planned for a table that others read and write.
    pub online: bool,
    /// The steps.
    steps: Vec<PlannedStep>,
    /// Where it leads.
    desired: Schema,
    /// What was called otherwise, which no schema is written with.
    #[serde(default, skip_serializing_if = "Renames::is_empty")]
    renames: Renames,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedStep {
    statements: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hazards: Vec<PlannedHazard>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    outside_transaction: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedHazard {
    kind: String,
    message: String,
}

impl PlanFile {
    /// A plan for a database as it has been found.
    ///
    /// # Errors
    /// A schema that cannot be written as JSON, which no schema is.
    pub fn new(
        found: &Comparison,
        plan: &Plan,
        desired: &Schema,
        online: bool,
    ) -> Result<PlanFile, serde_json::Error> {
        Ok(PlanFile {
            format: FORMAT,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: fingerprint(found)?,
            online,
            steps: steps(plan),
            desired: desired.clone(),
            renames: desired.renames.clone(),
        })
    }

    /// Where it leads.
    pub fn desired(&self) -> Schema {
        Schema { renames: self.renames.clone(), ..self.desired.clone() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is no plan, or one of another format.
    pub fn read(text: &str) -> Result<PlanFile, String> {
        let file: PlanFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if file.format == FORMAT {
            Ok(file)
        } else {
            Err(format!("its format is {}, and this version reads format {FORMAT}", file.format))
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// A schema that cannot be written as JSON, which no schema is.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// That the database is as it was, and the plan the one that was reviewed.
    pub(super) fn check(&self, found: &Comparison) -> Result<(), Error> {
        let fingerprint =
            fingerprint(found).map_err(|error| Error::Malformed(error.to_string()))?;
        if fingerprint != self.fingerprint {
            return Err(Error::Moved(found.plan.clone()));
        }
        if steps(&found.plan) != self.steps {
            return Err(Error::PlannedOtherwise { made_by: self.made_by.clone() });
        }
        Ok(())
    }
}

fn steps(plan: &Plan) -> Vec<PlannedStep> {
    let steps = plan.steps.iter().map(|step| PlannedStep {
        statements: step.statements.clone(),
        hazards: step
            .hazards
            .iter()
            .map(|hazard| PlannedHazard {
                kind: hazard.kind.name().to_owned(),
                message: hazard.message.clone(),
            })
            .collect(),
        outside_transaction: step.batch == Batch::Behind,
    });
    steps.collect()
}

/// A hash of all that was read of a database. It was read by the names that are declared, so that the renames
/// that lead there belong to it.
fn fingerprint(found: &Comparison) -> Result<String, serde_json::Error> {
    let mut digest = Sha256::new_with_prefix(serde_json::to_string(&found.live.schema)?);
    let renames = found.plan.steps.iter().filter(|step| is_rename(&step.change));
    for statement in renames.flat_map(|step| &step.statements) {
        digest.update(statement);
    }
    Ok(super::hexadecimal(&digest.finalize()))
}

fn is_rename(change: &Change) -> bool {
    matches!(
        change,
        Change::RenameRole { .. }
            | Change::RenameTable { .. }
            | Change::RenameSequence { .. }
            | Change::RenameColumn(_)
            | Change::RenamePolicy(_)
            | Change::RenameValue { .. }
    )
}
