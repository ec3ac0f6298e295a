//! Views on a real server: every shape is read back equal, each difference both ways, what leans on what,
//! and who sees which rows.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod around;
mod hazards;
mod shapes;

use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{Origin, plan};
use rls_core::resolve::{Declared, resolve};
use support::owner::{converge, owned};
use support::*;
use tokio_postgres::Client;

fn in_public(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

/// A view that every version of Postgres has: it reads as its owner.
fn view(name: &str, query: &str) -> View {
    View { security_invoker: false, ..View::new(in_public(name), Sql::new(query)) }
}

fn materialized(name: &str, query: &str) -> View {
    View { kind: ViewKind::Materialized, ..view(name, query) }
}

fn declared(view: View) -> DeclaredView {
    DeclaredView {
        view,
        owner: None,
        grants: vec![],
        comments: Default::default(),
        allowed: vec![],
    }
}

/// The same, which `reader` may read.
fn readable(view: View) -> DeclaredView {
    let grant = DeclaredGrant {
        roles: [role("reader")].into(),
        privileges: [Privilege::Select].into(),
        columns: [].into(),
        grantable: false,
    };
    DeclaredView { grants: vec![grant], ..declared(view) }
}

fn compiled(tables: Vec<Table>, views: Vec<DeclaredView>) -> Schema {
    with_functions(tables, views, vec![])
}

fn with_functions(
    tables: Vec<Table>,
    views: Vec<DeclaredView>,
    functions: Vec<Function>,
) -> Schema {
    let function = |function| DeclaredFunction {
        function,
        owner: None,
        grants: vec![],
        comment: None,
        allowed: vec![],
    };
    let declared = Declared {
        tables: tables.into_iter().map(DeclaredTable::from).collect(),
        functions: functions.into_iter().map(function).collect(),
        views,
        ..Declared::default()
    };
    resolve(declared, &plain(&["reader"])).unwrap().schema
}

/// A table with a key, for `GROUP BY`.
fn items() -> Table {
    let mut items = table("items");
    items.columns = vec![
        column("id", "integer"),
        column("title", "varchar(20)"),
        column("price", "numeric(10,2)"),
        Column { nullable: true, ..column("parent", "integer") },
        column("Order By", "text"),
    ];
    items.primary_key = Some(PrimaryKey::new(id("items_pkey"), vec![id("id")]));
    items
}

async fn version(client: &Client) -> i32 {
    let row = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await;
    row.unwrap().get(0)
}

/// One, the other, and the one again: by comparing, and on another database by snapshots alone.
async fn there_and_back(name: &str, one: &Schema, other: &Schema) -> Database {
    // First, for the embedded Postgres has one database at a time.
    by_snapshots(name, one, other).await;
    let mut client = owned(name).await;
    for desired in [one, other, one, other] {
        let plan = converge(&mut client, desired).await;
        assert!(!plan.is_empty());
    }
    client
}

async fn by_snapshots(name: &str, one: &Schema, other: &Schema) {
    let mut client = owned(&format!("{name}_files")).await;
    let mut previous = Schema::new_database();
    for next in [one, other, one, other] {
        let schemas = Pair { previous: &previous, next };
        let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
        let done = client.batch_execute(&plan.to_sql()).await;
        done.unwrap_or_else(|error| panic!("{error:?}\n{}", plan.to_sql()));
        let left = rls_core::apply::compare(&mut client, next).await.unwrap().plan;
        assert!(left.is_empty(), "{}", left.to_sql());
        previous = next.clone();
    }
}
