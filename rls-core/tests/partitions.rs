//! Partitioned tables on a real server, as an ordinary owner: what is applied is read back equal, every
//! change goes through both ways with rows in place, and nobody reads a partition past the policies of
//! its table.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeMap;

use rls_core::apply::{apply, compare};
use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::{Grants, Settings};
use support::owner::{converge, owned, text};
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

#[tokio::test]
async fn what_is_applied_is_read_back_equal() {
    let settings = plain(&["reader"]);
    let mut client = owned("part_equal").await;
    let ends = |from: Vec<RangeEnd>, to: Vec<RangeEnd>| PartitionBound::Range { from, to };
    let hash = |remainder| PartitionBound::Hash { modulus: 3, remainder };
    let list = PartitionBound::List(vec![None, Some(Literal::Text("it's".to_owned()))]);
    let classed = |key: IndexKey, name: &str| {
        let name = QualifiedName::new(id("pg_catalog"), id(name));
        IndexKey {
            operator_class: Some(OperatorClass { name, parameters: BTreeMap::new() }),
            ..key
        }
    };
    let collation = Some(QualifiedName::new(id("pg_catalog"), id("C")));
    let inner = spread(
        PartitionStrategy::List,
        vec![key("region")],
        [
            part("events_2024_eu", among(&["eu", "uk"])),
            part("events_2024_rest", PartitionBound::Default),
        ],
    );
    let nested = Partition { partitioning: Some(inner), ..years()[0].clone() };
    for partitioning in [
        by_day([]),
        by_day(years()),
        by_day([part("events_rest", PartitionBound::Default), years()[1].clone(), nested]),
        spread(
            PartitionStrategy::Range,
            vec![key("at")],
            [part("events_2024", range("2024-01-01", "2024-02-01 12:00"))],
        ),
        spread(
            PartitionStrategy::Range,
            vec![key("id"), key("region")],
            [
                part(
                    "events_low",
                    ends(
                        vec![RangeEnd::MinValue, RangeEnd::MinValue],
                        vec![number("-5"), value("b")],
                    ),
                ),
                part(
                    "events_high",
                    ends(vec![number("7"), value("b")], vec![number("9"), RangeEnd::MaxValue]),
                ),
            ],
        ),
        spread(
            PartitionStrategy::Range,
            vec![key("amount")],
            [part("events_cheap", ends(vec![number("0")], vec![number("9.50")]))],
        ),
        spread(PartitionStrategy::List, vec![key("region")], [part("events_other", list)]),
        spread(
            PartitionStrategy::List,
            vec![expr("lower(region)")],
            [part("events_eu", among(&["eu"]))],
        ),
        spread(
            PartitionStrategy::Range,
            vec![expr("date_part('year', day)"), expr("coalesce(region, 'a, b')"), key("id")],
            [part(
                "events_2024",
                ends(
                    vec![number("2024"), value("a"), RangeEnd::MinValue],
                    vec![number("2025"), value("a"), RangeEnd::MinValue],
                ),
            )],
        ),
        spread(
            PartitionStrategy::Hash,
            vec![key("id"), key("owner")],
            (0..3).map(|remainder| part(&format!("events_{remainder}"), hash(remainder))),
        ),
        spread(
            PartitionStrategy::Range,
            vec![expr("coalesce(id, 0)")],
            [part("events_low", ends(vec![RangeEnd::MinValue], vec![number("1")]))],
        ),
        spread(
            PartitionStrategy::Range,
            vec![classed(IndexKey { collation, ..key("region") }, "text_pattern_ops")],
            [part("events_a", range("a", "b"))],
        ),
    ] {
        let desired = schema([events(Some(partitioning))], &settings);
        converge(&mut client, &desired).await;
        let live = compare(&mut client, &desired).await.unwrap().live;
        let found = live.schema.tables[&name("events")].partitioning.clone().unwrap();
        let wanted = desired.tables[&name("events")].partitioning.clone().unwrap();
        assert_eq!(found.all().len(), wanted.all().len());
        assert!(live.undeclared.is_empty(), "{:?}", live.undeclared);
    }
}

