//! Comments on a real server: set, changed, removed, and made again with what they stand on.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::compare;
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{Origin, plan};
use rls_core::resolve::resolve;
use support::owner::{converge, owned, text};
use support::*;

fn items() -> QualifiedName {
    QualifiedName::new(id("public"), id("items"))
}

fn on_policy() -> Commented {
    Commented::Policy(items(), id("seen"))
}

fn declared(using: &str, comments: &[(Commented, &str)]) -> Schema {
    let mut items = table("items");
    items.columns = vec![column("id", "bigint"), column("n", "text")];
    items.indexes.insert(id("items_n_idx"), Index::btree(vec![id("n")]));
    let read = policy(Command::Select, &[role("reader")], Some(using), None);
    items.policies.insert(id("seen"), read);
    let mut declared = DeclaredTable::from(items);
    let comments = comments.iter().map(|(on, text)| (on.clone(), (*text).to_owned()));
    declared.comments = comments.collect();
    resolve(vec![declared], &plain(&["reader"])).unwrap().schema
}

const ON_POLICY: &str = "SELECT obj_description(oid, 'pg_policy') FROM pg_policy";

#[tokio::test]
async fn comments_are_set_and_changed_and_come_back_with_their_policy() {
    let mut client = owned("com_policy").await;
    let column = Commented::Column(items(), id("n"));
    let comments = [
        (Commented::Table(items()), "what's sold"),
        (column.clone(), "a\nb"),
        (on_policy(), "all"),
    ];
    converge(&mut client, &declared("id > 1", &comments)).await;
    assert_eq!(text(&client, ON_POLICY).await, "all");
    let on_table = "SELECT obj_description('items'::regclass, 'pg_class')";
    assert_eq!(text(&client, on_table).await, "what's sold");

    converge(&mut client, &declared("id > 2", &comments)).await;
    assert_eq!(text(&client, ON_POLICY).await, "all");
    converge(&mut client, &declared("id > 2", &[(on_policy(), "some")])).await;
    assert_eq!(text(&client, ON_POLICY).await, "some");
    // What this database says of a column, and the declaration does not, is left alone.
    assert_eq!(text(&client, "SELECT col_description('items'::regclass, 2)").await, "a\nb");
}

#[tokio::test]
async fn a_comment_that_nobody_declares_survives_what_it_stands_on() {
    let mut client = owned("com_theirs").await;
    converge(&mut client, &declared("id > 1", &[])).await;
    let theirs = "COMMENT ON POLICY seen ON items IS 'asked for by Ann'";
    client.batch_execute(theirs).await.unwrap();
    assert!(compare(&mut client, &declared("id > 1", &[])).await.unwrap().plan.is_empty());
    converge(&mut client, &declared("id > 2", &[])).await;
    assert_eq!(text(&client, ON_POLICY).await, "asked for by Ann");
}

#[tokio::test]
async fn what_keeps_its_name_has_the_comment_that_is_declared_of_it() {
    let mut client = owned("com_adopted").await;
    let of_others =
        "CREATE TABLE items (id bigint NOT NULL, n text NOT NULL, CONSTRAINT theirs UNIQUE (id));
        CREATE INDEX their_idx ON items (n); COMMENT ON INDEX their_idx IS 'as it was'";
    client.batch_execute(of_others).await.unwrap();
    let ours = |columns: &[&str], about: &str| {
        let constraint = Commented::Constraint(items(), id("ours"));
        let index = Commented::Index(QualifiedName::new(id("public"), id("items_n_idx")));
        let mut desired = declared("id > 1", &[(constraint, about), (index, about)]);
        let unique = Unique::new(columns.iter().map(|name| id(name)).collect());
        let table = desired.tables.get_mut(&items()).unwrap();
        table.uniques.insert(id("ours"), unique);
        desired
    };
    converge(&mut client, &ours(&["id"], "one")).await;
    let constraint = "SELECT conname || ': ' || obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'items'::regclass AND contype = 'u'";
    let index = "SELECT obj_description('their_idx'::regclass, 'pg_class')";
    assert_eq!(text(&client, constraint).await, "theirs: one");
    assert_eq!(text(&client, index).await, "one");
    converge(&mut client, &ours(&["id"], "two")).await;
    assert_eq!(text(&client, constraint).await, "theirs: two");
    assert_eq!(text(&client, index).await, "two");
    converge(&mut client, &ours(&["id", "n"], "two")).await;
    assert_eq!(text(&client, constraint).await, "ours: two");
}

