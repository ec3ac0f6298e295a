//! Which privileges a declaration asks for: what its policies take, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![cfg(feature = "postgres")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::*;
use support::*;

/// Every privilege on things of ours, as text.
fn grants(schema: &Schema) -> BTreeSet<String> {
    let of_ours =
        schema.grants.iter().filter(|grant| !matches!(grant.object, GrantObject::Schema(_)));
    of_ours
        .map(|Grant { object, grantee, privilege }| format!("{grantee}: {privilege:?} on {object}"))
        .collect()
}

fn asked(grants: &[&str]) -> BTreeSet<String> {
    grants.iter().map(|grant| (*grant).to_owned()).collect()
}

fn members() -> Table {
    let mut members = table("members");
    members.columns =
        vec![column("team_id", "bigint"), column("user_id", "text"), column("note", "text")];
    members
}

fn docs(name: &str, policies: impl IntoIterator<Item = (&'static str, Policy)>) -> Table {
    let mut docs = table(name);
    docs.columns =
        vec![column("id", "bigint"), column("team_id", "bigint"), column("title", "text")];
    docs.policies = policies.into_iter().map(|(name, policy)| (id(name), policy)).collect();
    docs
}

fn in_team() -> Expr {
    let inner = |field| Expr::Column(ColumnRef { up: 0, field: String::from(field) });
    let own = Expr::Column(ColumnRef { up: 1, field: "team_id".to_owned() });
    Expr::Exists {
        table: "members".to_owned(),
        alias: "m".to_owned(),
        filter: Box::new(Expr::And(vec![
            Expr::compare(CompareOp::Eq, inner("team_id"), own),
            Expr::compare(CompareOp::Eq, Expr::AuthUid, inner("user_id")),
        ])),
    }
}

fn using(command: Command, role: Grantee, rows: Expr) -> Policy {
    Policy {
        kind: PolicyKind::Permissive,
        command,
        roles: BTreeSet::from([role]),
        using: Some(rows),
        with_check: None,
    }
}

#[test]
fn a_lookup_takes_the_columns_that_it_reads() {
    let reads = using(Command::Select, role("authenticated"), in_team());
    let schema = schema([members(), docs("docs", [("read", reads)])], &neon());
    assert_eq!(
        grants(&schema),
        asked(&[
            "authenticated: Select on public.docs",
            "authenticated: Select on public.members.team_id",
            "authenticated: Select on public.members.user_id",
        ])
    );
}

#[test]
fn a_lookup_that_runs_as_its_owner_takes_the_function_alone() {
    let rows = Expr::Definer(Box::new(in_team()));
    let reads = using(Command::Select, role("authenticated"), rows);
    let schema = schema([members(), docs("docs", [("read", reads)])], &neon());
    let function = &schema.functions.keys().next().unwrap().name;
    assert_eq!(
        grants(&schema),
        asked(&[
            "authenticated: Select on public.docs",
            &format!("authenticated: Execute on the function {function}"),
        ])
    );
}

#[test]
fn a_floor_for_everyone_gives_everyone_nothing() {
    let floor =
        Policy { kind: PolicyKind::Restrictive, ..using(Command::All, Grantee::Public, in_team()) };
    let reads = using(Command::Select, role("authenticated"), Expr::bool(true));
    let schema = schema([members(), docs("docs", [("floor", floor), ("read", reads)])], &neon());
    assert!(grants(&schema).iter().all(|grant| grant.starts_with("authenticated: ")));
    assert!(grants(&schema).contains("authenticated: Select on public.members.user_id"));
}

#[test]
fn a_restrictive_policy_alone_takes_nothing() {
    let floor = Policy {
        kind: PolicyKind::Restrictive,
        ..using(Command::All, role("authenticated"), in_team())
    };
    let schema = schema([members(), docs("docs", [("floor", floor)])], &neon());
    assert_eq!(grants(&schema), asked(&[]));
}

#[test]
fn a_policy_about_some_columns_is_granted_those() {
    let reads = using(Command::Select, role("anonymous"), Expr::bool(true));
    let mut declared = DeclaredTable::from(docs("docs", [("read", reads)]));
    declared.policy_columns = BTreeMap::from([(id("read"), BTreeSet::from([id("title")]))]);
    let schema = rls_core::resolve::resolve(vec![declared], &neon()).unwrap().schema;
    assert_eq!(grants(&schema), asked(&["anonymous: Select on public.docs.title"]));
}

#[test]
fn whoever_inserts_may_count_on() {
    let inserts = Policy {
        using: None,
        with_check: Some(Expr::bool(true)),
        ..using(Command::Insert, role("authenticated"), Expr::bool(true))
    };
    let reads = using(Command::Select, role("anonymous"), Expr::bool(true));
    let mut docs = docs("docs", [("add", inserts), ("read", reads)]);
    docs.columns[0] = with_default("id", "bigint", "nextval('app.\"Doc Ids\"'::regclass)");
    let schema = schema([docs], &neon());
    assert_eq!(
        grants(&schema),
        asked(&[
            "anonymous: Select on public.docs",
            "authenticated: Insert on public.docs",
            "authenticated: Usage on the sequence app.Doc Ids",
        ])
    );
}
