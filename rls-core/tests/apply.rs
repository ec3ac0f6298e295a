//! Applying against a real server: what is declared is what is there afterwards, or nothing is.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::{Error, StandIn, apply, compare, install_stand_in};
use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::{Grants, Settings};
use support::*;
use tokio_postgres::Client;

const ALL: &[HazardKind] = &HazardKind::ALL;

async fn converge(client: &mut Client, desired: &Schema) {
    apply(client, desired, ALL, &mut |_, _, _| {}).await.unwrap_or_else(|error| panic!("{error}"));
    assert_in_sync(client, desired).await;
}

async fn assert_in_sync(client: &mut Client, desired: &Schema) {
    let left = compare(client, desired).await.unwrap().plan;
    assert!(left.is_empty(), "{}", left.to_sql());
}

/// The seed's database, with a stand-in for Neon.
async fn seeded(name: &str) -> (Database, Schema) {
    let mut client = database(name).await;
    assert_eq!(install_stand_in(&mut client, &neon()).await.unwrap(), StandIn::Installed);
    let desired = schema([todos()], &neon());
    converge(&mut client, &desired).await;
    (client, desired)
}

#[tokio::test]
async fn from_nothing_in_one_go_and_then_nothing_to_do() {
    let mut client = database("nothing").await;
    install_stand_in(&mut client, &neon()).await.unwrap();
    let desired = schema([todos()], &neon());
    let before = compare(&mut client, &desired).await.unwrap();
    assert!(before.live.schema.tables.is_empty() && before.live.stand_in);
    let mut heard = Vec::new();
    let done = apply(&mut client, &desired, &[], &mut |at, total, _| heard.push((at, total)))
        .await
        .unwrap();
    let total = done.plan.steps.len();
    assert_eq!(heard, (1..=total).map(|at| (at, total)).collect::<Vec<_>>());
    assert_eq!(before.plan, done.plan);

    let again =
        apply(&mut client, &desired, &[], &mut |_, _, _| panic!("nothing to do")).await.unwrap();
    assert!(again.plan.is_empty());
    assert!(again.live.notes.is_empty(), "{:?}", again.live.notes);
}

#[tokio::test]
async fn the_rows_are_what_the_policies_say() {
    let (client, _) = seeded("rows").await;
    client
        .batch_execute(
            "insert into todos (user_id, task) values ('ann', 'a'), ('bob', 'b');
             set role authenticated; select set_config('request.jwt.claims', '{\"sub\": \"ann\"}', false)",
        )
        .await
        .unwrap();
    let rows = client.query("select task from todos", &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<&str>>(), ["a"]);
    client.execute("insert into todos (task) values ('mine')", &[]).await.unwrap();
    let theirs = client.execute("insert into todos (user_id, task) values ('bob', 'c')", &[]).await;
    assert!(theirs.is_err());
}

