//! Least privilege against a real server: columns, functions, sequences, roles and FORCE, there and
//! back again.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod columns;
mod functions;
mod roles;
mod row_security;
mod schemas;

use std::collections::BTreeSet;

use rls_core::apply::{Comparison, apply, compare};
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Origin, Plan, plan};
use rls_core::{Provider, Settings};
use support::*;
use tokio_postgres::Client;

const ALL: &[HazardKind] = &HazardKind::ALL;

async fn converge(client: &mut Client, desired: &Schema) -> Plan {
    let done = apply(client, desired, ALL, &mut |_, _, _| {}).await;
    let done = done.unwrap_or_else(|error| panic!("{error}")).plan;
    let left = compare(client, desired).await.unwrap().plan;
    assert!(left.is_empty(), "{}", left.to_sql());
    done
}

async fn found(client: &mut Client, desired: &Schema) -> Comparison {
    compare(client, desired).await.unwrap()
}

/// One, the other, and the one again: by comparing, and on another database by snapshots alone.
async fn there_and_back(name: &str, one: &Schema, other: &Schema) -> Database {
    // First, for the embedded Postgres has one database at a time.
    by_snapshots(name, one, other).await;
    let mut client = database(name).await;
    for desired in [one, other, one, other] {
        let plan = converge(&mut client, desired).await;
        assert!(!plan.is_empty());
    }
    client
}

async fn by_snapshots(name: &str, one: &Schema, other: &Schema) -> Database {
    let mut client = database(&format!("{name}_files")).await;
    let mut previous = Schema::new_database();
    for next in [one, other, one, other] {
        let schemas = Pair { previous: &previous, next };
        let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
        client
            .batch_execute(&plan.to_sql())
            .await
            .unwrap_or_else(|e| panic!("{e}\n{}", plan.to_sql()));
        let left = found(&mut client, next).await.plan;
        assert!(left.is_empty(), "{}\nafter\n{}", left.to_sql(), plan.to_sql());
        previous = next.clone();
    }
    client
}

async fn asks(client: &Client, question: &str) -> bool {
    client.query_one(&format!("select {question}"), &[]).await.unwrap().get(0)
}

async fn may(client: &Client, role: &str, column: &str, privilege: &str) -> bool {
    asks(client, &format!("has_column_privilege('{role}', 't', '{column}', '{privilege}')")).await
}

fn public(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

/// A table of three columns without policies; every privilege is granted by hand.
fn three_columns() -> Table {
    let mut t = table("t");
    t.columns = vec![column("a", "integer"), column("b", "integer"), column("c", "integer")];
    t
}

fn settings(roles: &[&str]) -> Settings {
    Settings {
        managed_roles: roles.iter().map(|name| (id(name), Role::default())).collect(),
        ..Settings::new(Provider::Postgres)
    }
}

fn on_column(grantee: &str, column: &str, privilege: Privilege) -> Grant {
    let object = GrantObject::Column { table: public("t"), column: id(column) };
    Grant { object, grantee: role(grantee), privilege }
}

fn on_table(grantee: &str, privilege: Privilege) -> Grant {
    Grant { object: GrantObject::Table(public("t")), grantee: role(grantee), privilege }
}

fn with(mut schema: Schema, grants: impl IntoIterator<Item = Grant>) -> Schema {
    schema.grants.extend(grants);
    schema
}

fn kinds(plan: &Plan) -> BTreeSet<HazardKind> {
    plan.refused(&[]).map(|hazard| hazard.kind).collect()
}

#[cfg(feature = "serde")]
#[test]
fn snapshots_keep_all_of_it() {
    let mut schema = functions::asking("pr_json", Some(functions::is_member(functions::BODY)));
    schema.grants.insert(on_column("pr_json", "a", Privilege::Update));
    let roles = roles::managing(
        &[("pr_json", roles::member(&["pr_other"])), ("pr_other", Role::default())],
        &[],
    );
    schema.roles = roles.roles;
    let json = serde_json::to_value(&schema).unwrap();
    assert_eq!(serde_json::from_value::<Schema>(json.clone()).unwrap(), schema);
    // What an older version wrote.
    let mut older = json;
    for field in ["roles", "functions"] {
        older.as_object_mut().unwrap().remove(field).unwrap();
    }
    let older: Schema = serde_json::from_value(older).unwrap();
    assert!(older.roles.is_empty() && older.functions.is_empty());
}
