//! What Postgres makes of the queries of views, which it reads at once and does not keep as they were
//! written. Each becomes a temporary view, whose text is written back and read in until it stands still;
//! the columns that it then has are a part of what is compared. Then all of it is rolled back.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

use super::ask::get;
use super::canonical::{ROUNDS, is_about_an_expression};
use super::{Error, Failure, PLAIN_TEXT, ask, begin, end};
use crate::diff::{Canonical, Pair, Site, source, view_site};
use crate::model::{Schema, Sql};

/// What a view shows, as one of two states has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    site: Site,
    source: Sql,
}

/// What the server makes of it.
struct Answer {
    query: String,
    columns: Vec<String>,
}

/// Asks about every view that both schemas have with different texts.
pub(super) async fn ask(
    transaction: &mut Transaction<'_>,
    schemas: Pair<&Schema>,
    canonical: &mut Canonical,
) -> Result<(), Error> {
    let mut questions = BTreeSet::new();
    for (name, next) in &schemas.next.views {
        let Some(previous) = schemas.previous.views.get(name) else { continue };
        let both = [source(previous), source(next)];
        if both[0] != both[1] {
            questions.extend(both.map(|source| Question { site: view_site(next), source }));
        }
    }
    let questions: Vec<_> = questions.into_iter().collect();
    let answers = ask::each(transaction, &questions, answers).await?;
    for (Question { site, source }, answer) in questions.into_iter().zip(answers) {
        let Some(Answer { query, columns }) = answer else { continue };
        let text = Sql::new(format!("{query}\n{}", columns.join(", ")));
        canonical.insert(site.clone(), source.clone(), text);
        canonical.insert_columns(site, source, columns);
    }
    Ok(())
}

/// The answer to each question, or nothing where one of them does not parse.
async fn answers(
    transaction: &mut Transaction<'_>,
    batch: &[Question],
) -> Result<Option<Vec<Answer>>, Error> {
    let sources = batch.iter().map(|question| question.source.as_str().to_owned()).collect();
    let savepoint = begin(transaction).await?;
    let settled = settle(&savepoint, sources).await;
    end(savepoint).await?;
    match settled {
        Err(Error::Database(failure)) if is_about_an_expression(&failure, batch.len()) => Ok(None),
        settled => settled,
    }
}

async fn settle(
    transaction: &Transaction<'_>,
    mut sources: Vec<String>,
) -> Result<Option<Vec<Answer>>, Error> {
    for round in 0..ROUNDS {
        let name = |at: usize| format!("pg_temp.rls_view_{round}_{at}");
        let names: Vec<_> = (0..sources.len()).map(name).collect();
        let views = names.iter().zip(&sources);
        let create = |(name, source)| async move {
            let create = format!("CREATE VIEW {name}{source}");
            // Alone in its message: text that ends the query early is a syntax error.
            let created = transaction.query_typed(&create, &[]).await;
            created.map_err(|error| Error::from(Failure::of(&create, error)))
        };
        try_join_all(views.map(create)).await?;
        if round == 0 {
            // Texts are written for the user's path, and come back for none.
            ask::run(transaction, PLAIN_TEXT).await?;
        }
        let rows = transaction.query_typed(READ, &[(&names, Type::TEXT_ARRAY)]).await;
        let rows = rows.map_err(|error| Failure::of(READ, error))?;
        let mut answers = Vec::new();
        for row in &rows {
            let query = get::<&str>(row, "query")?.to_owned();
            answers.push(Answer { query, columns: get(row, "columns")? });
        }
        let written: Vec<_> =
            answers.iter().map(|answer| format!(" AS {}", answer.query)).collect();
        if written == sources {
            return Ok(Some(answers));
        }
        sources = written;
    }
    Ok(None)
}

const READ: &str = "
SELECT rtrim(pg_get_viewdef(c.oid), ';') AS query,
    ARRAY(SELECT format('%I %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS columns
FROM unnest($1::text[]) WITH ORDINALITY AS view (name, place) JOIN pg_class c ON c.oid = view.name::regclass
ORDER BY place";