/// Something done by hand must be seen, be a hazard or not as said, and be repaired.
async fn repaired(name: &str, by_hand: &str, hazards: &[HazardKind]) {
    let (mut client, desired) = seeded(name).await;
    client.batch_execute(by_hand).await.unwrap();
    let found = compare(&mut client, &desired).await.unwrap().plan;
    assert!(!found.is_empty(), "not seen: {by_hand}");
    let mut kinds: Vec<_> = found.refused(&[]).map(|hazard| hazard.kind).collect();
    kinds.dedup();
    assert_eq!(kinds, hazards, "{by_hand}\n{}", found.to_sql());
    if !hazards.is_empty() {
        let refused = apply(&mut client, &desired, &[], &mut |_, _, _| panic!("not allowed")).await;
        let Err(Error::RefusedHazards(refused)) = refused else { panic!("{refused:?}") };
        assert!(Error::RefusedHazards(refused).to_string().contains("--allow "));
    }
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn drift_a_policy_altered() {
    repaired(
        "drift_policy",
        r#"alter policy "crud-authenticated-policy-select" on todos using (true)"#,
        &[HazardKind::WidensAccess],
    )
    .await;
}

#[tokio::test]
async fn drift_row_security_disabled() {
    repaired(
        "drift_rls",
        "alter table todos disable row level security",
        &[HazardKind::NarrowsAccess],
    )
    .await;
}

#[tokio::test]
async fn drift_a_grant_too_many() {
    repaired("drift_grant", "grant select on todos to anonymous", &[HazardKind::NarrowsAccess])
        .await;
}

#[tokio::test]
async fn drift_truncate_for_everyone() {
    repaired("drift_truncate", "grant truncate on todos to public", &[HazardKind::NarrowsAccess])
        .await;
}

#[tokio::test]
async fn drift_a_grant_lost() {
    repaired(
        "drift_lost",
        "revoke update on todos from authenticated",
        &[HazardKind::WidensAccess],
    )
    .await;
}

#[tokio::test]
async fn drift_null_allowed() {
    repaired("drift_null", "alter table todos alter task drop not null", &[]).await;
}

#[tokio::test]
async fn drift_default_changed() {
    repaired("drift_default", "alter table todos alter is_complete set default true", &[]).await;
}

#[tokio::test]
async fn drift_a_policy_too_many() {
    repaired(
        "drift_extra",
        "create policy backdoor on todos for select to anonymous using (true)",
        &[HazardKind::DropsUndeclared],
    )
    .await;
}

#[tokio::test]
async fn drift_a_column_and_an_index_too_many() {
    repaired(
        "drift_column",
        "alter table todos add extra int; create index extra_idx on todos (task)",
        &[HazardKind::DropsUndeclared, HazardKind::LosesData],
    )
    .await;
}

#[tokio::test]
async fn drift_permissive_and_command() {
    repaired(
        "drift_kind",
        r#"drop policy "crud-authenticated-policy-select" on todos;
           create policy "crud-authenticated-policy-select" on todos as restrictive for all to authenticated
               using ((select auth.user_id()) = user_id)"#,
        &[HazardKind::WidensAccess],
    )
    .await;
}

#[tokio::test]
async fn drift_roles_of_a_policy() {
    repaired(
        "drift_roles",
        r#"alter policy "crud-authenticated-policy-select" on todos to public"#,
        &[HazardKind::WidensAccess],
    )
    .await;
}

#[tokio::test]
async fn force_is_kept() {
    let (mut client, desired) = seeded("force").await;
    client.batch_execute("alter table todos force row level security").await.unwrap();
    assert_in_sync(&mut client, &desired).await;
    let live = compare(&mut client, &desired).await.unwrap().live;
    let todos = live.schema.tables.values().next().unwrap();
    assert_eq!(todos.row_security, RowSecurity::Forced);
}

#[tokio::test]
async fn as_an_owner_who_is_no_superuser() {
    let admin = database("owner").await;
    admin
        .batch_execute(
            "do $$ begin create role cat_owner login; exception when duplicate_object then null; end $$;
             create schema app authorization cat_owner",
        )
        .await
        .unwrap();
    create_role(&admin, "cat_user").await;
    let Some(mut client) = admin.again("cat_owner").await else { return };
    let mut notes = table("notes");
    notes.name.schema = id("app");
    notes.columns =
        vec![with_default("owner", "text", "current_user"), column("n", "numeric(10,2)")];
    notes.policies.insert(
        id("own"),
        policy(Command::All, &[role("cat_user")], Some("owner = current_user"), None),
    );
    let desired = schema([notes], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn a_role_that_owns_the_table_is_named_and_converges() {
    let mut client = database("roleowner").await;
    create_role(&client, "cat_user").await;
    let mut t = table("t");
    t.columns = vec![column("n", "integer")];
    t.policies.insert(id("all"), policy(Command::All, &[role("cat_user")], Some("true"), None));
    let desired = schema([t], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    client.batch_execute("alter table t owner to cat_user").await.unwrap();
    converge(&mut client, &desired).await;
    let notes = compare(&mut client, &desired).await.unwrap().live.notes;
    assert!(
        notes.iter().any(|note| note.contains("no policy of public.t applies to cat_user")),
        "{notes:?}"
    );
}

#[tokio::test]
async fn names_that_need_quotes() {
    let mut client = database("names").await;
    let strange = r#"Cat "Röle" of; things"#;
    create_role(&client, strange).await;
    let mut t = table("my \"Table\"");
    t.name.schema = id("My Schema");
    t.columns = vec![column("Owner Id", "text"), column("select", "\"My Schema\".\"Mood\"[]")];
    t.indexes.insert(id("An Index"), Index::btree(vec![id("Owner Id"), id("select")]));
    t.uniques.insert(id("Uniq'ue"), Unique::new(vec![id("Owner Id")]));
    t.policies.insert(
        id("a \"policy\" -- x"),
        policy(
            Command::Select,
            &[role(strange)],
            Some(r#""Owner Id" = 'x' and "my ""Table"""."Owner Id" <> 'y'"#),
            None,
        ),
    );
    client
        .batch_execute(
            r#"create schema "My Schema"; create type "My Schema"."Mood" as enum ('a', 'b')"#,
        )
        .await
        .unwrap();
    let desired = schema([t], &plain(&[strange]));
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn a_failing_statement_leaves_nothing() {
    let mut client = database("failing").await;
    create_role(&client, "cat_user").await;
    let mut t = table("t");
    t.columns = vec![column("n", "integer")];
    t.policies.insert(
        id("p"),
        policy(Command::Select, &[role("cat_user")], Some("n = 1 and\n  nobody = 2"), None),
    );
    let desired = schema([t], &plain(&["cat_user"]));
    let error = apply(&mut client, &desired, ALL, &mut |_, _, _| {}).await.unwrap_err();
    let Error::Database(failure) = &error else { panic!("{error}") };
    assert!(failure.statement.starts_with("CREATE POLICY p ON public.t"), "{}", failure.statement);
    assert_eq!(failure.code.as_deref(), Some("42703"));
    // Postgres keeps the place to itself for policies.
    assert_eq!(failure.place, None);
    assert!(compare(&mut client, &desired).await.unwrap().live.schema.tables.is_empty());
}

#[tokio::test]
async fn a_failing_statement_is_shown_with_the_place() {
    let mut client = database("place").await;
    let mut ahead = table("a");
    ahead.columns = vec![with_default("n", "text", "'höhö'")];
    let mut t = table("t");
    t.columns = vec![column("n", "integer"), with_default("ünder", "integer", "1 + nobody('ä')")];
    let error = apply(&mut client, &schema([ahead, t], &plain(&[])), ALL, &mut |_, _, _| {})
        .await
        .unwrap_err();
    let Error::Database(failure) = &error else { panic!("{error}") };
    let place = failure.place.unwrap();
    let line = failure.statement.lines().nth(place.line - 1).unwrap();
    let rest: String = line.chars().skip(place.column - 1).collect();
    assert!(rest.starts_with("nobody("), "{error}");
}

#[tokio::test]
async fn text_that_swallows_what_follows_is_refused_before_anything_runs() {
    let mut client = database("swallow").await;
    create_role(&client, "cat_user").await;
    for text in ["n = 1 -- a comment", "true); DROP TABLE t; --", "true) -- "] {
        let mut t = table("t");
        t.columns = vec![column("n", "integer")];
        t.policies.insert(id("p"), policy(Command::Select, &[role("cat_user")], Some(text), None));
        let desired = schema([t], &plain(&["cat_user"]));
        let error = apply(&mut client, &desired, ALL, &mut |_, _, _| panic!("{text} ran"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
    }
}

#[tokio::test]
async fn a_failure_at_run_time_names_its_statement() {
    let mut client = database("runtime").await;
    create_role(&client, "cat_user").await;
    let mut t = table("t");
    t.columns = vec![column("n", "integer"), column("m", "integer")];
    let one = schema([t.clone()], &plain(&["cat_user"]));
    converge(&mut client, &one).await;
    client.batch_execute("insert into t values (1, 1), (1, 2)").await.unwrap();
    t.indexes.insert(id("first_idx"), Index::btree(vec![id("m")]));
    t.uniques.insert(id("t_n_key"), Unique::new(vec![id("n")]));
    let two = schema([t], &plain(&["cat_user"]));
    let error = apply(&mut client, &two, ALL, &mut |_, _, _| {}).await.unwrap_err();
    let Error::Database(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.code.as_deref(), Some("23505"));
    assert!(failure.statement.contains("t_n_key"), "{error}");
    assert!(failure.detail.is_some() && failure.place.is_none());
    assert!(!compare(&mut client, &one).await.unwrap().plan.to_sql().contains("first_idx"));
}

#[tokio::test]
async fn missing_roles_are_named() {
    let mut client = database("roles").await;
    let mut t = table("t");
    t.columns = vec![column("n", "integer")];
    let desired = schema([t], &plain(&["cat_nobody_1", "cat_nobody_2"]));
    assert_eq!(compare(&mut client, &desired).await.unwrap().live.missing_roles.len(), 2);
    let error = apply(&mut client, &desired, ALL, &mut |_, _, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("`cat_nobody_1`, `cat_nobody_2`"), "{error}");
}

#[tokio::test]
async fn an_extension_that_is_not_there_has_a_hint() {
    let mut client = database("extension").await;
    for name in ["authenticated", "anonymous"] {
        create_role(&client, name).await;
    }
    let error =
        apply(&mut client, &schema([todos()], &neon()), ALL, &mut |_, _, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("--install-stand-in"), "{error}");
}

#[tokio::test]
async fn a_stand_in_is_never_put_over_the_real_thing() {
    let mut client = database("standin").await;
    client.batch_execute("create schema auth").await.unwrap();
    let refused = install_stand_in(&mut client, &neon()).await;
    assert!(matches!(refused, Err(Error::RealProvider)), "{refused:?}");
    client.batch_execute("drop schema auth").await.unwrap();
    assert_eq!(install_stand_in(&mut client, &neon()).await.unwrap(), StandIn::Installed);
    assert_eq!(install_stand_in(&mut client, &neon()).await.unwrap(), StandIn::AlreadyThere);
    let with_role = Settings { roles: vec![id("cat_stand_in_role")], ..neon() };
    client.batch_execute("drop role if exists cat_stand_in_role").await.unwrap();
    assert_eq!(install_stand_in(&mut client, &with_role).await.unwrap(), StandIn::AlreadyThere);
    client.batch_execute("set role cat_stand_in_role").await.unwrap();
}

#[tokio::test]
async fn two_at_once_wait_for_each_other() {
    let mut one = database("twice").await;
    install_stand_in(&mut one, &neon()).await.unwrap();
    let Some(mut two) = one.again("postgres").await else { return };
    let desired = schema([todos()], &neon());
    let (mut ignore, mut ignore_too) =
        (|_: usize, _: usize, _: &_| {}, |_: usize, _: usize, _: &_| {});
    let (first, second) = tokio::join!(
        apply(&mut one, &desired, &[], &mut ignore),
        apply(&mut two, &desired, &[], &mut ignore_too)
    );
    let (first, second) = (first.unwrap().plan, second.unwrap().plan);
    assert!(first.is_empty() != second.is_empty(), "one of the two does it all");
}

#[tokio::test]
async fn compare_needs_no_lock_and_leaves_nothing() {
    let (mut client, desired) = seeded("reader").await;
    let Some(other) = client.again("postgres").await else { return };
    other.batch_execute("begin; lock table todos in share row exclusive mode").await.unwrap();
    other.batch_execute("alter table todos alter task set default 'x'; rollback").await.unwrap();
    other.batch_execute("begin; lock table todos in exclusive mode").await.unwrap();
    // An exclusive lock lets readers through; anything that wants more would wait for ever.
    client.batch_execute("set lock_timeout = '2s'; set search_path = public, auth").await.unwrap();
    assert_in_sync(&mut client, &desired).await;
    let path: String = client.query_one("show search_path", &[]).await.unwrap().get(0);
    assert_eq!(path, "public, auth");
    let probes =
        client.query("select from pg_proc where proname = 'rls_probe'", &[]).await.unwrap();
    assert!(probes.is_empty());
}

#[tokio::test]
async fn blanket_grants_reach_undeclared_tables_only_with_leave() {
    let mut client = database("blanket").await;
    install_stand_in(&mut client, &neon()).await.unwrap();
    client.batch_execute("create table other (n int)").await.unwrap();
    let desired = schema([todos()], &Settings { grants: Grants::Schema, ..neon() });
    let refused = apply(&mut client, &desired, &[], &mut |_, _, _| {}).await;
    assert!(matches!(refused, Err(Error::RefusedHazards(_))), "{refused:?}");
    converge(&mut client, &desired).await;
    client.batch_execute("create table third (n int)").await.unwrap();
    assert_in_sync(&mut client, &desired).await;
    client.batch_execute("revoke delete on third from anonymous").await.unwrap();
    assert!(!compare(&mut client, &desired).await.unwrap().plan.is_empty());
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn policies_change_their_kind_command_and_clauses() {
    let mut client = database("changes").await;
    create_role(&client, "cat_user").await;
    let mut t = table("t");
    t.columns = vec![column("n", "integer"), column("s", "text")];
    let user = [role("cat_user")];
    let with = |p: Policy| {
        let mut t = t.clone();
        t.policies.insert(id("p"), p);
        schema([t], &plain(&["cat_user"]))
    };
    let restrictive = |p: Policy| Policy { kind: PolicyKind::Restrictive, ..p };
    for policy in [
        policy(Command::All, &user, Some("n = 1"), Some("n = 2")),
        policy(Command::Select, &user, Some("n = 1"), None),
        restrictive(policy(Command::Select, &user, Some("n = 1"), None)),
        restrictive(policy(Command::All, &user, Some("n = 1"), None)),
        policy(Command::All, &user, Some("n = 1"), None),
        policy(Command::Update, &user, Some("n = 1"), Some("s = 'a  b'")),
        policy(Command::Update, &user, Some("n = 1"), Some("s = 'a b'")),
        policy(Command::Update, &user, Some("n = 1"), None),
        policy(Command::Insert, &[Grantee::Public], None, Some("n = 1")),
    ] {
        let desired = with(policy.clone());
        assert!(!compare(&mut client, &desired).await.unwrap().plan.is_empty(), "{policy:?}");
        converge(&mut client, &desired).await;
    }
}

#[tokio::test]
async fn columns_come_go_and_change_under_a_policy() {
    let mut client = database("columns").await;
    create_role(&client, "cat_user").await;
    let user = [role("cat_user")];
    let mut t = table("t");
    t.columns = vec![column("n", "integer"), column("s", "text")];
    t.policies.insert(id("p"), policy(Command::Select, &user, Some("n = 1 and s = 'a'"), None));
    converge(&mut client, &schema([t.clone()], &plain(&["cat_user"]))).await;
    t.columns = vec![with_default("n", "bigint", "-1"), column("new", "varchar(5)")];
    t.policies.insert(id("p"), policy(Command::Select, &user, Some("n = 1 and new = 'a'"), None));
    converge(&mut client, &schema([t.clone()], &plain(&["cat_user"]))).await;
}