#[tokio::test]
async fn partitions_come_and_go() {
    let (mut client, settings) = with_rows("part_come").await;
    let with = |partitions: Vec<Partition>| schema([events(Some(by_day(partitions)))], &settings);
    let mut more = years().to_vec();
    more.push(part("events_2026", range("2026-01-01", "2027-01-01")));
    more.push(part("events_rest", PartitionBound::Default));
    let plan = converge(&mut client, &with(more.clone())).await;
    assert_eq!(plan.refused(&[]).count(), 0, "{}", plan.to_sql());
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "3");

    // A partition that the declaration no longer has is as good as one that it never had.
    let message = refused(&mut client, &with(years().to_vec())).await;
    assert!(
        message.contains("public.events_2026 of public.events and all of its rows"),
        "{message}"
    );
    let data_alone = [HazardKind::LosesData];
    let left = apply(&mut client, &with(years().to_vec()), &data_alone, &mut |_, _, _| {}).await;
    assert!(left.unwrap_err().to_string().contains("is not declared and is dropped"));
    converge(&mut client, &with(years().to_vec())).await;
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "3");

    // Between two snapshots it was declared once, so that only its rows are at stake.
    let schemas = rls_core::diff::Pair { previous: &with(more), next: &with(years().to_vec()) };
    let canonical = rls_core::diff::Canonical::default();
    let plan = rls_core::plan::plan(schemas, &canonical, rls_core::plan::Origin::Snapshot);
    let kinds: Vec<_> = plan.refused(&[]).map(|hazard| hazard.kind).collect();
    assert_eq!(kinds, [HazardKind::LosesData, HazardKind::LosesData]);
}

