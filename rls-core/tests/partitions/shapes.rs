//! How rows are spread, there and back again, with rows in place; and what partitions have of their table.

use std::collections::BTreeMap;

use rls_core::apply::{apply, compare};
use rls_core::model::*;
use rls_core::plan::HazardKind;

use crate::support::owner::{converge, owned, text};
use crate::support::*;
use crate::{
    ROWS, among, as_reader, by_day, events, expr, key, name, notes, number, part, range, refused,
    spread, value, with_rows, years,
};

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
    let [collation, own] =
        ["C", "default"].map(|name| Some(QualifiedName::new(id("pg_catalog"), id(name))));
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
        // What its column has anyway.
        spread(
            PartitionStrategy::Range,
            vec![classed(IndexKey { collation: own, ..key("region") }, "text_ops")],
            [part("events_b", range("b", "c"))],
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

/// What is said of a table is said of each partition too, where it goes by another name.
#[tokio::test]
async fn conditions_may_name_the_table() {
    let (mut client, settings) = with_rows("part_named").await;
    let mut events = events(Some(by_day(years())));
    let expr = |sql: &str| Expr::Sql(sql.to_owned());
    let check = Check { expr: expr("events.id > 0"), no_inherit: false, not_valid: false };
    events.checks.insert(id("positive"), check);
    let twice = Generated { expr: expr("public.events.id * 2"), stored: true };
    events.columns.push(Column {
        generated: Some(twice),
        nullable: true,
        ..column("twice", "bigint")
    });
    converge(&mut client, &schema([events], &settings)).await;
}
