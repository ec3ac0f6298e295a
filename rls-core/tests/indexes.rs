//! Indexes on a real server: what is applied is read back equal, and every change goes through with
//! rows in the table, both ways.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use std::collections::BTreeMap;

use rls_core::apply::compare;
use rls_core::model::*;
use support::owner::{converge, owned, text};
use support::*;

fn docs(indexes: &[(&str, Index)]) -> Table {
    let mut docs = table("docs");
    docs.columns = vec![
        column("id", "bigint"),
        column("Owner Id", "text"),
        column("title", "text"),
        Column { nullable: true, ..column("at", "timestamptz") },
        column("tags", "text[]"),
        column("data", "jsonb"),
        column("code", "varchar(9)"),
    ];
    docs.indexes = indexes.iter().map(|(name, index)| (id(name), index.clone())).collect();
    docs
}

fn key(column: &str) -> IndexKey {
    IndexKey::column(id(column))
}

fn expr(sql: &str) -> IndexKey {
    IndexKey { value: IndexValue::Expr(Expr::Sql(sql.to_owned())), ..key("id") }
}

fn index(keys: Vec<IndexKey>) -> Index {
    Index { keys, ..Index::btree([]) }
}

fn catalog(name: &str) -> QualifiedName {
    QualifiedName::new(id("pg_catalog"), id(name))
}

#[tokio::test]
async fn every_kind_of_index_is_read_back_as_it_was_said() {
    let settings = plain(&["reader"]);
    let mut client = owned("idx_kinds").await;
    converge(&mut client, &schema([docs(&[])], &settings)).await;
    let row = "INSERT INTO docs VALUES (1, 'a', 't', NULL, '{x}', '{\"a\": 1}', 'c')";
    client.batch_execute(row).await.unwrap();
    let version: u32 =
        text(&client, "current_setting('server_version_num')").await.parse().unwrap();
    let class =
        |name: &str| Some(OperatorClass { name: catalog(name), parameters: BTreeMap::new() });
    let fill = |value: &str| BTreeMap::from([("fillfactor".to_owned(), value.to_owned())]);
    let mut kinds = vec![
        index(vec![key("Owner Id"), key("id")]),
        index(vec![IndexKey { descending: true, nulls_first: true, ..key("at") }]),
        index(vec![IndexKey { descending: true, ..key("at") }, key("id")]),
        index(vec![IndexKey { nulls_first: true, ..key("at") }]),
        Index { unique: true, ..index(vec![expr("lower(title)")]) },
        index(vec![expr("(data ->> 'a')"), key("id")]),
        index(vec![expr("coalesce(title, '') || ' it''s  '")]),
        Index {
            predicate: Some(Expr::Sql("at IS NULL AND code IN ('c', 'd')".to_owned())),
            ..index(vec![key("id")])
        },
        Index { include: vec![id("title"), id("Owner Id")], ..index(vec![key("id")]) },
        Index { method: id("gin"), ..index(vec![key("tags")]) },
        Index {
            method: id("gin"),
            ..index(vec![IndexKey { operator_class: class("jsonb_path_ops"), ..key("data") }])
        },
        Index { method: id("hash"), ..index(vec![key("title")]) },
        Index { method: id("brin"), ..index(vec![key("at")]) },
        index(vec![IndexKey { operator_class: class("text_pattern_ops"), ..key("title") }]),
        index(vec![IndexKey { collation: Some(catalog("C")), ..key("title") }]),
        index(vec![IndexKey { collation: Some(catalog("C")), ..expr("lower(title)") }]),
        index(vec![expr("lower(title COLLATE \"C\")")]),
        Index { with: fill("70"), ..index(vec![key("id")]) },
    ];
    if version >= 150_000 {
        kinds.push(Index { unique: true, nulls_not_distinct: true, ..index(vec![key("at")]) });
    }
    // Each after the other under one name, and then all of them at once.
    for kind in &kinds {
        converge(&mut client, &schema([docs(&[("An Index", kind.clone())])], &settings)).await;
    }
    let names: Vec<_> = (0..kinds.len()).map(|at| format!("i{at}")).collect();
    let all: Vec<_> = names.iter().map(String::as_str).zip(kinds.iter().cloned()).collect();
    converge(&mut client, &schema([docs(&all)], &settings)).await;
    converge(&mut client, &schema([docs(&[])], &settings)).await;
    assert_eq!(
        text(&client, "SELECT count(*) FROM pg_indexes WHERE tablename = 'docs'").await,
        "0"
    );
}

