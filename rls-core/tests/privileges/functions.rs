//! Functions that read with the rights of their owner, and who may call them.

use rls_core::apply::{Error, apply};
use rls_core::diff::Change;
use rls_core::model::*;
use rls_core::plan::{HazardKind, Plan};
use tokio_postgres::Client;

use crate::support::*;
use crate::{
    asks, converge, found, kinds, on_table, public, settings, there_and_back, three_columns, with,
};

fn private(name: &str) -> QualifiedName {
    QualifiedName::new(id(PRIVATE_SCHEMA), id(name))
}

fn function(name: &str, argument: (&str, &str), returns: &str, body: &str) -> Function {
    let ty = |text| PgType::parse(text).unwrap();
    let argument = Argument::named(id(argument.0), ty(argument.1));
    Function::lookup(private(name), vec![argument], ty(returns), Sql::new(body))
}

/// A table whose policy asks a function about another table.
pub fn asking(role_name: &str, function: Option<Function>) -> Schema {
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
        schema.functions.insert(function.routine(), function);
    }
    schema
}

fn execute(role_name: &str, function: &Function) -> Grant {
    let object = GrantObject::Function(function.name.clone());
    Grant { object, grantee: role(role_name), privilege: Privilege::Execute }
}

pub const BODY: &str = "SELECT EXISTS (SELECT FROM public.members AS m WHERE m.team = is_member.team AND m.name <> '$fn$')";

pub fn is_member(body: &str) -> Function {
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
        let client = there_and_back("pr_fn", &one, &other).await;
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
    let narrows: &[HazardKind] = &[HazardKind::NarrowsAccess];
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
        ("alter function rls_private.is_member owner to pr_nobody", changes),
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