#[tokio::test]
async fn what_a_partition_holds_changes_and_its_rows_stay() {
    let (mut client, settings) = with_rows("part_bound").await;
    let with = |partitions: Vec<Partition>| schema([events(Some(by_day(partitions)))], &settings);
    let wider = vec![
        part("events_2024", range("2023-01-01", "2025-01-01")),
        part("events_2025", range("2025-01-01", "2027-01-01")),
    ];
    // One shrinks so that another may grow, and a third one comes in between, with a new column.
    let shifted = vec![
        part("events_2024", range("2024-05-01", "2024-06-15")),
        part("events_between", range("2024-06-15", "2024-09-01")),
        part("events_2025", range("2024-09-01", "2026-01-01")),
    ];
    for state in [wider, shifted, years().to_vec()] {
        let mut desired = with(state);
        let plan = converge(&mut client, &desired).await;
        assert!(plan.to_sql().contains("DETACH PARTITION"), "{}", plan.to_sql());
        let table = desired.tables.get_mut(&name("events")).unwrap();
        table.columns.push(Column::new(id("extra"), PgType::parse("integer").unwrap()));
        converge(&mut client, &desired).await;
        assert_eq!(text(&client, "SELECT count(*) FROM events").await, "3");
    }
    // Rows that would be in no place: the server says so, and everything is as it was.
    let narrow =
        with(vec![part("events_2024", range("2024-01-01", "2024-05-15")), years()[1].clone()]);
    let error = apply(&mut client, &narrow, &HazardKind::ALL, &mut |_, _, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("is violated by some row"), "{error}");
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "3");

    // However a bound is spelt, it is the server's to say what it means.
    converge(&mut client, &with(years().to_vec())).await;
    let spelt = with(vec![
        part("events_2024", range("January 1, 2024", "20250101")),
        part("events_2025", range("2025-01-01", "2026-01-01")),
    ]);
    assert!(compare(&mut client, &spelt).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn rows_that_are_spread_in_another_way_need_a_new_table() {
    let (mut client, settings) = with_rows("part_anew").await;
    let by_region = spread(
        PartitionStrategy::List,
        vec![key("region")],
        [part("events_eu", among(&["eu"])), part("events_us", among(&["us"]))],
    );
    let retyped = |mut table: Table| {
        table.columns[1] = column("day", "timestamp");
        table
    };
    let bookmarks = || {
        // A key and a policy of another table, which lean on what is made anew.
        let mut bookmarks = table("bookmarks");
        bookmarks.columns =
            vec![column("event", "bigint"), column("region", "text"), column("day", "date")];
        let columns = || vec![id("event"), id("day"), id("region")];
        let target = vec![id("id"), id("day"), id("region")];
        let to_events = ForeignKey::new(columns(), name("events"), target);
        bookmarks.foreign_keys.insert(id("bookmarks_fkey"), to_events);
        let seen = Some("EXISTS (SELECT FROM public.events e WHERE e.id = event)");
        let policy = policy(Command::Select, &[role("reader")], seen, None);
        bookmarks.policies.insert(id("seen"), policy);
        bookmarks
    };
    let keyed = |mut table: Table| {
        let columns = vec![id("id"), id("day"), id("region")];
        table.uniques.insert(id("events_key"), Unique::new(columns));
        let serial = "nextval('public.events_id_seq'::regclass)";
        table.columns[0].default = Some(Expr::Sql(serial.to_owned()));
        table
    };
    let states = [
        keyed(events(Some(by_day(years())))),
        keyed(events(Some(by_region))),
        keyed(events(Some(spread(PartitionStrategy::Range, vec![key("id")], [])))),
        keyed(events(None)),
        keyed(events(Some(by_day(years())))),
    ];
    let desired = |table: &Table| {
        let sequence = Sequence {
            name: name("events_id_seq"),
            ty: PgType::parse("bigint").unwrap(),
            options: SequenceOptions::default().as_kept(&BaseType::BigInt),
            owner: Some(SequenceOwner { table: name("events"), column: id("id") }),
        };
        let events = DeclaredTable { sequences: vec![sequence], ..table.clone().into() };
        let tables = vec![events, bookmarks().into()];
        rls_core::resolve::resolve(tables, &settings).unwrap().schema
    };
    for (at, state) in states.iter().enumerate() {
        let desired = desired(state);
        if at > 0 {
            let message = refused(&mut client, &desired).await;
            assert!(message.contains("which cannot be altered"), "{message}");
        }
        converge(&mut client, &desired).await;
    }
    client.batch_execute(ROWS).await.unwrap();
    let mut other = schema([retyped(events(Some(by_day(years()))))], &settings);
    other.tables.get_mut(&name("events")).unwrap().policies.clear();
    let plain = schema([events(Some(by_day(years())))], &settings);
    client.batch_execute("DROP TABLE bookmarks").await.unwrap();
    converge(&mut client, &plain).await;
    let message = refused(&mut client, &other).await;
    assert!(message.contains("which cannot be altered"), "{message}");
    converge(&mut client, &other).await;
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "0");
}

#[tokio::test]
async fn a_partition_is_spread_in_another_way() {
    let (mut client, settings) = with_rows("part_inner").await;
    let [first, second] = years();
    let with = |inner: Option<Partitioning>| {
        let first = Partition { partitioning: inner, ..first.clone() };
        schema([events(Some(by_day([first, second.clone()])))], &settings)
    };
    let by_region = |regions: &[&str]| {
        let parts = regions.iter().map(|region| part(&format!("part_{region}"), among(&[region])));
        spread(PartitionStrategy::List, vec![key("region")], parts)
    };
    let by_id = spread(
        PartitionStrategy::Hash,
        vec![key("id")],
        [part("part_eu", PartitionBound::Hash { modulus: 1, remainder: 0 })],
    );
    for inner in [Some(by_region(&["eu", "us"])), Some(by_id), None] {
        let message = refused(&mut client, &with(inner.clone())).await;
        assert!(message.contains("its own rows are spread in another way"), "{message}");
        converge(&mut client, &with(inner)).await;
    }
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "1");
    converge(&mut client, &with(Some(by_region(&["eu", "us"])))).await;
    converge(&mut client, &with(Some(by_region(&["eu", "us", "asia"])))).await;
    converge(&mut client, &with(Some(by_region(&["eu", "asia"])))).await;
}

