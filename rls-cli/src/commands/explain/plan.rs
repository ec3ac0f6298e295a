//! The plan that a database chooses under the policies that it holds now.

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::account::Statement;
use crate::args::ExplainArgs;
use crate::caller::Caller;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::output::{BOLD, RED, styled};
use crate::project::Project;

/// Of whom nothing is known but that nobody has this number.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// What a database answered.
pub(super) struct Planned {
    plans: Vec<Plan>,
    pub(super) notes: Vec<String>,
}

struct Plan {
    role: String,
    sql: String,
    /// The lines of the plan, or why there is none.
    lines: std::result::Result<Vec<String>, String>,
}

pub(super) async fn run(
    project: &Project,
    args: &ExplainArgs,
    statements: &[Statement],
) -> Result<Planned> {
    let made_up = args.claims.is_none().then_some(NOBODY);
    let sub = args.sub.as_deref().or(made_up);
    let callers: Vec<_> = statements
        .iter()
        .map(|statement| Caller::new(statement.role.clone(), sub, args.claims.as_deref()))
        .collect::<Result<_>>()?;
    let mut database = Database::open(&args.database, project).await?;
    let plans = plans(&mut database.client, statements, &callers).await;
    let notes = database.notes.clone();
    database.close().await?;
    Ok(Planned { plans: plans?, notes })
}

async fn plans(
    client: &mut Client,
    statements: &[Statement],
    callers: &[Caller],
) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    for (Statement { role, sql }, caller) in statements.iter().zip(callers) {
        let transaction = client.transaction().await?;
        caller.enter(&transaction).await?;
        // What the server refuses is as much an answer.
        let explained = transaction.query(&format!("EXPLAIN (COSTS OFF) {sql}"), &[]).await;
        let lines = match explained {
            Ok(rows) => {
                rows.iter().map(|row| row.try_get(0)).collect::<std::result::Result<_, _>>()
            }
            Err(error) => Err(error),
        };
        transaction.rollback().await?;
        let refused = |error: tokio_postgres::Error| match error.as_db_error() {
            Some(database) => Ok(database.message().to_owned()),
            None => Err(Error::from(error)),
        };
        let lines = match lines {
            Ok(lines) => Ok(lines),
            Err(error) => Err(refused(error)?),
        };
        plans.push(Plan { role: role.to_string(), sql: sql.clone(), lines });
    }
    Ok(plans)
}

impl Planned {
    pub(super) fn text(&self) -> String {
        let plan = |Plan { role, sql, lines }: &Plan| {
            let body: String = match lines {
                Ok(lines) => lines.iter().map(|line| format!("  {line}\n")).collect(),
                Err(message) => {
                    let hint = "`cargo rls apply` puts what is declared into the database";
                    format!("  {} {message} ({hint})\n", styled(RED, "refused:"))
                }
            };
            format!("\n{} as {role}\n{body}", styled(BOLD, sql))
        };
        self.plans.iter().map(plan).collect()
    }

    pub(super) fn json(&self) -> Value {
        let plan = |Plan { role, sql, lines }: &Plan| {
            json!({
                "role": role,
                "statement": sql,
                "plan": lines.as_ref().ok(),
                "refused": lines.as_ref().err(),
            })
        };
        self.plans.iter().map(plan).collect()
    }
}
