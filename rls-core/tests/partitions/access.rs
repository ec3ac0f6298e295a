//! Who reads a partition by its own name, and what is done about it.

use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::{Grants, Settings};

use crate::support::owner::{converge, owned, text};
use crate::support::*;
use crate::{ROWS, as_reader, by_day, events, notes, part, range, refused, with_rows, years};

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
        assert!(plan.refused(&[]).all(|it| it.kind == HazardKind::NarrowsAccess), "{hole}");
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
    assert!(plan.refused(&[]).all(|it| it.kind == HazardKind::NarrowsAccess), "{}", plan.to_sql());
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