#[tokio::test]
async fn nobody_reads_a_partition_past_the_policies_of_its_table() {
    let (mut client, settings) = with_rows("part_access").await;
    let desired = schema([events(Some(by_day(years())))], &settings);
    assert_eq!(as_reader(&mut client, "events").await, "2");
    let denied = "permission denied for table events_2024";
    assert_eq!(as_reader(&mut client, "events_2024").await, denied);

    // Each way in is a difference, and is closed.
    for hole in [
        "GRANT SELECT ON events_2024 TO reader",
        "GRANT SELECT (id, owner) ON events_2024 TO reader WITH GRANT OPTION",
        "GRANT ALL ON events_2024 TO PUBLIC",
    ] {
        client.batch_execute(hole).await.unwrap();
        client.batch_execute("ALTER TABLE events_2024 DISABLE ROW LEVEL SECURITY").await.unwrap();
        let column =
            if hole.contains("(id") { "(SELECT id FROM events_2024) x" } else { "events_2024" };
        assert_eq!(as_reader(&mut client, column).await, "2", "{hole}");
        let plan = converge(&mut client, &desired).await;
        assert!(plan.to_sql().contains("REVOKE"), "{hole}: {}", plan.to_sql());
        assert_eq!(plan.refused(&[]).count(), 0, "{hole}");
        assert_eq!(as_reader(&mut client, column).await, denied, "{hole}");
    }
    // What is open to nobody yet has to be closed all the same.
    client.batch_execute("ALTER TABLE events_2025 DISABLE ROW LEVEL SECURITY").await.unwrap();
    let plan = converge(&mut client, &desired).await;
    assert_eq!(plan.to_sql(), "ALTER TABLE public.events_2025 ENABLE ROW LEVEL SECURITY;\n");

    // Default privileges reach a new partition for not even a moment.
    client
        .batch_execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader, PUBLIC")
        .await
        .unwrap();
    let mut more = years().to_vec();
    more.push(part("events_2026", range("2026-01-01", "2027-01-01")));
    let plan = converge(&mut client, &schema([events(Some(by_day(more)))], &settings)).await;
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(
        as_reader(&mut client, "events_2026").await,
        "permission denied for table events_2026"
    );
}

#[tokio::test]
async fn policies_and_grants_of_a_partitioned_table_are_compared() {
    let (mut client, settings) = with_rows("part_policies").await;
    let desired = schema([events(Some(by_day(years())))], &settings);
    for (drift, repair) in [
        ("ALTER POLICY own ON events USING (true)", "CREATE POLICY own"),
        ("DROP POLICY own ON events", "CREATE POLICY own"),
        ("ALTER TABLE events DISABLE ROW LEVEL SECURITY", "ENABLE ROW LEVEL SECURITY"),
        ("GRANT DELETE ON events TO reader", "REVOKE DELETE"),
        ("REVOKE SELECT ON events FROM reader", "GRANT SELECT"),
    ] {
        client.batch_execute(drift).await.unwrap();
        let plan = converge(&mut client, &desired).await;
        assert!(plan.to_sql().contains(repair), "{drift}: {}", plan.to_sql());
        assert_eq!(as_reader(&mut client, "events").await, "2", "{drift}");
    }
}

