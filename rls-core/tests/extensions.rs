//! Extensions that a declaration asks for: there before what needs them, and never dropped.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;

use rls_core::Settings;
use rls_core::apply::{apply, compare};
use rls_core::model::Schema;
use rls_core::plan::HazardKind;
use support::*;

const ALL: &[HazardKind] = &HazardKind::ALL;

fn asks_for(extensions: &[&str], ty: &str) -> Schema {
    let mut t = table("t");
    t.columns = vec![column("email", ty)];
    let extensions: BTreeSet<_> = extensions.iter().map(|name| id(name)).collect();
    schema([t], &Settings { extensions, ..plain(&[]) })
}

#[tokio::test]
async fn an_extension_is_created_before_the_columns_of_its_types() {
    let mut client = database("extension_first").await;
    let desired = asks_for(&["citext"], "public.citext");
    apply(&mut client, &desired, ALL, &mut |_, _, _| {}).await.unwrap();
    assert!(compare(&mut client, &desired).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn an_extension_that_leaves_the_declaration_stays() {
    let mut client = database("extension_stays").await;
    apply(&mut client, &asks_for(&["citext"], "text"), ALL, &mut |_, _, _| {}).await.unwrap();
    let without = asks_for(&[], "text");
    assert!(compare(&mut client, &without).await.unwrap().plan.is_empty());
    let there = "SELECT FROM pg_extension WHERE extname = 'citext'";
    assert_eq!(client.query(there, &[]).await.unwrap().len(), 1);
}

/// The same in a schema.
fn placed(schema: &str) -> Schema {
    let mut desired = asks_for(&["citext"], "text");
    desired.extension_schemas = [(id("citext"), id(schema))].into();
    desired
}

const PLACE: &str =
    "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'citext'";

async fn place(client: &tokio_postgres::Client) -> String {
    client.query_one(PLACE, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_extension_is_made_in_its_schema_and_moved_with_leave() {
    let mut client = database("extension_placed").await;
    apply(&mut client, &placed("one"), &[], &mut |_, _, _| {}).await.unwrap();
    assert_eq!(place(&client).await, "one");
    assert!(compare(&mut client, &placed("one")).await.unwrap().plan.is_empty());
    // Where nobody says, it may be anywhere.
    let anywhere = asks_for(&["citext"], "text");
    assert!(compare(&mut client, &anywhere).await.unwrap().plan.is_empty());

    let refused = apply(&mut client, &placed("Other Place"), &[], &mut |_, _, _| {}).await;
    assert!(refused.unwrap_err().to_string().contains("moves to the schema"));
    assert_eq!(place(&client).await, "one");
    apply(&mut client, &placed("Other Place"), ALL, &mut |_, _, _| {}).await.unwrap();
    assert_eq!(place(&client).await, "\"Other Place\"");
    assert!(compare(&mut client, &placed("Other Place")).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn an_extension_that_nobody_declares_is_not_touched() {
    let mut client = database("extension_theirs").await;
    let theirs = "CREATE SCHEMA theirs; CREATE EXTENSION citext WITH SCHEMA theirs";
    client.batch_execute(theirs).await.unwrap();
    apply(&mut client, &asks_for(&[], "text"), ALL, &mut |_, _, _| {}).await.unwrap();
    assert_eq!(place(&client).await, "theirs");
}