#[test]
fn a_migration_takes_a_comment_away_that_the_one_before_set() {
    let with = declared("id > 1", &[(on_policy(), "all"), (Commented::Table(items()), "t")]);
    let without = declared("id > 1", &[(Commented::Table(items()), "t")]);
    let sql = |previous: &Schema, next: &Schema| {
        plan(Pair { previous, next }, &Canonical::default(), Origin::Snapshot).to_sql()
    };
    assert_eq!(sql(&with, &without), "COMMENT ON POLICY seen ON public.items IS NULL;\n");
    assert_eq!(sql(&without, &with), "COMMENT ON POLICY seen ON public.items IS 'all';\n");
    let json = serde_json::to_string(&with).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), with);
}

#[tokio::test]
async fn schemas_have_comments() {
    let mut client = owned("com_schema").await;
    let said = |comment: &str| {
        let mut there = table("t");
        there.name = QualifiedName::new(id("said"), id("t"));
        there.columns = vec![column("id", "bigint")];
        let comment = Some(comment.to_owned());
        let said = rls_core::DeclaredSchema { owner: None, comment };
        let schemas = [(id("said"), said)].into();
        schema([there], &rls_core::Settings { schemas, ..plain(&[]) })
    };
    for comment in ["one", "two"] {
        converge(&mut client, &said(comment)).await;
        let there = "SELECT obj_description('said'::regnamespace, 'pg_namespace')";
        assert_eq!(text(&client, there).await, comment);
    }
}

/// At every depth, and again where the partition is made again.
#[tokio::test]
async fn partitions_have_comments() {
    let mut client = owned("com_partition").await;
    let name = |name: &str| QualifiedName::new(id("public"), id(name));
    let by = |column: &str, partition: Partition| Partitioning {
        strategy: PartitionStrategy::List,
        keys: vec![IndexKey::column(id(column))],
        keep_undeclared: false,
        partitions: [(partition.name.clone(), partition)].into(),
    };
    let part = |of: &str, partitioning| Partition {
        name: name(of),
        bound: PartitionBound::Default,
        row_security: RowSecurity::Enabled,
        partitioning,
    };
    let said = |inner: &str, comments: &[(&str, &str)]| {
        let mut spread = table("spread");
        spread.columns = vec![column("a", "text"), column("b", "text")];
        let inner = by(inner, part("inner_part", None));
        spread.partitioning = Some(by("a", part("outer_part", Some(inner))));
        let mut declared = DeclaredTable::from(spread);
        let comments = comments.iter();
        let comments = comments.map(|(on, text)| (Commented::Table(name(on)), (*text).to_owned()));
        declared.comments = comments.collect();
        resolve(vec![declared], &plain(&[])).unwrap().schema
    };
    const THERE: &str = "SELECT string_agg(relname || ': ' || description, ', ' ORDER BY relname)
        FROM pg_description JOIN pg_class ON oid = objoid WHERE relname LIKE '%_part'";
    converge(&mut client, &said("a", &[("outer_part", "o"), ("inner_part", "i")])).await;
    assert_eq!(text(&client, THERE).await, "inner_part: i, outer_part: o");
    converge(&mut client, &said("b", &[("inner_part", "j")])).await;
    // Its key is another, so that it was made anew; what nobody declares any more was brought back.
    assert_eq!(text(&client, THERE).await, "inner_part: j, outer_part: o");
}