#[tokio::test]
async fn an_index_is_known_by_what_it_says() {
    let settings = plain(&["reader"]);
    let mut client = owned("idx_adopted").await;
    converge(&mut client, &schema([docs(&[])], &settings)).await;
    client
        .batch_execute(
            "CREATE UNIQUE INDEX theirs ON docs (lower(title), at DESC) WHERE code IN ('a', 'b')",
        )
        .await
        .unwrap();
    let ours = Index {
        unique: true,
        predicate: Some(Expr::Sql("code in ('a','b')".to_owned())),
        ..index(vec![
            expr("LOWER(title)"),
            IndexKey { descending: true, nulls_first: true, ..key("at") },
        ])
    };
    let desired = |index: Index| schema([docs(&[("ours", index)])], &settings);
    let same = compare(&mut client, &desired(ours.clone())).await.unwrap();
    assert!(same.plan.is_empty(), "{}", same.plan.to_sql());
    for other in [
        Index { unique: false, ..ours.clone() },
        Index { predicate: None, ..ours.clone() },
        Index { predicate: Some(Expr::Sql("code in ('a')".to_owned())), ..ours.clone() },
        Index { keys: ours.keys[..1].to_vec(), ..ours.clone() },
        Index { keys: vec![expr("upper(title)"), ours.keys[1].clone()], ..ours.clone() },
    ] {
        let differs = compare(&mut client, &desired(other.clone())).await.unwrap();
        assert_eq!(differs.plan.steps.len(), 2, "{other:?}: {}", differs.plan.to_sql());
    }
}

#[tokio::test]
async fn what_is_indexed_changes_its_type_or_goes() {
    let settings = plain(&["reader"]);
    let mut client = owned("idx_retyped").await;
    let with = |ty: &str, length: i32| {
        let mut docs = docs(&[("by_title", index(vec![expr("lower(title)"), key("code")]))]);
        docs.columns[2] = column("title", ty);
        docs.columns[6] = column("code", &format!("varchar({length})"));
        let expr = Expr::Sql("title <> '' AND code <> title".to_owned());
        docs.checks.insert(id("said"), Check { expr, no_inherit: false, not_valid: false });
        schema([docs], &settings)
    };
    converge(&mut client, &with("text", 9)).await;
    let row = "INSERT INTO docs VALUES (1, 'a', 't', NULL, '{x}', '{}', 'c')";
    client.batch_execute(row).await.unwrap();
    converge(&mut client, &with("varchar(30)", 20)).await;
    converge(&mut client, &with("text", 9)).await;
    let mut without = docs(&[]);
    without.columns.remove(2);
    converge(&mut client, &schema([without], &settings)).await;
}

/// What goes without saying may be said.
#[tokio::test]
async fn a_usual_operator_class_and_a_columns_own_collation_may_be_said() {
    let mut client = owned("idx_usual").await;
    let catalog = |name: &str| QualifiedName::new(id("pg_catalog"), id(name));
    let with = |said: bool| {
        let mut table = table("usual");
        let collation = Some(catalog("C"));
        table.columns = vec![Column { collation: collation.clone(), ..column("name", "text") }];
        let class = OperatorClass { name: catalog("text_ops"), parameters: Default::default() };
        let key = IndexKey {
            collation: collation.filter(|_| said),
            operator_class: said.then_some(class),
            ..IndexKey::column(id("name"))
        };
        table.indexes.insert(id("usual_name"), Index { keys: vec![key], ..Index::btree([]) });
        schema([table], &plain(&[]))
    };
    converge(&mut client, &with(true)).await;
    assert!(converge(&mut client, &with(false)).await.is_empty());
}
