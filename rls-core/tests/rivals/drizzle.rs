//! Faults of drizzle-kit's `generate` and `push`.

use rls_core::policy::crud::Crud;
use rls_core::resolve::resolve;

use super::support::owner::owned;
use super::*;

fn crud(roles: &[&str], predicate: Option<Expr>) -> Crud {
    Crud {
        roles: roles.iter().map(|name| role(name)).collect(),
        select: predicate.clone(),
        insert: predicate.clone(),
        update: predicate.clone().map(Into::into),
        delete: predicate,
    }
}

/// Null for everything was taken for no row security at all.
#[tokio::test]
async fn a_table_that_nobody_may_touch_is_not_left_open() {
    let mut client = owned("rival_null").await;
    let mut table = docs(None);
    table.policies = crud(&["reader"], None).policies().unwrap();
    assert!(table.policies.is_empty());
    converge(&mut client, &schema([table], &plain(&["reader"]))).await;
    let enabled = "SELECT relrowsecurity FROM pg_class WHERE oid = 'docs'::regclass";
    assert_eq!(text(&client, enabled).await, "true");
}

/// `INSERT .. USING` is an error of the server's.
#[tokio::test]
async fn a_policy_for_insert_never_has_using() {
    let mut client = owned("rival_insert").await;
    let mut table = docs(None);
    table.policies =
        crud(&["reader"], Some(Expr::Literal(Literal::Bool(true)))).policies().unwrap();
    converge(&mut client, &schema([table], &plain(&["reader"]))).await;
    let clauses =
        "SELECT polqual IS NULL AND polwithcheck IS NOT NULL FROM pg_policy WHERE polcmd = 'a'";
    assert_eq!(text(&client, clauses).await, "true");
}