#[tokio::test]
async fn where_policies_bind_the_owner_they_do_at_partitions_too() {
    let (mut client, settings) = with_rows("part_forced").await;
    let forced = Settings { force: [id("public")].into(), ..settings.clone() };
    let desired = schema([events(Some(by_day(years())))], &forced);
    assert_eq!(text(&client, "SELECT count(*) FROM events_2024").await, "2");
    converge(&mut client, &desired).await;
    for table in ["events", "events_2024"] {
        assert_eq!(text(&client, &format!("SELECT count(*) FROM {table}")).await, "0", "{table}");
    }
    client.batch_execute("ALTER TABLE events_2024 NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let plan = converge(&mut client, &desired).await;
    assert_eq!(plan.to_sql(), "ALTER TABLE public.events_2024 FORCE ROW LEVEL SECURITY;\n");
}

#[tokio::test]
async fn partitions_that_somebody_else_makes() {
    let (mut client, settings) = with_rows("part_others").await;
    let declared = schema([events(Some(by_day(years())))], &settings);
    let keeping = Partitioning { keep_undeclared: true, ..by_day(years()) };
    let keeping = schema([events(Some(keeping))], &settings);
    client
        .batch_execute(
            "CREATE TABLE events_p2030 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')
                PARTITION BY LIST (region);
             CREATE TABLE events_p2030_eu PARTITION OF events_p2030 FOR VALUES IN ('eu');
             INSERT INTO events VALUES (9, '2030-05-05', '2030-05-05', 'eu', 'bob', 9);
             GRANT SELECT ON events_p2030, events_p2030_eu TO reader",
        )
        .await
        .unwrap();
    assert_eq!(as_reader(&mut client, "events_p2030_eu").await, "1");

    // Shown, and not dropped without leave.
    let message = refused(&mut client, &declared).await;
    assert!(message.contains("events_p2030 of public.events is not declared"), "{message}");
    assert!(message.contains("`keep_undeclared`"), "{message}");

    // Kept where the declaration says so, and closed as the table is.
    let plan = converge(&mut client, &keeping).await;
    assert_eq!(plan.refused(&[]).count(), 0, "{}", plan.to_sql());
    for table in ["events_p2030", "events_p2030_eu"] {
        let denied = format!("permission denied for table {table}");
        assert_eq!(as_reader(&mut client, table).await, denied);
        let secured = format!("SELECT relrowsecurity FROM pg_class WHERE relname = '{table}'");
        assert_eq!(text(&client, &secured).await, "true");
    }
    let notes = notes(&mut client, &keeping).await;
    assert!(notes.contains("which are kept, and closed as it is: public.events_p2030"), "{notes}");
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "4");

    converge(&mut client, &declared).await;
    assert_eq!(text(&client, "SELECT count(*) FROM events").await, "3");
}

#[tokio::test]
async fn privileges_on_all_tables_reach_partitions_and_row_security_closes_them() {
    let mut client = owned("part_blanket").await;
    let settings = Settings { grants: Grants::Schema, ..plain(&["reader"]) };
    let keeping = |partitions: Vec<Partition>| {
        let partitioning = Partitioning { keep_undeclared: true, ..by_day(partitions) };
        schema([events(Some(partitioning))], &settings)
    };
    converge(&mut client, &keeping(vec![years()[0].clone()])).await;
    converge(&mut client, &keeping(years().to_vec())).await;
    client.batch_execute(ROWS).await.unwrap();
    assert_eq!(as_reader(&mut client, "events").await, "2");
    assert_eq!(as_reader(&mut client, "events_2024").await, "0");

    let other = "CREATE TABLE events_p PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
        INSERT INTO events VALUES (9, '2030-05-05', '2030-05-05', 'eu', 'bob', 9)";
    client.batch_execute(other).await.unwrap();
    assert_eq!(as_reader(&mut client, "events_p").await, "1");
    converge(&mut client, &keeping(years().to_vec())).await;
    assert_eq!(as_reader(&mut client, "events_p").await, "0");
}

