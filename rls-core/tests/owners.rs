//! Owners that the declaration names, by an ordinary role that is a member of them.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::Settings;
use rls_core::apply::{apply, compare};
use rls_core::drift::drift;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::resolve::{Declared, resolve};
use support::owner::{converge, owned, text};
use support::*;

/// A table with a policy, and a sequence, which belong to that role, or to whoever makes them.
fn declared(owner: Option<&str>) -> Schema {
    let mut ours = table("ours");
    ours.columns = vec![column("id", "integer")];
    let reads = policy(Command::Select, &[role("reader")], Some("id > 0"), None);
    ours.policies.insert(id("reads"), reads);
    let sequence = Sequence {
        name: QualifiedName::new(id("public"), id("numbers")),
        ty: PgType::parse("bigint").unwrap(),
        options: SequenceOptions::default(),
        owner: None,
    };
    let sequences = vec![DeclaredSequence { sequence, comment: None, grants: Vec::new() }];
    let settings = Settings { owner: owner.map(id), ..plain(&["reader"]) };
    let tables = vec![DeclaredTable::from(ours)];
    resolve(Declared { tables, sequences, ..Declared::default() }, &settings).unwrap().schema
}

const OWNERS: &str = "SELECT string_agg(relname || ' ' || relowner::regrole, ', ' ORDER BY relname)
    FROM pg_class WHERE relname IN ('ours', 'numbers')";

/// A database, and a role in it that its owner is a member of.
async fn with_role(name: &str, keeper: &str, member: bool) -> (Database, String) {
    let client = owned(name).await;
    let owner = text(&client, "SELECT current_user").await;
    client.batch_execute("RESET ROLE").await.unwrap();
    create_role(&client, keeper).await;
    let membership = if member { format!("GRANT {keeper} TO {owner}") } else { String::new() };
    let grants = format!("GRANT CREATE, USAGE ON SCHEMA public TO {keeper}; {membership}");
    client.batch_execute(&grants).await.unwrap();
    client.batch_execute(&format!("SET ROLE {owner}")).await.unwrap();
    (client, owner)
}

#[tokio::test]
async fn things_are_made_for_their_owner_and_given_to_it() {
    let (mut client, owner) = with_role("owners_made", "owners_keeper", true).await;
    converge(&mut client, &declared(Some("owners_keeper"))).await;
    assert_eq!(text(&client, OWNERS).await, "numbers owners_keeper, ours owners_keeper");
    assert_eq!(
        text(&client, "SELECT has_table_privilege('reader', 'ours', 'SELECT')").await,
        "true"
    );
    // Where nobody says so, owners stay.
    assert!(compare(&mut client, &declared(None)).await.unwrap().plan.is_empty());
    converge(&mut client, &declared(Some(&owner))).await;
    assert_eq!(text(&client, OWNERS).await, format!("numbers {owner}, ours {owner}"));
}

#[tokio::test]
async fn another_owner_is_found_and_needs_leave_to_be_mended() {
    let (mut client, owner) = with_role("owners_found", "owners_finder", true).await;
    let desired = declared(Some("owners_finder"));
    converge(&mut client, &desired).await;
    client.batch_execute(&format!("ALTER TABLE ours OWNER TO {owner}")).await.unwrap();
    let found = drift(&mut client, &desired).await.unwrap().findings;
    let kinds: Vec<_> = found.iter().map(|it| (it.kind.to_string(), it.widens)).collect();
    assert_eq!(kinds, [("owner-changed".to_owned(), true)]);
    let plan = compare(&mut client, &desired).await.unwrap().plan;
    assert_eq!(plan.to_sql(), "ALTER TABLE public.ours OWNER TO owners_finder;\n");
    assert_eq!(plan.steps[0].hazards[0].kind, HazardKind::WidensAccess);
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn whoever_is_no_member_is_told() {
    let (mut client, owner) = with_role("owners_refused", "owners_stranger", false).await;
    client
        .batch_execute(&format!(
            "RESET ROLE; REVOKE owners_stranger FROM {owner}; SET ROLE {owner}"
        ))
        .await
        .unwrap();
    let desired = declared(Some("owners_stranger"));
    let refused = apply(&mut client, &desired, &HazardKind::ALL, &mut |_, _, _| {}).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("has to be a member of the new owner"), "{refused}");
    assert_eq!(text(&client, OWNERS).await, "");
}