/// Long lists of roles were cut at 63 bytes, where the four names are one.
#[tokio::test]
async fn names_of_policies_for_many_roles_do_not_collide() {
    let mut client = owned("rival_names").await;
    let names: Vec<_> = (0..9).map(|at| format!("rival_role_number_{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    add_roles(&client, &names).await;
    let mut table = docs(None);
    table.policies = crud(&names, Some(Expr::Literal(Literal::Bool(true)))).policies().unwrap();
    assert_eq!(table.policies.len(), 4);
    converge(&mut client, &schema([table], &plain(&names))).await;
    assert_eq!(text(&client, "SELECT count(*) FROM pg_policies").await, "4");
}

/// `--` cut the statement in two, and what came behind, WITH CHECK, was lost.
#[tokio::test]
async fn two_dashes_in_a_literal_begin_no_comment() {
    let mut client = owned("rival_dashes").await;
    let both = policy(
        Command::Update,
        &[role("reader")],
        Some("title <> '-- nothing /*'"),
        Some("title <> 'a -- b; drop table docs'"),
    );
    converge(&mut client, &compiled(Some(both))).await;
    let check = text(&client, "SELECT with_check FROM pg_policies").await;
    assert!(check.contains("'a -- b; drop table docs'"), "{check}");
}

/// Without its last policy the table was opened first, and then lost the policy.
#[tokio::test]
async fn when_the_last_policy_goes_row_security_stays() {
    let mut client = owned("rival_last").await;
    converge(&mut client, &compiled(Some(reads("true")))).await;
    let plan = converge(&mut client, &compiled(None)).await;
    assert!(!plan.to_sql().contains("DISABLE"), "{}", plan.to_sql());
    assert!(place(&plan, "REVOKE") < place(&plan, "DROP POLICY"), "{}", plan.to_sql());
}

/// The names of roles were not quoted where a policy changes.
#[tokio::test]
async fn a_role_keeps_its_capitals_and_spaces_when_a_policy_changes() {
    let mut client = owned("rival_roles").await;
    let names = ["Front Desk", "front desk", "select"];
    add_roles(&client, &names).await;
    for roles in
        [vec![role("reader")], vec![role("Front Desk"), role("select")], vec![role("front desk")]]
    {
        let policy = policy(Command::Select, &roles, Some("true"), None);
        let desired =
            schema([docs(Some(policy))], &plain(&["reader", "Front Desk", "front desk", "select"]));
        converge(&mut client, &desired).await;
        let names: Vec<_> = roles.iter().map(Grantee::as_str).collect();
        let live = text(&client, "SELECT array_to_string(roles, ',') FROM pg_policies").await;
        assert_eq!(
            live.split(',').collect::<std::collections::BTreeSet<_>>(),
            names.into_iter().collect()
        );
    }
}

/// A role was dropped before the policies that name it, which the server refuses.
#[tokio::test]
async fn a_role_that_is_declared_no_more_is_not_dropped() {
    let mut client = owned("rival_gone").await;
    add_roles(&client, &["rival_gone_role"]).await;
    let of = |name: &str| {
        let policy = policy(Command::Select, &[role(name)], Some("true"), None);
        schema([docs(Some(policy))], &plain(&["reader", name]))
    };
    converge(&mut client, &of("rival_gone_role")).await;
    let plan = converge(&mut client, &of("reader")).await;
    assert!(!plan.to_sql().contains("DROP ROLE"), "{}", plan.to_sql());
}

/// Another role of a crud policy was a question, and an error where nobody could answer.
#[tokio::test]
async fn a_crud_policy_for_another_role_is_no_question() {
    let mut client = owned("rival_question").await;
    add_roles(&client, &["rival_other"]).await;
    for name in ["reader", "rival_other"] {
        let mut table = docs(None);
        table.policies = crud(&[name], Some(Expr::owned_by("ownerId"))).policies().unwrap();
        converge(&mut client, &schema([table], &plain(&["reader", "rival_other"]))).await;
    }
    assert_eq!(
        text(&client, "SELECT DISTINCT array_to_string(roles, ',') FROM pg_policies").await,
        "rival_other"
    );
}

/// `push` dropped USING and WITH CHECK: a restrictive policy without them lets everything pass.
#[tokio::test]
async fn a_restrictive_policy_is_never_made_without_its_predicates() {
    let mut client = owned("rival_open").await;
    let narrow = policy(Command::All, &[role("reader")], Some("id > 0"), Some("id > 1"));
    let desired = compiled(Some(Policy { kind: PolicyKind::Restrictive, ..narrow }));
    converge(&mut client, &desired).await;
    let whole = "SELECT permissive || qual || with_check FROM pg_policies";
    assert_eq!(text(&client, whole).await, "RESTRICTIVE(id > 0)(id > 1)");
    client
        .batch_execute("DROP POLICY p ON docs; CREATE POLICY p ON docs AS RESTRICTIVE TO reader")
        .await
        .unwrap();
    assert!(!planned(&mut client, &desired).await.is_empty());
    converge(&mut client, &desired).await;
    assert_eq!(text(&client, whole).await, "RESTRICTIVE(id > 0)(id > 1)");
}

/// `default (auth.user_id())` never converged.
#[tokio::test]
async fn a_default_that_asks_the_provider_is_no_difference() {
    let mut client = database("rival_default").await;
    client.batch_execute(&rls_core::render::stand_in(&neon())).await.unwrap();
    converge(&mut client, &schema([todos()], &neon())).await;
    client
        .batch_execute("ALTER TABLE todos ALTER user_id SET DEFAULT (  auth.user_id ( ) )")
        .await
        .unwrap();
    assert!(planned(&mut client, &schema([todos()], &neon())).await.is_empty());
}

/// Roles and schemas that are not declared were dropped, `auth` among them.
#[tokio::test]
async fn schemas_and_roles_of_others_are_not_dropped() {
    let mut client = owned("rival_others").await;
    add_roles(&client, &["rival_stranger"]).await;
    client
        .batch_execute(
            "CREATE SCHEMA auth; CREATE TABLE auth.users (id int); CREATE TABLE strange ()",
        )
        .await
        .unwrap();
    converge(&mut client, &compiled(Some(reads("true")))).await;
    let plan = converge(&mut client, &compiled(None)).await;
    assert!(
        !plan.to_sql().contains("strange") && !plan.to_sql().contains("auth"),
        "{}",
        plan.to_sql()
    );
    let there = "SELECT to_regclass('auth.users') IS NOT NULL AND to_regclass('strange') IS NOT NULL \
        AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'rival_stranger')";
    assert_eq!(text(&client, there).await, "true");
}

/// There was no way to say that a table does without.
#[tokio::test]
async fn a_table_may_do_without_row_security() {
    let mut client = owned("rival_switch").await;
    let mut table = docs(None);
    table.row_security = RowSecurity::Disabled;
    let desired = schema([table], &plain(&["reader"]));
    converge(&mut client, &desired).await;
    let enabled = "SELECT relrowsecurity FROM pg_class WHERE oid = 'docs'::regclass";
    assert_eq!(text(&client, enabled).await, "false");
}

/// Expressions went to the server unread; a column that does not exist was its error, in the middle.
#[test]
fn a_column_that_does_not_exist_is_an_error_before_anything_runs() {
    let mut table = docs(None);
    table.policies = crud(&["reader"], Some(Expr::owned_by("owner"))).policies().unwrap();
    let errors = resolve(vec![DeclaredTable::from(table)], &plain(&["reader"])).unwrap_err();
    assert!(errors.to_string().contains("unknown column `owner`"), "{errors}");
}
