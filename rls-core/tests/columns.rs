//! Generated columns, numbered columns and defaults on a real server: what is applied is read back
//! equal, and every change goes through with rows in the table, both ways.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::compare;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use support::owner::{converge, owned, text};
use support::*;

fn generated(name: &str, ty: &str, expr: &str) -> Column {
    let expr = Expr::Sql(expr.to_owned());
    Column { generated: Some(Generated { expr, stored: true }), nullable: true, ..column(name, ty) }
}

fn items(columns: impl IntoIterator<Item = Column>) -> Table {
    let mut items = table("items");
    items.columns = vec![column("id", "bigint"), column("price", "integer")];
    items.columns.extend(columns);
    let read = policy(Command::Select, &[role("reader")], Some("price > 0"), None);
    items.policies.insert(id("seen"), read);
    items
}

#[tokio::test]
async fn a_generated_column_changes_its_expression_and_what_stands_on_it_stays() {
    let settings = plain(&["reader"]);
    let mut client = owned("col_generated").await;
    let with = |expr: &str| {
        let mut items = items([generated("total", "bigint", expr)]);
        items.indexes.insert(id("items_total_idx"), Index::btree(vec![id("total")]));
        items.uniques.insert(id("items_total_key"), Unique::new(vec![id("total"), id("id")]));
        let using = Some("total < 1000");
        let low = policy(Command::Select, &[role("reader")], using, None);
        items.policies.insert(id("low"), low);
        schema([items], &settings)
    };
    converge(&mut client, &schema([items([])], &settings)).await;
    client.batch_execute("INSERT INTO items VALUES (1, 5), (2, 6)").await.unwrap();

    converge(&mut client, &with("price * 2 + 1")).await;
    assert_eq!(text(&client, "SELECT string_agg(total::text, ',') FROM items").await, "11,13");

    // The same in other words is no difference.
    let same = compare(&mut client, &with("((price*2)) + 1")).await.unwrap();
    assert!(same.plan.is_empty(), "{}", same.plan.to_sql());

    let done = converge(&mut client, &with("price * 3")).await;
    assert_eq!(text(&client, "SELECT string_agg(total::text, ',') FROM items").await, "15,18");
    let loses = done.refused(&[]).filter(|it| it.kind == HazardKind::LosesData).collect::<Vec<_>>();
    assert!(loses.is_empty(), "it is computed again, and nothing is lost: {loses:?}");
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'items'";
    assert_eq!(text(&client, indexes).await, "2");

    converge(&mut client, &schema([items([])], &settings)).await;
}

#[tokio::test]
async fn a_generated_column_becomes_a_plain_one_and_keeps_its_values() {
    let settings = plain(&["reader"]);
    let mut client = owned("col_plain").await;
    let computed = schema([items([generated("total", "bigint", "price * 2")])], &settings);
    let plain = Column { nullable: true, ..column("total", "bigint") };
    let plain = schema([items([plain])], &settings);
    converge(&mut client, &computed).await;
    client.batch_execute("INSERT INTO items VALUES (1, 5)").await.unwrap();

    let done = converge(&mut client, &plain).await;
    assert_eq!(done.to_sql(), "ALTER TABLE public.items ALTER COLUMN total DROP EXPRESSION;\n");
    assert_eq!(text(&client, "SELECT total FROM items").await, "10");

    client.batch_execute("UPDATE items SET total = 7").await.unwrap();
    let back = compare(&mut client, &computed).await.unwrap().plan;
    let lost = back.refused(&[]).any(|hazard| hazard.kind == HazardKind::LosesData);
    assert!(lost, "values that were written are lost: {}", back.to_sql());
    converge(&mut client, &computed).await;
    assert_eq!(text(&client, "SELECT total FROM items").await, "10");
}

#[tokio::test]
async fn what_a_generated_column_reads_may_change_its_type_or_go() {
    let settings = plain(&["reader"]);
    let mut client = owned("col_reads").await;
    let total = generated("total", "bigint", "price * 2");
    converge(&mut client, &schema([items([total.clone()])], &settings)).await;
    client.batch_execute("INSERT INTO items VALUES (1, 5)").await.unwrap();

    let mut wider = items([total]);
    wider.columns[1] = column("price", "bigint");
    converge(&mut client, &schema([wider], &settings)).await;
    assert_eq!(text(&client, "SELECT total FROM items").await, "10");

    let mut without = items([generated("total", "bigint", "id + 1")]);
    without.columns.remove(1);
    without.policies.clear();
    converge(&mut client, &schema([without], &settings)).await;
    assert_eq!(text(&client, "SELECT total FROM items").await, "2");

    // And both at once, the computed one declared first.
    let mut both = items([]);
    both.columns = vec![
        column("id", "bigint"),
        generated("total", "bigint", "coalesce(price, 1)"),
        Column { nullable: true, ..column("price", "integer") },
    ];
    converge(&mut client, &schema([both], &settings)).await;
    assert_eq!(text(&client, "SELECT total FROM items").await, "1");
}

