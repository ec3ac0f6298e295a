//! `sql`: the whole schema as SQL, for an empty database.

use rls_core::plan;
use serde_json::json;

use crate::error::Result;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(project: &Project) -> Result<Output> {
    let plan = plan::from_nothing(&project.schema()?);
    let statements: Vec<_> = plan.steps.iter().flat_map(|step| &step.statements).collect();
    Ok(Output { json: json!({ "statements": statements }), text: plan.to_sql(), difference: false })
}
