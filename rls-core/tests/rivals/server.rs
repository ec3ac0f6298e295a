//! What the server does that others did not reckon with.

use super::support::owner::owned;
use super::*;

/// `a BETWEEN 1 AND 10 AND ..` is written nested and read flat, so that text which the server wrote was
/// a difference for ever.
#[tokio::test]
async fn what_the_server_wrote_and_reads_otherwise_is_no_difference() {
    let mut client = owned("rival_between").await;
    let source = "id between 1 and 10 and (title = 'a' and ownerid = 'b')";
    let desired = compiled(Some(reads(source)));
    converge(&mut client, &desired).await;
    for _ in 0..3 {
        let written = text(&client, "SELECT qual FROM pg_policies").await;
        client.batch_execute(&format!("ALTER POLICY p ON docs USING ({written})")).await.unwrap();
        let plan = planned(&mut client, &desired).await;
        assert!(plan.is_empty(), "{}", plan.to_sql());
    }
}

/// With a path that leads elsewhere the same names came back otherwise.
#[tokio::test]
async fn the_path_of_a_database_changes_nothing() {
    let mut client = owned("rival_path").await;
    client
        .batch_execute(
            "CREATE SCHEMA other; CREATE FUNCTION other.who() RETURNS text LANGUAGE sql STABLE AS 'SELECT ''x''::text';
             GRANT USAGE ON SCHEMA other TO reader",
        )
        .await
        .unwrap();
    let desired = compiled(Some(reads("title = other.who()")));
    for path in ["public", "other, public", "''"] {
        client.batch_execute(&format!("SET search_path = {path}")).await.unwrap();
        converge(&mut client, &desired).await;
        assert!(planned(&mut client, &desired).await.is_empty(), "{path}");
    }
}

/// Columns were sorted by name in new tables, and one that came later was a difference by its place.
#[tokio::test]
async fn columns_stay_in_the_order_of_the_declaration() {
    let mut client = owned("rival_columns").await;
    let of = |names: &[&str]| {
        let mut table = table("t");
        table.columns =
            names.iter().map(|name| Column { nullable: true, ..column(name, "text") }).collect();
        schema([table], &plain(&["reader"]))
    };
    converge(&mut client, &of(&["z", "m", "a"])).await;
    converge(&mut client, &of(&["z", "b", "m", "a"])).await;
    let live = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0";
    assert_eq!(text(&client, live).await, "z,m,a,b");
}

/// A subquery that names the policy's own table was compared with a copy of it under another name.
#[tokio::test]
async fn a_policy_that_names_its_own_table_is_no_difference() {
    let mut client = owned("rival_own").await;
    let desired = compiled(Some(policy(
        Command::Delete,
        &[role("reader")],
        Some(
            "public.docs.id = (select max(d.id) from public.docs d where d.title = docs.title) and docs is not null",
        ),
        None,
    )));
    converge(&mut client, &desired).await;
    assert!(planned(&mut client, &desired).await.is_empty());
}

/// What `varchar` makes of a list never came to rest in one round.
#[tokio::test]
async fn lists_of_varchar_come_to_rest() {
    let mut client = owned("rival_varchar").await;
    let mut table =
        docs(Some(reads("title in ('a', 'b') and short in ('a', 'b') and short not in ('c')")));
    table.columns.push(column("short", "varchar(3)"));
    let desired = schema([table], &plain(&["reader"]));
    converge(&mut client, &desired).await;
    let written = text(&client, "SELECT qual FROM pg_policies").await;
    client.batch_execute(&format!("ALTER POLICY p ON docs USING ({written})")).await.unwrap();
    assert!(planned(&mut client, &desired).await.is_empty());
}