fn numbered(ty: &str, numbering: SequenceOptions) -> Schema {
    let mut items = table("items");
    let identity = Some(Identity::ByDefault);
    items.columns = vec![Column { identity, numbering, ..column("id", ty) }, column("n", "text")];
    schema([items], &plain(&["reader"]))
}

#[tokio::test]
async fn an_identity_column_counts_as_it_is_told() {
    let mut client = owned("col_identity").await;
    let usual = SequenceOptions::default();
    let tens =
        SequenceOptions { start: Some(100), increment: Some(10), cache: Some(5), ..usual.clone() };
    let insert = "INSERT INTO items (n) VALUES ('a'), ('b')";
    converge(&mut client, &numbered("integer", tens.clone())).await;
    client.batch_execute(insert).await.unwrap();
    assert_eq!(text(&client, "SELECT array_agg(id) FROM items").await, "{100,110}");

    converge(&mut client, &numbered("bigint", tens)).await;
    converge(&mut client, &numbered("bigint", usual.clone())).await;
    client.batch_execute(insert).await.unwrap();
    assert!(text(&client, "SELECT max(id) FROM items").await.parse::<i64>().unwrap() > 110);

    let down = SequenceOptions {
        increment: Some(-1),
        min: Some(-1000),
        max: Some(1_000_000),
        cycle: true,
        ..usual.clone()
    };
    converge(&mut client, &numbered("bigint", down)).await;
    converge(&mut client, &numbered("integer", usual.clone())).await;

    // What is as Postgres has it anyway is no difference.
    let said = SequenceOptions {
        start: Some(1),
        increment: Some(1),
        min: Some(1),
        max: Some(i64::from(i32::MAX)),
        cache: Some(1),
        cycle: false,
    };
    let same = compare(&mut client, &numbered("integer", said)).await.unwrap().plan;
    assert!(same.is_empty(), "{}", same.to_sql());
}

#[tokio::test]
async fn a_column_that_gets_an_identity_goes_on_after_its_rows() {
    let mut client = owned("col_goes_on").await;
    let mut plain_items = table("items");
    plain_items.columns = vec![column("id", "integer"), column("n", "text")];
    let without = schema([plain_items], &plain(&["reader"]));
    converge(&mut client, &without).await;
    let late = SequenceOptions { start: Some(50), min: Some(10), ..SequenceOptions::default() };
    converge(&mut client, &numbered("integer", late.clone())).await;
    client.batch_execute("INSERT INTO items (n) VALUES ('a')").await.unwrap();
    assert_eq!(text(&client, "SELECT max(id) FROM items").await, "50");

    converge(&mut client, &without).await;
    client.batch_execute("INSERT INTO items VALUES (77, 'b')").await.unwrap();
    converge(&mut client, &numbered("integer", late)).await;
    client.batch_execute("INSERT INTO items (n) VALUES ('c')").await.unwrap();
    assert_eq!(text(&client, "SELECT max(id) FROM items").await, "78");
}

