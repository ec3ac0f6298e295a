//! Defaults of arrays. What Postgres makes of `ARRAY[..]` depends on whether it stands in a cast or is put
//! into a column, and it keeps the latter: so these are asked as defaults of a temporary table, which is
//! rolled back like everything else that asks.

use tokio_postgres::Transaction;

use super::canonical::is_about_an_expression;
use super::{Error, Failure, PLAIN_TEXT, ask, begin, end};
use crate::diff::{Canonical, Pair, Site};
use crate::model::{Schema, Sql};

/// A default, and the column that it would be of.
struct Doubt {
    site: Site,
    source: Sql,
    column: String,
}

/// Asks about every default of an array that both schemas have with different texts.
pub(super) async fn ask_defaults(
    transaction: &mut Transaction<'_>,
    schemas: Pair<&Schema>,
    canonical: &mut Canonical,
) -> Result<(), Error> {
    let doubts = doubts(schemas);
    let answers = ask::each(transaction, &doubts, kept).await?;
    for (doubt, text) in doubts.iter().zip(answers) {
        let Some(text) = text else { continue };
        canonical.insert(doubt.site.clone(), doubt.source.clone(), Sql::new(text));
    }
    Ok(())
}

fn doubts(schemas: Pair<&Schema>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (name, next) in &schemas.next.tables {
        let Some(previous) = schemas.previous.tables.get(name) else { continue };
        for column in next.columns.iter().filter(|column| column.ty.array) {
            let was = previous.column(&column.name).and_then(|column| column.default.as_ref());
            let both = was.zip(column.default.as_ref()).filter(|(was, is)| was != is);
            for source in both.into_iter().flat_map(|(was, is)| [was, is]) {
                doubts.push(Doubt {
                    site: Site { table: name.clone(), default_of: Some(column.name.clone()) },
                    source: source.clone(),
                    column: format!("{} DEFAULT ({}\n)", column.ty, source.as_str()),
                });
            }
        }
    }
    doubts
}

/// What Postgres keeps of each, or nothing where one of them does not parse.
async fn kept(
    transaction: &mut Transaction<'_>,
    batch: &[Doubt],
) -> Result<Option<Vec<String>>, Error> {
    let columns = batch.iter().enumerate();
    let columns: Vec<_> = columns.map(|(at, doubt)| format!("c{at} {}", doubt.column)).collect();
    let create = format!("CREATE TEMPORARY TABLE rls_probe ({})", columns.join(", "));
    let savepoint = begin(transaction).await?;
    // Alone in its message: text that closes the list early is a syntax error.
    let texts = match savepoint.query_typed(&create, &[]).await {
        Ok(_) => {
            ask::run(&savepoint, PLAIN_TEXT).await?;
            let rows = ask::rows(&savepoint, READ, &[]).await?;
            let texts = rows.iter().map(|row| ask::get(row, "text"));
            Some(texts.collect::<Result<Vec<String>, _>>()?)
        }
        Err(error) => match Failure::of(&create, error) {
            failure if is_about_an_expression(&failure, batch.len()) => None,
            failure => return Err(failure.into()),
        },
    };
    end(savepoint).await?;
    Ok(texts.filter(|texts| texts.len() == batch.len()))
}

const READ: &str = "SELECT pg_get_expr(adbin, adrelid) AS text FROM pg_attrdef
WHERE adrelid = 'pg_temp.rls_probe'::regclass ORDER BY adnum";
