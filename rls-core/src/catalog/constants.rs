//! What constants are as values of a type: `'2024'` and `2024.00` may be one, and only the server knows.
//!
//! Unlike expressions they can be evaluated, for nothing of anybody's is called: all of a run in one
//! query, in a savepoint that is rolled back.

use tokio_postgres::Transaction;

use super::canonical::is_about_an_expression;
use super::{Error, PLAIN_TEXT, ask, begin, end};
use crate::diff::{Canonical, Doubt, Pair, Site, doubts};
use crate::model::{Literal, PgType, Schema, Sql};
use crate::render;

/// A constant, and the predicate that it decides about.
struct Constant {
    site: Site,
    predicate: Sql,
    value: Literal,
    ty: PgType,
}

/// Asks about every constant of both schemas that is in doubt. One that is no value of its type has no
/// answer: it counts as different.
pub(super) async fn add(
    transaction: &mut Transaction<'_>,
    schemas: Pair<&Schema>,
    canonical: &mut Canonical,
) -> Result<(), Error> {
    let mut constants = Vec::new();
    for (name, next) in &schemas.next.tables {
        let Some(previous) = schemas.previous.tables.get(name) else { continue };
        for doubt in doubts(Pair { previous, next }) {
            if let Doubt::Constant(predicate, value, ty) = doubt {
                let site = Site { table: name.clone(), default_of: None };
                constants.push(Constant { site, predicate, value, ty });
            }
        }
    }
    let answers = ask::each(transaction, &constants, values).await?;
    for (Constant { site, predicate, value: _, ty: _ }, value) in constants.iter().zip(answers) {
        let Some(value) = value else { continue };
        canonical.insert(site.clone(), predicate.clone(), Sql::new(value));
    }
    Ok(())
}

/// The values as text, or nothing where one of them is none.
async fn values(
    transaction: &mut Transaction<'_>,
    batch: &[Constant],
) -> Result<Option<Vec<String>>, Error> {
    let text = |Constant { site: _, predicate: _, value, ty }: &Constant| {
        format!("CAST(CAST({} AS {ty}) AS text)", render::constant_text(value))
    };
    let texts: Vec<_> = batch.iter().map(text).collect();
    let query = format!("SELECT ARRAY[{}] AS answers", texts.join(", "));
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, PLAIN_TEXT).await?;
    let answered = ask::rows(&savepoint, &query, &[]).await;
    end(savepoint).await?;
    match answered {
        Ok(rows) => {
            let answers = rows.first().map(|row| ask::get::<Vec<String>>(row, "answers"));
            Ok(Some(answers.transpose()?.unwrap_or_default()))
        }
        Err(Error::Database(failure)) if is_about_an_expression(&failure, batch.len()) => Ok(None),
        Err(error) => Err(error),
    }
}