#[tokio::test]
async fn every_kind_of_default_comes_back_as_it_was_said() {
    let mut client = owned("col_defaults").await;
    let mut all = table("items");
    let defaults = [
        ("integer", "-1"),
        ("numeric(10,2)", "-1.50"),
        ("bigint", "(1 + 2) * 3"),
        ("text", "'it''s'"),
        ("text", "E'two\\nlines'"),
        ("text", "'two\nlines; -- no comment'"),
        ("text", "lower('A') || 'b'"),
        ("varchar(5)", "'abc'"),
        ("text[]", "'{}'"),
        ("text[]", "ARRAY['a', 'b']"),
        ("integer[]", "'{1,2}'::integer[]"),
        ("jsonb", "'{\"a\": [1, 2]}'"),
        ("jsonb", "jsonb_build_object('a', 1)"),
        ("timestamptz", "now() + interval '1 day'"),
        ("timestamptz", "CURRENT_TIMESTAMP"),
        ("date", "current_date"),
        ("uuid", "gen_random_uuid()"),
        ("boolean", "NOT false"),
        ("text", "CASE WHEN current_user = 'x' THEN 'a' ELSE 'b' END"),
        ("text", "current_setting('a.b', true)"),
        ("text", "NULL"),
    ];
    let columns = defaults.iter().enumerate();
    all.columns = columns
        .map(|(at, (ty, default))| Column {
            nullable: true,
            ..with_default(&format!("c{at}"), ty, default)
        })
        .collect();
    let all = schema([all], &plain(&["reader"]));
    converge(&mut client, &all).await;
    client.batch_execute("INSERT INTO items DEFAULT VALUES").await.unwrap();
    converge(&mut client, &all).await;
}

#[tokio::test]
async fn a_column_changes_how_its_text_is_sorted() {
    let settings = plain(&["reader"]);
    let mut client = owned("col_collation").await;
    let with = |ty: &str, collation: Option<&str>| {
        let name = |name| QualifiedName::new(id("pg_catalog"), id(name));
        let label = Column { collation: collation.map(name), ..with_default("label", ty, "'x'") };
        let mut items = items([label, generated("long", "text", "label || '!'")]);
        items.indexes.insert(id("items_label_idx"), Index::btree(vec![id("label")]));
        let using = Some("label < 'z'");
        items.policies.insert(id("low"), policy(Command::Select, &[role("reader")], using, None));
        schema([items], &settings)
    };
    converge(&mut client, &with("text", None)).await;
    client.batch_execute("INSERT INTO items VALUES (1, 5, 'a'), (2, 6, 'B')").await.unwrap();
    converge(&mut client, &with("text", Some("C"))).await;
    assert_eq!(text(&client, "SELECT min(label) FROM items").await, "B");
    converge(&mut client, &with("varchar(9)", Some("POSIX"))).await;
    converge(&mut client, &with("text", None)).await;
}

/// Postgres keeps no NULL of the column's own type, and one that it may have to cut to a length.
#[tokio::test]
async fn a_default_that_is_null_is_read_back() {
    let mut client = owned("col_null").await;
    for (ty, default) in [
        ("text", "NULL"),
        ("text", "NULL::text"),
        ("bigint", "null::int8"),
        ("bigint", "NULL::integer"),
        ("varchar(40)", "NULL"),
        ("varchar", "NULL::text"),
    ] {
        let mut table = table("nulls");
        table.columns = vec![column("id", "bigint"), with_default("c", ty, default)];
        let desired = schema([table], &plain(&[]));
        converge(&mut client, &desired).await;
    }
}

/// What Postgres reads of a column as it was, it would go on reading so.
#[tokio::test]
async fn what_is_said_of_a_column_is_said_again_of_its_new_type() {
    let mut client = owned("col_said").await;
    let with = |ty: &str| {
        let mut table = table("said");
        table.columns = vec![column("n", ty), column("m", "integer")];
        let sql = |text: &str| Expr::Sql(text.to_owned());
        let check = Check { expr: sql("n NOT IN (4, 5)"), no_inherit: false, not_valid: false };
        table.checks.insert(id("said_n"), check);
        let partial = Index { predicate: Some(sql("n IN (1, 2)")), ..Index::btree([id("m")]) };
        table.indexes.insert(id("said_m"), partial);
        schema([table], &plain(&[]))
    };
    for ty in ["bigint", "smallint", "numeric", "integer"] {
        converge(&mut client, &with(ty)).await;
    }
}

/// `ARRAY[..]` is another thing in a column than it is in a cast.
#[tokio::test]
async fn a_default_that_is_an_array_is_read_back() {
    let mut client = owned("col_arrays").await;
    for ty in ["varchar(10)[]", "varchar[]", "text[]", "integer[]", "bigint[]"] {
        let text = ty.starts_with(['v', 't']);
        let defaults = if text { ["ARRAY['a', 'b']", "'{}'"] } else { ["ARRAY[1, -2]", "'{1,2}'"] };
        for default in defaults {
            let mut table = table("arrays");
            table.columns = vec![column("id", "bigint"), with_default("c", ty, default)];
            converge(&mut client, &schema([table], &plain(&[]))).await;
        }
    }
}
