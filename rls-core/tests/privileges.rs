//! Least privilege against a real server: columns, functions, sequences, roles and FORCE, there and
//! back again.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;

use rls_core::apply::{Comparison, Error, apply, compare};
use rls_core::diff::{Canonical, Change, Pair};
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

/// One, the other, and the one again; and the same way by snapshots alone, on another database.
async fn there_and_back(name: &str, prepare: &str, one: &Schema, other: &Schema) -> Database {
    let mut client = database(name).await;
    client.batch_execute(prepare).await.unwrap();
    for desired in [one, other, one, other] {
        let plan = converge(&mut client, desired).await;
        assert!(!plan.is_empty());
    }
    let mut by_file = database(&format!("{name}_files")).await;
    by_file.batch_execute(prepare).await.unwrap();
    let mut previous = Schema::new_database();
    for next in [one, other, one, other] {
        let schemas = Pair { previous: &previous, next };
        let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
        by_file
            .batch_execute(&plan.to_sql())
            .await
            .unwrap_or_else(|e| panic!("{e}\n{}", plan.to_sql()));
        let left = found(&mut by_file, next).await.plan;
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

// Columns

#[tokio::test]
async fn columns_there_and_back() {
    let bare = schema([three_columns()], &settings(&["pr_col"]));
    let one = with(
        bare.clone(),
        [
            on_column("pr_col", "a", Privilege::Select),
            on_column("pr_col", "b", Privilege::Select),
            on_column("pr_col", "b", Privilege::Update),
            on_column("pr_col", "c", Privilege::References),
        ],
    );
    let other = with(
        bare,
        [on_column("pr_col", "c", Privilege::Insert), on_column("pr_col", "a", Privilege::Select)],
    );
    assert!(
        one.to_sql().contains(
            "GRANT SELECT (a, b), UPDATE (b), REFERENCES (c) ON TABLE public.t TO pr_col;"
        )
    );
    let client = there_and_back("pr_columns", "", &one, &other).await;
    assert!(may(&client, "pr_col", "a", "select").await);
    assert!(may(&client, "pr_col", "c", "insert").await);
    for (column, privilege) in [("b", "select"), ("b", "update"), ("c", "references")] {
        assert!(!may(&client, "pr_col", column, privilege).await, "{column} {privilege}");
    }
}

#[tokio::test]
async fn from_the_table_to_its_columns_and_back() {
    let bare = schema([three_columns()], &settings(&["pr_wide"]));
    let wide = with(
        bare.clone(),
        [on_table("pr_wide", Privilege::Select), on_table("pr_wide", Privilege::Delete)],
    );
    let narrow = with(
        bare,
        [on_column("pr_wide", "a", Privilege::Select), on_table("pr_wide", Privilege::Delete)],
    );
    let mut client = there_and_back("pr_wide", "", &wide, &narrow).await;
    assert!(may(&client, "pr_wide", "a", "select").await);
    assert!(!may(&client, "pr_wide", "b", "select").await);

    // Less is no hazard, more is.
    let plan = found(&mut client, &wide).await.plan;
    assert_eq!(kinds(&plan), [HazardKind::WidensAccess].into());
    converge(&mut client, &wide).await;
    let plan = found(&mut client, &narrow).await.plan;
    assert!(kinds(&plan).is_empty(), "{:?}", plan.steps);
}

#[tokio::test]
async fn what_a_revoke_on_the_table_takes_along_is_granted_again() {
    let bare = schema([three_columns()], &settings(&["pr_again", "pr_bystander"]));
    let columns = [
        on_column("pr_again", "a", Privilege::Select),
        on_column("pr_again", "b", Privilege::Update),
        on_column("pr_bystander", "a", Privilege::Select),
    ];
    let both = with(with(bare.clone(), columns.clone()), [on_table("pr_again", Privilege::Select)]);
    let columns = with(bare, columns);
    let mut client = there_and_back("pr_again", "", &both, &columns).await;
    converge(&mut client, &both).await;
    let plan = converge(&mut client, &columns).await;
    assert_eq!(
        plan.to_sql(),
        "REVOKE SELECT ON TABLE public.t FROM pr_again;\nGRANT SELECT (a) ON TABLE public.t TO pr_again;\n"
    );
    assert!(may(&client, "pr_again", "a", "select").await);
    assert!(may(&client, "pr_again", "b", "update").await);
    assert!(may(&client, "pr_bystander", "a", "select").await);
    assert!(!may(&client, "pr_again", "b", "select").await);
}

#[tokio::test]
async fn what_a_revoke_on_all_tables_takes_along_is_granted_again() {
    let bare = schema([three_columns()], &settings(&["pr_all"]));
    let columns = with(bare, [on_column("pr_all", "a", Privilege::Select)]);
    let all = |object| Grant { object, grantee: role("pr_all"), privilege: Privilege::Select };
    let blanket = with(
        columns.clone(),
        [all(GrantObject::AllTables(id("public"))), all(GrantObject::Table(public("t")))],
    );
    let client = there_and_back("pr_all", "", &blanket, &columns).await;
    assert!(may(&client, "pr_all", "a", "select").await);
    assert!(!may(&client, "pr_all", "b", "select").await);
}

#[tokio::test]
async fn a_column_goes_with_its_privileges_and_comes_without() {
    let settings = settings(&["pr_gone"]);
    let one = with(
        schema([three_columns()], &settings),
        [
            on_column("pr_gone", "a", Privilege::Select),
            on_column("pr_gone", "b", Privilege::Select),
        ],
    );
    let mut t = three_columns();
    t.columns.retain(|column| column.name.as_str() != "b");
    let other = with(schema([t], &settings), [on_column("pr_gone", "a", Privilege::Select)]);
    let mut client = there_and_back("pr_gone", "", &one, &other).await;
    converge(&mut client, &one).await;
    let plan = converge(&mut client, &other).await;
    assert_eq!(plan.to_sql(), "ALTER TABLE public.t DROP COLUMN b;\n");
}

#[tokio::test]
async fn drift_on_columns_is_revoked() {
    let desired = schema([three_columns()], &settings(&["pr_drift"]));
    let mut client = database("pr_drift").await;
    converge(&mut client, &desired).await;
    client
        .batch_execute("grant select (a), update (b) on t to pr_drift; grant insert (c), select (ctid) on t to public")
        .await
        .unwrap();
    let plan = converge(&mut client, &desired).await;
    assert!(kinds(&plan).is_empty());
    assert!(!may(&client, "pr_drift", "a", "select").await);
    assert!(!may(&client, "pr_drift", "c", "insert").await);
}

// Sequences

#[tokio::test]
async fn sequences_there_and_back() {
    let bare = schema([three_columns()], &settings(&["pr_seq"]));
    let on = |privilege| Grant {
        object: GrantObject::Sequence(public("Numbers")),
        grantee: role("pr_seq"),
        privilege,
    };
    let one = with(bare.clone(), [on(Privilege::Usage)]);
    let other = with(bare.clone(), [on(Privilege::Select), on(Privilege::Update)]);
    let mut client = database("pr_seq").await;
    client.batch_execute("create sequence \"Numbers\"").await.unwrap();
    let may = async |client: &Client, privilege: &str| {
        let question = format!("has_sequence_privilege('pr_seq', '\"Numbers\"', '{privilege}')");
        asks(client, &question).await
    };
    let mut previous = bare.clone();
    converge(&mut client, &bare).await;
    for next in [&one, &other, &one, &bare] {
        let schemas = Pair { previous: &previous, next };
        let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
        client.batch_execute(&plan.to_sql()).await.unwrap();
        assert!(found(&mut client, next).await.plan.is_empty());
        assert_eq!(may(&client, "usage").await, next == &one);
        assert_eq!(may(&client, "update").await, next == &other);
        previous = next.clone();
    }

    // A database alone does not say whose the privileges are that nobody asks for.
    let granted = converge(&mut client, &one).await;
    assert_eq!(granted.to_sql(), "GRANT USAGE ON SEQUENCE public.\"Numbers\" TO pr_seq;\n");
    assert!(found(&mut client, &bare).await.plan.is_empty());
}

// Functions

fn private(name: &str) -> QualifiedName {
    QualifiedName::new(id(PRIVATE_SCHEMA), id(name))
}

fn function(name: &str, argument: (&str, &str), returns: &str, body: &str) -> Function {
    let ty = |text| PgType::parse(text).unwrap();
    Function {
        name: private(name),
        arguments: vec![Argument { name: id(argument.0), ty: ty(argument.1) }],
        returns: ty(returns),
        body: Sql::new(body),
    }
}

/// A table whose policy asks a function about another table.
fn asking(role_name: &str, function: Option<Function>) -> Schema {
    let user = [role(role_name)];
    let mut t = three_columns();
    let mut members = table("members");
    members.columns = vec![column("team", "integer"), column("name", "text")];
    let all = "true".to_owned();
    let text = match &function {
        Some(function) => format!("{}.{}(a)", PRIVATE_SCHEMA, function.name.name),
        None => all,
    };
    t.policies.insert(id("p"), policy(Command::Select, &user, Some(&text), None));
    let mut schema = schema([t, members], &settings(&[role_name, "pr_nobody"]));
    schema.grants.insert(on_table(role_name, Privilege::Select));
    if let Some(function) = function {
        schema.namespaces.insert(id(PRIVATE_SCHEMA));
        schema.grants.insert(execute(role_name, &function));
        schema.functions.insert(function.name.clone(), function);
    }
    schema
}

fn execute(role_name: &str, function: &Function) -> Grant {
    let object = GrantObject::Function(function.name.clone());
    Grant { object, grantee: role(role_name), privilege: Privilege::Execute }
}

const BODY: &str = "SELECT EXISTS (SELECT FROM public.members AS m WHERE m.team = is_member.team AND m.name <> '$fn$')";

fn is_member(body: &str) -> Function {
    function("is_member", ("team", "integer"), "boolean", body)
}

#[tokio::test]
async fn functions_there_and_back() {
    let one = asking("pr_fn", Some(is_member(BODY)));
    for other in [
        asking("pr_fn", None),
        asking("pr_fn", Some(is_member("SELECT is_member.team > 7"))),
        asking(
            "pr_fn",
            Some(function("is_member", ("other", "integer"), "boolean", "SELECT other > 7")),
        ),
        asking(
            "pr_fn",
            Some(function("is_member", ("team", "bigint"), "boolean", "SELECT is_member.team > 7")),
        ),
        asking(
            "pr_fn",
            Some(function("elsewhere", ("team", "varchar(20)"), "boolean", "SELECT true")),
        ),
    ] {
        // A column becomes what the function takes.
        let mut other = other;
        if let Some(function) = other.functions.values().next() {
            let ty = function.arguments[0].ty.clone();
            let t = other.tables.get_mut(&public("t")).unwrap();
            t.columns[0].ty = ty;
        }
        let client = there_and_back("pr_fn", "", &one, &other).await;
        assert!(!asks(&client, "has_schema_privilege('pr_fn', 'rls_private', 'usage')").await);
    }
}

#[tokio::test]
async fn a_policy_calls_what_its_role_cannot_read() {
    let mut client = database("pr_calls").await;
    converge(&mut client, &asking("pr_calls", Some(is_member(BODY)))).await;
    client
        .batch_execute(
            "insert into t values (1, 1, 1), (2, 2, 2); insert into members values (2, 'ann');
             grant usage on schema public to pr_calls; set role pr_calls",
        )
        .await
        .unwrap();
    let rows = client.query("select a from t", &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [2]);
    assert!(client.query("select from members", &[]).await.is_err());
    assert!(client.query("select rls_private.is_member(2)", &[]).await.is_err());
}

/// Runs a plan step by step, and asks after each.
async fn after_each_step(client: &mut Client, plan: &Plan, never: &str) {
    let transaction = client.transaction().await.unwrap();
    for step in &plan.steps {
        for statement in &step.statements {
            transaction
                .batch_execute(statement)
                .await
                .unwrap_or_else(|e| panic!("{e}\n{statement}"));
        }
        let row = transaction.query_one(&format!("select {never}"), &[]).await.unwrap();
        assert!(!row.get::<_, bool>(0), "after {:?}", step.statements);
    }
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_function_is_never_anybody_elses() {
    let mut client = database("pr_never").await;
    client
        .batch_execute(
            "do $$ begin create role pr_stranger; exception when duplicate_object then null; end $$;
             do $$ begin create role pr_nobody; exception when duplicate_object then null; end $$;
             alter default privileges grant execute on functions to pr_nobody",
        )
        .await
        .unwrap();
    let never = "coalesce(bool_or(has_function_privilege(r.rolname, p.oid, 'execute')), false)
        from pg_proc p, pg_roles r where p.pronamespace = to_regnamespace('rls_private')
        and r.rolname in ('pr_nobody', 'pr_stranger')";
    let changed = is_member("SELECT is_member.team > 7");
    let wider = function("is_member", ("team", "bigint"), "boolean", BODY);
    for next in [is_member(BODY), changed, wider] {
        let desired = asking("pr_never", Some(next));
        let plan = found(&mut client, &desired).await.plan;
        assert!(plan.steps.iter().any(|step| matches!(step.change, Change::CreateFunction { .. })));
        after_each_step(&mut client, &plan, never).await;
        let left = found(&mut client, &desired).await.plan;
        assert!(left.is_empty(), "{}", left.to_sql());
    }
}

#[tokio::test]
async fn drift_of_a_function_is_repaired() {
    let desired = asking("pr_fdrift", Some(is_member(BODY)));
    let mut client = database("pr_fdrift").await;
    converge(&mut client, &desired).await;
    let narrows: &[HazardKind] = &[];
    let changes: &[HazardKind] = &[HazardKind::WidensAccess];
    for (by_hand, hazards) in [
        ("grant execute on function rls_private.is_member to public", narrows),
        ("grant execute on function rls_private.is_member to pr_nobody", narrows),
        ("revoke execute on function rls_private.is_member from pr_fdrift", changes),
        ("alter function rls_private.is_member security invoker", changes),
        ("alter function rls_private.is_member volatile", changes),
        ("alter function rls_private.is_member strict", changes),
        ("alter function rls_private.is_member leakproof", changes),
        ("alter function rls_private.is_member parallel unsafe", changes),
        ("alter function rls_private.is_member reset search_path", changes),
        ("alter function rls_private.is_member set search_path = public", changes),
        ("alter function rls_private.is_member set work_mem = '1MB'", changes),
        (
            "create or replace function rls_private.is_member(team int) returns boolean language sql
             stable parallel safe security definer set search_path = '' as 'select true'",
            changes,
        ),
        (
            "create function rls_private.is_member(team text) returns boolean language sql as 'select true'",
            changes,
        ),
    ] {
        client.batch_execute(by_hand).await.unwrap();
        let plan = found(&mut client, &desired).await.plan;
        assert!(!plan.is_empty(), "not seen: {by_hand}");
        assert_eq!(kinds(&plan), hazards.iter().copied().collect(), "{by_hand}\n{}", plan.to_sql());
        converge(&mut client, &desired).await;
    }
    assert!(
        asks(
            &client,
            "has_function_privilege('pr_fdrift', 'rls_private.is_member(int)', 'execute')"
        )
        .await
    );
    assert!(
        !asks(
            &client,
            "has_function_privilege('pr_nobody', 'rls_private.is_member(int)', 'execute')"
        )
        .await
    );
}

#[tokio::test]
async fn what_nobody_declares_goes_from_the_private_schema_only_with_leave() {
    let desired = asking("pr_stray", Some(is_member(BODY)));
    let mut client = database("pr_stray").await;
    converge(&mut client, &desired).await;
    client
        .batch_execute(
            "create function rls_private.stray(int, character varying[]) returns setof int language plpgsql as 'begin end';
             create procedure rls_private.proc(t public.t) language sql as 'select 1';
             create aggregate rls_private.agg(int) (sfunc = int4pl, stype = int);
             create function public.is_member() returns int language sql as 'select 1'",
        )
        .await
        .unwrap();
    let plan = found(&mut client, &desired).await.plan;
    assert_eq!(plan.steps.len(), 3, "{}", plan.to_sql());
    assert_eq!(kinds(&plan), [HazardKind::DropsUndeclared].into());
    let refused = apply(&mut client, &desired, &[], &mut |_, _, _| {}).await;
    assert!(matches!(refused, Err(Error::RefusedHazards(_))), "{refused:?}");
    converge(&mut client, &desired).await;
    assert!(
        asks(&client, "count(*) = 1 from pg_proc where pronamespace = 'rls_private'::regnamespace")
            .await
    );
    assert!(asks(&client, "count(*) = 1 from pg_proc where proname = 'is_member' and pronamespace = 'public'::regnamespace").await);
}

#[tokio::test]
async fn functions_of_others_are_asked_for_one_by_one() {
    let bare = schema([three_columns()], &settings(&["pr_others"]));
    let object = GrantObject::Function(public("answer"));
    let asked = with(
        bare.clone(),
        [Grant { object, grantee: role("pr_others"), privilege: Privilege::Execute }],
    );
    let mut client = database("pr_others").await;
    client
        .batch_execute("create function answer() returns int language sql as 'select 42'")
        .await
        .unwrap();
    converge(&mut client, &bare).await;
    // Everybody may: that is as good.
    assert!(found(&mut client, &asked).await.plan.is_empty());
    client.batch_execute("revoke execute on function answer from public").await.unwrap();
    let plan = converge(&mut client, &asked).await;
    assert_eq!(plan.to_sql(), "GRANT EXECUTE ON FUNCTION public.answer TO pr_others;\n");
    assert!(asks(&client, "has_function_privilege('pr_others', 'answer()', 'execute')").await);
}

// Roles

async fn forget(client: &Client, roles: &[&str]) {
    for role in roles {
        client.batch_execute(&format!("drop role if exists \"{role}\"")).await.unwrap();
    }
}

fn managing(roles: &[(&str, Role)], existing: &[&str]) -> Schema {
    let managed_roles = roles.iter().map(|(name, role)| (id(name), role.clone())).collect();
    schema([three_columns()], &Settings { managed_roles, ..plain(existing) })
}

fn member(of: &[&str]) -> Role {
    Role { member_of: of.iter().map(|name| id(name)).collect(), ..Role::default() }
}

#[tokio::test]
async fn roles_there_and_back() {
    let mut client = database("pr_roles").await;
    let (child, parent) = ("pr \"child", "pr_parent$do$");
    forget(
        &client,
        &[child, parent].map(|name| name.replace('"', "\"\"")).each_ref().map(String::as_str),
    )
    .await;
    let one = managing(&[(child, member(&[parent])), (parent, Role::default())], &[]);
    let other = managing(
        &[
            (child, Role { login: true, inherit: false, bypass_rls: true, ..Role::default() }),
            (parent, member(&[child])),
        ],
        &[],
    );
    let live = found(&mut client, &one).await.live;
    assert!(live.missing_roles.is_empty() && live.schema.roles.is_empty());
    for desired in [&one, &other, &one, &other] {
        let plan = converge(&mut client, desired).await;
        assert!(!plan.is_empty());
        assert_eq!(found(&mut client, desired).await.live.schema.roles, desired.roles);
        asks_member(&client, child, parent, desired).await;
    }
}

/// The child is a member of the parent, or the other way round, as it is declared.
async fn asks_member(client: &Client, child: &str, parent: &str, desired: &Schema) {
    let declared = desired.roles[&id(child)].member_of.contains(&id(parent));
    let member = "select count(*) = 1 from pg_auth_members
        where roleid = (select oid from pg_roles where rolname = $1)
          and member = (select oid from pg_roles where rolname = $2)";
    let upwards: bool = client.query_one(member, &[&parent, &child]).await.unwrap().get(0);
    let downwards: bool = client.query_one(member, &[&child, &parent]).await.unwrap().get(0);
    assert_eq!((upwards, downwards), (declared, !declared));
}

#[tokio::test]
async fn roles_by_snapshots_are_made_where_they_are_missing() {
    let client = database("pr_rfiles").await;
    forget(&client, &["pr_made", "pr_above"]).await;
    let desired =
        managing(&[("pr_made", member(&["pr_above"])), ("pr_above", Role::default())], &[]);
    let sql = desired.to_sql();
    client.batch_execute(&sql).await.unwrap();
    assert!(asks(&client, "pg_has_role('pr_made', 'pr_above', 'usage')").await);
    assert!(!asks(&client, "pg_has_role('pr_above', 'pr_made', 'usage')").await);
    drop(client);
    // Another database of the same server.
    let mut client = database("pr_rfiles_2").await;
    client.batch_execute(&sql).await.unwrap();
    assert!(found(&mut client, &desired).await.plan.is_empty());
}

#[tokio::test]
async fn a_managed_role_loses_what_is_not_declared() {
    let mut client = database("pr_powers").await;
    forget(&client, &["pr_powers"]).await;
    create_role(&client, "pr_existing").await;
    create_role(&client, "pr_foreign").await;
    let desired = managing(&[("pr_powers", Role::default())], &["pr_existing"]);
    converge(&mut client, &desired).await;
    client
        .batch_execute(
            "alter role pr_powers superuser createdb createrole replication bypassrls login;
             grant pr_existing, pr_foreign to pr_powers",
        )
        .await
        .unwrap();
    let before = found(&mut client, &desired).await;
    assert!(kinds(&before.plan).is_empty(), "less is no hazard");
    assert_eq!(
        before.plan.to_sql(),
        "ALTER ROLE pr_powers NOLOGIN NOBYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;\n\
         REVOKE pr_existing FROM pr_powers;\n"
    );
    assert!(
        before.live.notes.iter().any(|note| note.contains("member of pr_foreign")),
        "{:?}",
        before.live.notes
    );
    converge(&mut client, &desired).await;
    assert!(!asks(&client, "pg_has_role('pr_powers', 'pr_existing', 'member')").await);
    assert!(asks(&client, "pg_has_role('pr_powers', 'pr_foreign', 'member')").await);
    client.batch_execute("revoke pr_foreign from pr_powers").await.unwrap();
}

#[tokio::test]
async fn gaining_a_membership_or_the_way_past_policies_is_a_hazard() {
    let mut client = database("pr_gain").await;
    forget(&client, &["pr_gain", "pr_gain_2"]).await;
    let plain = managing(&[("pr_gain", Role::default()), ("pr_gain_2", Role::default())], &[]);
    converge(&mut client, &plain).await;
    let bypass = Role { bypass_rls: true, ..Role::default() };
    for gained in [member(&["pr_gain_2"]), bypass.clone()] {
        let desired = managing(&[("pr_gain", gained), ("pr_gain_2", Role::default())], &[]);
        let plan = found(&mut client, &desired).await.plan;
        assert_eq!(plan.steps.len(), 1, "{}", plan.to_sql());
        assert_eq!(kinds(&plan), [HazardKind::WidensAccess].into(), "{}", plan.to_sql());
    }
    // What is lost is lost first, what is gained is gained last.
    let mixed = managing(&[("pr_gain", bypass), ("pr_gain_2", Role::default())], &[]);
    converge(&mut client, &mixed).await;
    let other = Role { login: true, ..Role::default() };
    let mut swapped = managing(&[("pr_gain", other), ("pr_gain_2", Role::default())], &[]);
    swapped.grants.insert(on_table("pr_gain", Privilege::Select));
    let plan = converge(&mut client, &swapped).await;
    assert_eq!(
        plan.to_sql(),
        "ALTER ROLE pr_gain NOBYPASSRLS;\nGRANT SELECT ON TABLE public.t TO pr_gain;\nALTER ROLE pr_gain LOGIN;\n"
    );
}

#[tokio::test]
async fn a_role_that_is_no_longer_declared_is_left() {
    let mut client = database("pr_left").await;
    forget(&client, &["pr_left"]).await;
    converge(&mut client, &managing(&[("pr_left", Role::default())], &[])).await;
    converge(&mut client, &managing(&[], &[])).await;
    assert!(asks(&client, "exists (select from pg_roles where rolname = 'pr_left')").await);
}

// Row security

#[tokio::test]
async fn force_there_and_stays() {
    let enabled = schema([three_columns()], &plain(&[]));
    let force = [id("public")].into();
    let forced = schema([three_columns()], &Settings { force, ..plain(&[]) });
    let disabled =
        schema([Table { row_security: RowSecurity::Disabled, ..three_columns() }], &plain(&[]));
    let state = "concat(relrowsecurity, relforcerowsecurity) from pg_class where relname = 't'";
    let row_security = async |client: &Client| -> String {
        client.query_one(&format!("select {state}"), &[]).await.unwrap().get(0)
    };
    for (name, from, to) in
        [("force_1", "ff", "tt"), ("force_2", "tf", "tt"), ("force_3", "ft", "tt")]
    {
        let mut client = database(&format!("pr_{name}")).await;
        converge(&mut client, &disabled).await;
        assert_eq!(row_security(&client).await, "ff");
        if from.starts_with('t') {
            client.batch_execute("alter table t enable row level security").await.unwrap();
        }
        if from.ends_with('t') {
            client.batch_execute("alter table t force row level security").await.unwrap();
        }
        let plan = converge(&mut client, &forced).await;
        assert!(!plan.is_empty() && kinds(&plan).is_empty());
        assert_eq!(row_security(&client).await, to);
        for less in [&enabled, &disabled] {
            assert!(converge(&mut client, less).await.is_empty());
            assert_eq!(row_security(&client).await, "tt");
        }
        let notes = found(&mut client, &disabled).await.live.notes;
        assert!(notes.iter().any(|note| note.contains("it is never disabled")), "{notes:?}");
    }
    let mut client = database("pr_force_new").await;
    converge(&mut client, &forced).await;
    assert_eq!(row_security(&client).await, "tt");
}

// Snapshots

#[cfg(feature = "serde")]
#[test]
fn snapshots_keep_all_of_it() {
    let mut schema = asking("pr_json", Some(is_member(BODY)));
    schema.grants.insert(on_column("pr_json", "a", Privilege::Update));
    let roles = managing(&[("pr_json", member(&["pr_other"])), ("pr_other", Role::default())], &[]);
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
