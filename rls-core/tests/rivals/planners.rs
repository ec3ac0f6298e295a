//! Faults of tools that compare a schema with a database and plan the way.

use super::support::owner::owned;
use super::*;

/// A policy was created before a table that its predicate names.
#[tokio::test]
async fn a_policy_comes_after_every_table_that_it_names() {
    let mut client = owned("rival_order").await;
    let mut zebras = table("zebras");
    zebras.columns = vec![column("id", "bigint")];
    let names = reads("exists (select 1 from zebras where zebras.id = docs.id)");
    let desired = schema([docs(Some(names)), zebras], &plain(&["reader"]));
    let plan = converge(&mut client, &desired).await;
    let (table, policy) =
        (place(&plan, "CREATE TABLE public.zebras"), place(&plan, "CREATE POLICY"));
    assert!(table < policy, "{}", plan.to_sql());
}

/// `FROM "PUBLIC"` and `public` in any spelling were one to them: a role may be called so.
#[tokio::test]
async fn everyone_is_not_a_role_of_that_name() {
    let mut client = owned("rival_public").await;
    add_roles(&client, &["PUBLIC"]).await;
    let of = |grantee: Grantee| {
        let policy = policy(Command::Select, &[grantee], Some("true"), None);
        schema([docs(Some(policy))], &plain(&["PUBLIC", "reader"]))
    };
    let reader = "SELECT has_table_privilege('reader', 'docs', 'SELECT')";
    converge(&mut client, &of(role("PUBLIC"))).await;
    assert_eq!(text(&client, reader).await, "false");
    assert_eq!(text(&client, "SELECT polroles <> '{0}' FROM pg_policy").await, "true");
    converge(&mut client, &of(Grantee::Public)).await;
    assert_eq!(text(&client, reader).await, "true");
    converge(&mut client, &of(role("PUBLIC"))).await;
    assert_eq!(text(&client, reader).await, "false");
}

/// RESTRICTIVE was created as PERMISSIVE, and the change from one to the other was none.
#[tokio::test]
async fn restrictive_is_what_the_server_holds() {
    let mut client = owned("rival_kind").await;
    for (kind, permissive) in [
        (PolicyKind::Restrictive, "false"),
        (PolicyKind::Permissive, "true"),
        (PolicyKind::Restrictive, "false"),
    ] {
        converge(&mut client, &compiled(Some(Policy { kind, ..reads("id > 0") }))).await;
        assert_eq!(text(&client, "SELECT polpermissive FROM pg_policy").await, permissive);
    }
}

/// `"ownerId"` and `ownerid` were one column to them.
#[tokio::test]
async fn columns_that_differ_in_capitals_are_two() {
    let mut client = owned("rival_capitals").await;
    converge(&mut client, &compiled(Some(reads("ownerid = current_user")))).await;
    let desired = compiled(Some(reads("\"ownerId\" = current_user")));
    assert!(!planned(&mut client, &desired).await.is_empty());
    converge(&mut client, &desired).await;
    let using = text(&client, "SELECT qual FROM pg_policies").await;
    assert!(using.contains("\"ownerId\""), "{using}");
}

/// Literals that differ in capitals or in spaces were equal.
#[tokio::test]
async fn literals_are_compared_as_they_are() {
    let mut client = owned("rival_literals").await;
    for literal in ["'a b'", "'a  b'", "'A b'", "'a b '", "E'a\\tb'", "'public.a b'", "'(a b)'"] {
        let desired = compiled(Some(reads(&format!("title = {literal}"))));
        assert!(!planned(&mut client, &desired).await.is_empty(), "{literal}");
        converge(&mut client, &desired).await;
    }
}

/// An `apply` of nothing switched row security off, dropped every policy, and was content.
#[tokio::test]
async fn policies_that_nobody_declares_go_only_with_leave() {
    let mut client = owned("rival_leave").await;
    converge(&mut client, &compiled(Some(reads("id > 0")))).await;
    let nothing = compiled(None);
    assert!(apply(&mut client, &nothing, &[], &mut |_, _, _| {}).await.is_err());
    let there = "SELECT count(*) || ' ' || bool_and(c.relrowsecurity) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid";
    assert_eq!(text(&client, there).await, "1 true");
}

/// FORCE without ENABLE was lost, and so was FORCE when row security came.
#[tokio::test]
async fn force_is_never_lost() {
    let mut client = owned("rival_force").await;
    converge(&mut client, &compiled(None)).await;
    let forced = "ALTER TABLE docs DISABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY";
    client.batch_execute(forced).await.unwrap();
    assert!(!planned(&mut client, &compiled(None)).await.is_empty());
    converge(&mut client, &compiled(None)).await;
    let both =
        "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'docs'::regclass";
    assert_eq!(text(&client, both).await, "true");
}

/// What lets somebody see more was a change like any other.
#[tokio::test]
async fn what_widens_access_needs_leave() {
    let mut client = owned("rival_wider").await;
    converge(&mut client, &compiled(Some(reads("id > 0")))).await;
    let wider = [
        reads("true"),
        policy(Command::Select, &[Grantee::Public], Some("id > 0"), None),
        policy(Command::All, &[role("reader")], Some("id > 0"), None),
    ];
    for policy in wider {
        let plan = planned(&mut client, &compiled(Some(policy.clone()))).await;
        let refused: Vec<_> = plan.refused(&[]).map(|hazard| hazard.kind).collect();
        assert!(refused.contains(&HazardKind::WidensAccess), "{policy:?}: {}", plan.to_sql());
    }
    let restrictive = Policy { kind: PolicyKind::Restrictive, ..reads("id < 9") };
    let mut both = docs(Some(reads("id > 0")));
    both.policies.insert(id("q"), restrictive);
    let desired = schema([both], &plain(&["reader"]));
    let plan = converge(&mut client, &desired).await;
    let narrows = [HazardKind::NarrowsAccess];
    assert!(plan.refused(&narrows).next().is_none(), "it only narrows: {}", plan.to_sql());
    let plan = planned(&mut client, &compiled(Some(reads("id > 0")))).await;
    let refused: Vec<_> = plan.refused(&[]).map(|hazard| hazard.kind).collect();
    assert!(refused.contains(&HazardKind::DropsUndeclared), "{}", plan.to_sql());
}
