//! Everything that a declared table may have and the model cannot hold: each is told by name, none is
//! planned away. The list is that of CREATE TABLE and ALTER TABLE in the Postgres manual.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::compare;
use rls_core::model::*;
use support::owner::{converge, owned, text};
use support::*;

fn odd() -> Table {
    let mut odd = table("odd");
    odd.columns = vec![
        column("id", "bigint"),
        column("note", "text"),
        column("during", "int4range"),
        column("span", "int4range"),
    ];
    odd.indexes.insert(id("odd_id_idx"), Index { unique: true, ..Index::btree([id("id")]) });
    odd
}

/// What makes each of them, and what the note says.
const EVERYWHERE: &[(&str, &str)] = &[
    ("ALTER TABLE odd SET UNLOGGED", "UNLOGGED"),
    (
        "ALTER TABLE odd SET (fillfactor = 70, autovacuum_enabled = off)",
        "fillfactor=70, autovacuum_enabled=off",
    ),
    ("ALTER TABLE odd REPLICA IDENTITY FULL", "REPLICA IDENTITY FULL"),
    ("ALTER TABLE odd REPLICA IDENTITY NOTHING", "REPLICA IDENTITY NOTHING"),
    (
        "ALTER TABLE odd REPLICA IDENTITY USING INDEX odd_id_idx",
        "REPLICA IDENTITY USING INDEX odd_id_idx",
    ),
    ("ALTER TABLE odd CLUSTER ON odd_id_idx", "CLUSTER ON odd_id_idx"),
    ("ALTER TABLE odd ALTER note SET STORAGE EXTERNAL", "of note STORAGE EXTERNAL"),
    ("ALTER TABLE odd ALTER note SET COMPRESSION pglz", "COMPRESSION pglz"),
    ("ALTER TABLE odd ALTER id SET STATISTICS 500", "of id STATISTICS 500"),
    ("ALTER TABLE odd ALTER id SET (n_distinct = 9)", "n_distinct=9"),
    ("CREATE STATISTICS odd_stats ON id, note FROM odd", "the extended statistics odd_stats"),
    (
        "ALTER TABLE odd SET LOGGED; CREATE PUBLICATION \"Odd Pub\" FOR TABLE odd",
        "the publications \"Odd Pub\"",
    ),
    ("CREATE RULE odd_rule AS ON DELETE TO odd DO INSTEAD NOTHING", "rules"),
    ("CREATE TABLE heir () INHERITS (odd)", "others inherit from it"),
    (
        "CREATE INDEX odd_invalid ON odd (note); UPDATE pg_index SET indisvalid = false
            WHERE indexrelid = 'odd_invalid'::regclass",
        "the index \"odd_invalid\" on public.odd is left alone: it is not valid",
    ),
    ("UPDATE pg_class SET reltablespace = 1663 WHERE relname = 'odd'", "the tablespace pg_default"),
    (
        "INSERT INTO pg_seclabel VALUES ('odd'::regclass, 'pg_class'::regclass, 0, 'guard', 'it''s secret')",
        "the security labels guard 'it''s secret'",
    ),
];

const SINCE_18: &[(&str, &str)] = &[
    (
        "ALTER TABLE odd ADD CONSTRAINT odd_period UNIQUE (span, during WITHOUT OVERLAPS)",
        "WITHOUT OVERLAPS",
    ),
    ("ALTER TABLE odd ADD CONSTRAINT odd_check CHECK (id > 0) NOT ENFORCED", "NOT ENFORCED"),
    (
        "ALTER TABLE odd RENAME CONSTRAINT odd_note_not_null TO note_is_there",
        "NOT NULL of note called note_is_there",
    ),
    ("ALTER TABLE odd ALTER CONSTRAINT odd_id_not_null NO INHERIT", "NOT NULL of id NO INHERIT"),
    (
        "ALTER TABLE odd ALTER during DROP NOT NULL; ALTER TABLE odd ADD NOT NULL during NOT VALID",
        "NOT NULL of during NOT VALID",
    ),
];

#[tokio::test]
async fn each_is_named_and_left_alone() {
    let mut client = owned("unheld").await;
    let desired = schema([odd()], &plain(&["reader"]));
    let version: i32 =
        text(&client, "current_setting('server_version_num')").await.parse().unwrap();
    let since_18 = if version >= 180_000 { SINCE_18 } else { &[] };
    converge(&mut client, &desired).await;
    let before = compare(&mut client, &desired).await.unwrap().live.notes;
    assert!(before.is_empty(), "{before:?}");
    for (make, told) in EVERYWHERE.iter().chain(since_18) {
        // Some are a superuser's to make; all are an ordinary owner's to read.
        let owner = text(&client, "current_user").await;
        client.batch_execute("BEGIN; RESET ROLE").await.unwrap();
        client.batch_execute(make).await.unwrap_or_else(|error| panic!("{make}: {error:?}"));
        client.batch_execute(&format!("COMMIT; SET ROLE {owner}")).await.unwrap();
        let found = compare(&mut client, &desired).await.unwrap();
        let notes = found.live.notes.join("\n");
        assert!(notes.contains(told), "{told} is not in\n{notes}");
        assert!(found.plan.is_empty(), "{make}\n{}", found.plan.to_sql());
    }
}

#[tokio::test]
async fn a_table_of_a_type_stays_one() {
    let mut client = owned("unheld_typed").await;
    client
        .batch_execute("CREATE TYPE shape AS (id bigint, note text); CREATE TABLE typed OF shape")
        .await
        .unwrap();
    let mut typed = table("typed");
    let nullable = |column: Column| Column { nullable: true, ..column };
    typed.columns = vec![nullable(column("id", "bigint")), nullable(column("note", "text"))];
    let desired = schema([typed], &plain(&["reader"]));
    converge(&mut client, &desired).await;
    let notes = compare(&mut client, &desired).await.unwrap().live.notes.join("\n");
    assert!(notes.contains("the type public.shape"), "{notes}");
}
