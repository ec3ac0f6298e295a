//! What Postgres makes of SQL-standard bodies of functions, which it reads at once and does not keep as
//! they were written. Each becomes the body of a temporary function of the same name that takes and gives
//! the same, and is written back and read in until it stands still. Then all of it is rolled back.

use tokio_postgres::Transaction;

use super::canonical::{ROUNDS, UNCHECKED, is_about_an_expression};
use super::functions::numbered;
use super::{Error, Failure, PLAIN_TEXT, ask, begin, end};
use crate::diff::{Canonical, Pair, site};
use crate::model::{Argument, Body, Function, Ident, QualifiedName, Returns, Schema, Sql};
use crate::render;

/// Asks about every body that both schemas have with different texts.
pub(super) async fn ask(
    transaction: &mut Transaction<'_>,
    schemas: Pair<&Schema>,
    canonical: &mut Canonical,
) -> Result<(), Error> {
    for (routine, next) in &schemas.next.functions {
        let Some(previous) = schemas.previous.functions.get(routine) else { continue };
        let (Body::Standard { standard: was }, Body::Standard { standard: is }) =
            (&previous.body, &next.body)
        else {
            continue;
        };
        if was == is {
            continue;
        }
        for body in [was, is] {
            if let Some(written) = written(transaction, next, body).await? {
                canonical.insert(site(&next.name), body.clone(), written);
            }
        }
    }
    Ok(())
}

/// The text at which a body comes to rest, if Postgres can read it.
async fn written(
    transaction: &mut Transaction<'_>,
    function: &Function,
    body: &Sql,
) -> Result<Option<Sql>, Error> {
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, UNCHECKED).await?;
    let settled = settle(&savepoint, function, body).await;
    end(savepoint).await?;
    match settled {
        Err(Error::Database(failure)) if is_about_an_expression(&failure, 1) => Ok(None),
        settled => settled,
    }
}

async fn settle(
    transaction: &Transaction<'_>,
    function: &Function,
    body: &Sql,
) -> Result<Option<Sql>, Error> {
    let name = QualifiedName::new(Ident::literal("pg_temp"), function.name.name.clone());
    let without = |argument: &Argument| Argument { default: None, ..argument.clone() };
    let arguments = function.arguments.iter().map(without).collect();
    let temporary = Function { name, arguments, ..function.clone() };
    let kind = if function.returns == Returns::Procedure { "PROCEDURE" } else { "FUNCTION" };
    let routine = render::literal(&render::routine(&temporary.routine()));
    let read = format!("SELECT pg_get_function_sqlbody({routine}::regprocedure) AS body");
    let mut body = body.clone();
    if numbered(body.as_str(), &function.arguments).is_none() {
        return Ok(Some(body));
    }
    for round in 0..ROUNDS {
        let (name, signature) = (render::qualified(&temporary.name), render::signature(&temporary));
        let text = body.as_str();
        let create = format!("CREATE OR REPLACE {kind} {name}{signature} LANGUAGE sql {text}");
        let created = transaction.query_typed(&create, &[]).await;
        created.map_err(|error| Failure::of(&create, error))?;
        if round == 0 {
            // Texts are written for the user's path, and come back for none.
            ask::run(transaction, PLAIN_TEXT).await?;
        }
        let rows = ask::rows(transaction, &read, &[]).await?;
        let written = rows.first().map_or(Ok(""), |row| ask::get(row, "body"))?;
        match numbered(written, &function.arguments) {
            Some(readable) if readable == body.as_str() => return Ok(Some(body)),
            Some(readable) => body = Sql::new(readable),
            // Both sides come to rest here.
            None => return Ok(Some(Sql::new(written))),
        }
    }
    Ok(None)
}
