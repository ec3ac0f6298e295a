//! Statements that keep nobody waiting, and indexes that a run which did not end has left.
//!
//! Source: Postgres manual, `CREATE INDEX` ("Building Indexes Concurrently"), `ALTER TABLE` (`VALIDATE
//! CONSTRAINT`).

use std::ops::Range;

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::lex::{self, Token, TokenKind};

/// Whether a statement locks so weakly that whoever reads or writes goes on, however long it waits itself.
pub(super) fn keeps_nobody_waiting(statement: &str) -> bool {
    let tokens = tokens(statement);
    let word = |token: &Token| token.kind.word().map(str::to_owned);
    let words: Vec<_> = tokens.iter().filter_map(word).collect();
    let validates = matches!(words.as_slice(), [alter, table, ..] if alter == "alter" && table == "table")
        && tokens.iter().all(|token| token.kind != TokenKind::Punctuation(','))
        && tokens.iter().rev().skip(1).take(2).filter_map(word).eq(["constraint", "validate"]);
    validates || words.iter().any(|word| word == "concurrently")
}

/// Makes way for an index that a statement is about to build: one of that name on that table that is not
/// valid is what a build that failed has left, and goes. Tells whether one that is valid is in the way.
pub(super) async fn make_way(
    client: &Client,
    statement: &str,
) -> Result<bool, tokio_postgres::Error> {
    let Some(Built { name, table, unless_there }) = built(statement) else { return Ok(false) };
    // A name that is too long is cut off, as Postgres does it.
    const FIND: &str = "SELECT indisvalid, indexrelid::pg_catalog.regclass::text AS index
FROM pg_catalog.pg_index JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
WHERE relname = $1::pg_catalog.name AND indrelid = pg_catalog.to_regclass($2)";
    let table = &statement[table];
    let found = client.query_typed(FIND, &[(&name, Type::TEXT), (&table, Type::TEXT)]).await?;
    let Some(found) = found.first() else { return Ok(false) };
    if found.try_get("indisvalid")? {
        return Ok(!unless_there);
    }
    let index: String = found.try_get("index")?;
    client.batch_execute(&format!("DROP INDEX CONCURRENTLY {index}")).await?;
    Ok(false)
}

/// What `CREATE INDEX CONCURRENTLY` is about.
#[derive(Debug, PartialEq, Eq)]
struct Built {
    name: String,
    /// Where in the statement the table stands.
    table: Range<usize>,
    /// Whether it says that an index of that name is good enough, whatever it is.
    unless_there: bool,
}

fn built(statement: &str) -> Option<Built> {
    let tokens = tokens(statement);
    let rest = after(&tokens, "create")?;
    let rest = after(rest, "unique").unwrap_or(rest);
    let rest = after(after(rest, "index")?, "concurrently")?;
    let unless_there =
        ["if", "not", "exists"].iter().try_fold(rest, |rest, word| after(rest, word));
    let (name, rest) = unless_there.unwrap_or(rest).split_first()?;
    let unless_there = unless_there.is_some();
    let rest = after(rest, "on")?;
    let rest = after(rest, "only").unwrap_or(rest);
    let table = match rest {
        [schema, dot, table, ..] if dot.kind == TokenKind::Punctuation('.') => {
            schema.range.start..table.range.end
        }
        [table, ..] => table.range.clone(),
        [] => return None,
    };
    Some(Built { name: name.kind.name()?.to_owned(), table, unless_there })
}

/// What follows a key word.
fn after<'a>(tokens: &'a [Token], word: &str) -> Option<&'a [Token]> {
    let (first, rest) = tokens.split_first()?;
    (first.kind.word() == Some(word)).then_some(rest)
}

fn tokens(statement: &str) -> Vec<Token> {
    let tokens = lex::tokens(statement).unwrap_or_default();
    tokens.into_iter().filter(|token| token.kind != TokenKind::Comment).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use super::{built, keeps_nobody_waiting};

    #[test]
    fn an_index_is_known_by_its_name_and_table() {
        let found = |statement: &str| {
            built(statement).map(|built| (built.name, statement[built.table].to_owned()))
        };
        let is = |name: &str, table: &str| Some((name.to_owned(), table.to_owned()));
        assert_eq!(found("CREATE INDEX CONCURRENTLY a ON t (b)"), is("a", "t"));
        assert_eq!(
            found("/* x */ create unique index concurrently \"A b\" on only s.\"T\" (b)"),
            is("A b", "s.\"T\"")
        );
        assert_eq!(
            found("CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON t USING gin (b)"),
            is("a", "t")
        );
        assert_eq!(found("CREATE INDEX CONCURRENTLY ON t (b)"), None);
        assert_eq!(found("CREATE INDEX a ON t (b)"), None);
        assert_eq!(found("DROP INDEX CONCURRENTLY a"), None);
    }

    #[test]
    fn what_waits_without_keeping_others_waiting() {
        assert!(keeps_nobody_waiting("CREATE INDEX CONCURRENTLY a ON t (b)"));
        assert!(keeps_nobody_waiting("ALTER TABLE s.t VALIDATE CONSTRAINT \"a\" -- as it is"));
        assert!(!keeps_nobody_waiting("ALTER TABLE t ADD COLUMN a int, VALIDATE CONSTRAINT a"));
        assert!(!keeps_nobody_waiting("ALTER TABLE t RENAME COLUMN validate TO \"constraint\""));
        assert!(!keeps_nobody_waiting("UPDATE t SET a = 'CONCURRENTLY'"));
    }
}
