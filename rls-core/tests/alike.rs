//! Tables that say the same of columns of the same types are asked about once: what is learned of one
//! is right for the others, and for no more than those.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::{apply, compare};
use rls_core::diff::Change;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use support::*;
use tokio_postgres::Client;

/// A table that can be read where `using` holds, and whose column `kind` has that type.
fn kinds(schema: &str, name: &str, ty: &str, using: &str) -> Table {
    let mut kinds = table(name);
    kinds.name.schema = id(schema);
    kinds.columns = vec![column("id", "bigint"), column("kind", ty)];
    let policy = policy(Command::Select, &[role("cat_user")], Some(using), None);
    kinds.policies.insert(id("p"), policy);
    kinds
}

async fn settled(client: &mut Client, tables: Vec<Table>) -> Schema {
    let desired = schema(tables, &plain(&["cat_user"]));
    apply(client, &desired, &HazardKind::ALL, &mut |_, _, _| {}).await.unwrap();
    let left = compare(client, &desired).await.unwrap().plan;
    assert!(left.is_empty(), "{}", left.to_sql());
    desired
}

/// The tables whose policies are held for changed.
async fn changed(client: &mut Client, desired: &Schema) -> Vec<String> {
    let plan = compare(client, desired).await.unwrap().plan;
    let dropped = plan.steps.into_iter().filter_map(|step| match step.change {
        Change::DropPolicy(policy) => Some(policy.table.to_string()),
        _ => None,
    });
    dropped.collect()
}

#[tokio::test]
async fn a_change_is_found_in_the_one_table_that_has_it() {
    let mut client = database("alike").await;
    create_role(&client, "cat_user").await;
    client.batch_execute("create schema other").await.unwrap();
    let in_list = "kind IN ('a', 'b')";
    let own = "(select count(*) from public.e x where x.kind = d.kind) > 0";
    let tables = vec![
        kinds("public", "a", "text", in_list),
        kinds("public", "b", "text", in_list),
        kinds("public", "c", "varchar(9)", in_list),
        kinds("other", "a", "text", in_list),
        kinds("public", "d", "text", own),
        kinds("public", "e", "text", "id = (select length(kind))"),
        kinds("public", "f", "text", "id = (select length(kind))"),
    ];
    let desired = settled(&mut client, tables).await;
    assert_eq!(changed(&mut client, &desired).await, [""; 0]);

    for (statement, table) in [
        ("alter policy p on public.b using (kind in ('a', 'c'))", "public.b"),
        ("alter policy p on other.a using (kind in ('a'))", "other.a"),
        ("alter policy p on public.c using (kind::text = any (array['b', 'a']))", "public.c"),
        ("alter policy p on public.f using (id = (select octet_length(kind)))", "public.f"),
        (
            "alter policy p on public.d using ((select count(*) from public.e x where x.kind = x.kind) > 0)",
            "public.d",
        ),
    ] {
        client.batch_execute(&format!("begin; {statement}; commit")).await.unwrap();
        assert_eq!(changed(&mut client, &desired).await, [table], "{statement}");
        settled(&mut client, desired_tables(&desired)).await;
    }
}

/// The declared tables again, from what they were compiled to.
fn desired_tables(desired: &Schema) -> Vec<Table> {
    let expr = |_: Site, sql: &Sql| Expr::Sql(sql.as_str().to_owned());
    desired.tables.values().map(|table| table.map(&mut { expr })).collect()
}

#[tokio::test]
async fn a_table_may_be_called_as_a_type_or_a_column_is() {
    let mut client = database("alike_names").await;
    create_role(&client, "cat_user").await;
    client.batch_execute("create type public.mood as enum ('kind', 'a')").await.unwrap();
    client.batch_execute("create function public.is_kind(m public.mood) returns boolean language sql immutable as 'select true'").await.unwrap();
    client.batch_execute("create schema other").await.unwrap();
    let tables = |of: fn(&str) -> String| {
        let table = |name| kinds("other", name, "public.mood", &of(name));
        ["kind", "mood", "zebra"].map(table).to_vec()
    };
    settled(&mut client, tables(|_| "kind = 'a' OR is_kind('kind')".to_owned())).await;
    settled(&mut client, tables(|name| format!("{name}.kind IN ('a', 'kind')"))).await;
    settled(&mut client, tables(|_| "(select kind) = 'kind'".to_owned())).await;
}
