//! Partitioned tables on a real server, as an ordinary owner: what is applied is read back equal, every
//! change goes through both ways with rows in place, and nobody reads a partition past the policies of
//! its table.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod shapes;

use std::collections::BTreeMap;

use rls_core::Settings;
use rls_core::apply::{apply, compare};
use rls_core::model::*;
use support::owner::{converge, owned};
use support::*;
use tokio_postgres::Client;

fn name(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

fn value(text: &str) -> RangeEnd {
    RangeEnd::Value(Literal::Text(text.to_owned()))
}

fn number(digits: &str) -> RangeEnd {
    RangeEnd::Value(Literal::Number(digits.to_owned()))
}

fn range(from: &str, to: &str) -> PartitionBound {
    PartitionBound::Range { from: vec![value(from)], to: vec![value(to)] }
}

fn among(values: &[&str]) -> PartitionBound {
    let text = |value: &&str| Some(Literal::Text((*value).to_owned()));
    PartitionBound::List(values.iter().map(text).collect())
}

fn part(of: &str, bound: PartitionBound) -> Partition {
    Partition { name: name(of), bound, row_security: RowSecurity::Enabled, partitioning: None }
}

fn spread(
    strategy: PartitionStrategy,
    keys: Vec<IndexKey>,
    partitions: impl IntoIterator<Item = Partition>,
) -> Partitioning {
    let partitions = partitions.into_iter().map(|part| (part.name.clone(), part));
    let partitions: BTreeMap<_, _> = partitions.collect();
    Partitioning { strategy, keys, keep_undeclared: false, partitions }
}

fn key(column: &str) -> IndexKey {
    IndexKey::column(id(column))
}

fn expr(sql: &str) -> IndexKey {
    IndexKey { value: IndexValue::Expr(Expr::Sql(sql.to_owned())), ..key("x") }
}

/// Events of people, who read their own.
fn events(partitioning: Option<Partitioning>) -> Table {
    let mut events = table("events");
    events.columns = vec![
        column("id", "bigint"),
        column("day", "date"),
        column("at", "timestamptz"),
        column("region", "text"),
        column("owner", "text"),
        column("amount", "numeric(10,2)"),
    ];
    events.partitioning = partitioning;
    let own = Some("owner = current_setting('app.who', true)");
    events.policies.insert(id("own"), policy(Command::Select, &[role("reader")], own, None));
    events
}

fn by_day(partitions: impl IntoIterator<Item = Partition>) -> Partitioning {
    spread(PartitionStrategy::Range, vec![key("day")], partitions)
}

fn years() -> [Partition; 2] {
    [
        part("events_2024", range("2024-01-01", "2025-01-01")),
        part("events_2025", range("2025-01-01", "2026-01-01")),
    ]
}

const ROWS: &str = "INSERT INTO events VALUES
    (1, '2024-05-01', '2024-05-01', 'eu', 'ann', 1), (2, '2024-06-01', '2024-06-01', 'us', 'bob', 2),
    (3, '2025-05-01', '2025-05-01', 'eu', 'ann', 3)";

async fn with_rows(name: &str) -> (Database, Settings) {
    let settings = plain(&["reader"]);
    let mut client = owned(name).await;
    converge(&mut client, &schema([events(Some(by_day(years())))], &settings)).await;
    client.batch_execute(ROWS).await.unwrap();
    (client, settings)
}

/// What a reader gets to see, or the message that refuses.
async fn as_reader(client: &mut Client, from: &str) -> String {
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute("SET LOCAL app.who = 'ann'; SET LOCAL ROLE reader").await.unwrap();
    let query = format!("SELECT count(*)::text FROM {from}");
    let answer = match transaction.query_one(&query, &[]).await {
        Ok(row) => row.get(0),
        Err(error) => error.as_db_error().unwrap().message().to_owned(),
    };
    transaction.rollback().await.unwrap();
    answer
}

async fn refused(client: &mut Client, desired: &Schema) -> String {
    apply(client, desired, &[], &mut |_, _, _| {}).await.unwrap_err().to_string()
}

async fn notes(client: &mut Client, desired: &Schema) -> String {
    compare(client, desired).await.unwrap().live.notes.join("\n")
}