#[tokio::test]
async fn what_partitions_have_of_their_table_is_no_difference() {
    let (mut client, settings) = with_rows("part_inherited").await;
    let mut full = events(Some(by_day(years())));
    full.primary_key = Some(PrimaryKey::new(id("events_pkey"), vec![id("id"), id("day")]));
    full.uniques.insert(id("events_key"), Unique::new(vec![id("day"), id("region"), id("id")]));
    full.indexes.insert(id("events_owner_idx"), Index::btree(vec![id("owner")]));
    let partial = Index {
        unique: true,
        predicate: Some(Expr::Sql("amount > 0".to_owned())),
        ..Index::btree(vec![id("day"), id("id")])
    };
    full.indexes.insert(id("events_partial_idx"), partial);
    let positive =
        Check { expr: Expr::Sql("amount >= 0".to_owned()), no_inherit: false, not_valid: false };
    full.checks.insert(id("events_amount_check"), positive);
    full.columns[5].default = Some(Expr::Sql("0".to_owned()));
    let mut notes_of = table("notes");
    notes_of.columns = vec![column("event", "bigint"), column("day", "date")];
    let columns = || vec![id("event"), id("day")];
    let to_events = ForeignKey::new(columns(), name("events"), vec![id("id"), id("day")]);
    notes_of.foreign_keys.insert(id("notes_fkey"), to_events);
    full.foreign_keys.insert(
        id("events_parent_fkey"),
        ForeignKey::new(vec![id("id"), id("day")], name("events"), vec![id("id"), id("day")]),
    );
    let mut retyped = full.clone();
    retyped.columns[0] = column("id", "numeric");
    notes_of.columns[0] = column("event", "numeric");
    let mut notes_before = notes_of.clone();
    notes_before.columns[0] = column("event", "bigint");

    let bare = events(Some(by_day(years())));
    let mut unbound = notes_before.clone();
    unbound.foreign_keys.clear();
    let states = [
        vec![bare.clone(), unbound.clone()],
        vec![full.clone(), notes_before.clone()],
        vec![retyped, notes_of],
        vec![full.clone(), notes_before],
        vec![bare, unbound.clone()],
    ];
    for state in states {
        converge(&mut client, &schema(state, &settings)).await;
        assert_eq!(text(&client, "SELECT count(*) FROM events").await, "3");
    }
    // A partition that is taken off and put on again finds its indexes and keys.
    converge(&mut client, &schema([full.clone()], &settings)).await;
    let [mut first, second] = years();
    first.bound = range("2023-01-01", "2025-01-01");
    full.partitioning = Some(by_day([first, second]));
    converge(&mut client, &schema([full], &settings)).await;
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'events_2024'";
    assert_eq!(text(&client, indexes).await, "4");
}

#[tokio::test]
async fn what_a_partition_has_of_its_own_is_named() {
    let (mut client, settings) = with_rows("part_own").await;
    client
        .batch_execute(
            "CREATE POLICY mine ON events_2024 FOR SELECT TO reader USING (true);
             CREATE INDEX local_idx ON events_2024 (owner);
             ALTER TABLE events_2024 ADD CONSTRAINT local_check CHECK (amount > 0);
             CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent)",
        )
        .await
        .unwrap();
    let mut parent = table("parent");
    parent.columns = vec![Column { nullable: true, ..column("a", "integer") }];
    let desired = schema([events(Some(by_day(years()))), parent], &settings);
    converge(&mut client, &desired).await;
    let notes = notes(&mut client, &desired).await;
    for part in [
        "the policies mine",
        "the constraints local_check",
        "the indexes local_idx",
        "public.parent inherits, or others inherit from it",
    ] {
        assert!(notes.contains(part), "{part} is not in\n{notes}");
    }
    assert_eq!(
        as_reader(&mut client, "events_2024").await,
        "permission denied for table events_2024"
    );
}

/// Somebody who made a partition without row security, and privileges, has let nobody in.
#[tokio::test]
async fn a_partition_is_open_only_where_that_is_written() {
    let mut client = owned("open_partition").await;
    let open =
        |of: &str, bound| Partition { row_security: RowSecurity::Disabled, ..part(of, bound) };
    let years = |first: Partition| {
        let second = part("events_2025", range("2025-01-01", "2026-01-01"));
        schema([events(Some(by_day([first, second])))], &plain(&["reader"]))
    };
    let bound = || range("2024-01-01", "2025-01-01");
    let desired = years(open("events_2024", bound()));
    converge(&mut client, &desired).await;
    let enabled = "(SELECT string_agg(relname || relrowsecurity, ' ' ORDER BY relname) FROM pg_class WHERE relispartition AND relkind = 'r')";
    assert_eq!(text(&client, enabled).await, "events_2024false events_2025true");
    converge(&mut client, &years(part("events_2024", bound()))).await;
    assert_eq!(text(&client, enabled).await, "events_2024true events_2025true");
    // It only ever narrows.
    converge(&mut client, &desired).await;
    assert_eq!(text(&client, enabled).await, "events_2024true events_2025true");
}
