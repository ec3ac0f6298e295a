//! What a declaration says and what is compiled from it: places where the two could part without
//! anybody noticing.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::path::Path;

use rls_core::Settings;
use rls_core::model::*;
use rls_core::policy::optimize::Gate;
use rls_core::resolve::Resolved;
use rls_core::syntax::scan::{Features, scan};
use support::*;

/// Compiles declarations from their source, or tells the first mistake.
fn compiled(name: &str, source: &str, settings: &Settings) -> Result<Resolved, String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("declarations_{name}.rs"));
    std::fs::write(&file, format!("use rls_schema::{{Table, predicate}};\n{source}")).unwrap();
    scan(&[file], &Features::new())
        .resolve(settings)
        .map_err(|errors| errors.into_iter().next().unwrap().message)
}

fn sql(resolved: &Resolved, table_name: &str, policy: &str, gate: Gate) -> String {
    let policies = &resolved.policies[&table(table_name).name];
    policies[&(id(policy), gate)].sql.as_str().to_owned()
}

/// The SQL of the one policy `p` for reading `docs`.
fn read(name: &str, rest: &str, using: &str) -> Result<String, String> {
    let docs = format!(
        "#[derive(Table)] #[rls(table = \"docs\", policy(name = \"p\", role = a, command = select, using = {using}))]
         struct Doc {{ #[rls(primary_key)] id: i64, team: i64, n: i16, owner: String }}"
    );
    let resolved = compiled(name, &format!("{rest}\n{docs}"), &plain(&["a"]))?;
    Ok(sql(&resolved, "docs", "p", Gate::Using))
}

const MEMBERS: &str = "#[derive(Table)] #[rls(table = \"members\", policy(name = \"p\", role = a, command = select, using = true))]
    struct Member { #[rls(primary_key)] id: i64, team: i64, owner: String }";

/// In the lookup `team` would be the member's own: true of every row.
#[test]
fn sql_by_hand_is_not_carried_into_a_lookup() {
    let direct =
        "#[predicate] fn in_team(team: i64) -> bool { exists(Member, |m| m.team == team) }";
    let through = format!("{direct} #[predicate] fn is_in(t: i64) -> bool {{ crate::in_team(t) }}");
    for (predicates, called) in [(direct, "in_team"), (through.as_str(), "is_in")] {
        let using = format!("crate::{called}(sql(\"team\"))");
        let refused = read("carried", &format!("{MEMBERS} {predicates}"), &using).unwrap_err();
        assert!(refused.starts_with(&format!("`{called}` looks in a table for this")), "{refused}");
    }
    // Outside of any lookup it is where it was written.
    let plain = "#[predicate] fn is_one(team: i64) -> bool { team == 1 }";
    assert_eq!(read("stays", plain, "crate::is_one(sql(\"team\"))").unwrap(), "(team) = 1");
}

/// The row would be called `docs_2` in the SQL, and `docs.team` would be the policy's own.
#[test]
fn sql_by_hand_does_not_name_one_of_two_tables() {
    for using in [
        "exists(Member, |docs| sql(\"docs.team = 1\"))",
        "exists(Member, |m| exists(Member, |m| sql(\"m.team = 1\")) && m.id == id)",
    ] {
        let refused = read("either", MEMBERS, using).unwrap_err();
        assert!(refused.ends_with("could be either of two tables"), "{refused}");
    }
    assert!(read("named", MEMBERS, "exists(Member, |m| sql(\"m.team = docs.team\"))").is_ok());
}

/// Two strings side by side would be compared letter by letter.
#[test]
fn a_string_for_a_parameter_is_of_its_type() {
    let rest = "#[predicate] fn same(day: NaiveDate) -> bool { day == \"2020-01-01\" }
        #[predicate] fn past(time: NaiveDateTime) -> bool { time - days(1) < now() }";
    assert_eq!(
        read("string", rest, "crate::same(\"2020-1-1\")").unwrap(),
        "'2020-1-1'::date = '2020-01-01'"
    );
    assert_eq!(
        read("moved", rest, "crate::past(\"2020-1-1\")").unwrap(),
        "('2020-1-1'::timestamp without time zone - interval '1 days') < now()"
    );
}

/// Without its extension's operators in the path, `citext` is compared as text.
#[test]
fn definer_does_not_change_what_citext_means() {
    let source = |using| {
        format!(
            "#[derive(Table)] #[rls(table = \"bans\", policy(name = \"p\", role = a, command = select, using = {using}))]
             struct Ban {{ #[rls(primary_key, sql_type = \"public.citext\")] mail: String }}"
        )
    };
    let settings = plain(&["a"]);
    let refused =
        compiled("citext", &source("!definer(exists(Ban, |b| b.mail == mail))"), &settings);
    assert!(refused.unwrap_err().contains("with regard to case"));
    assert!(compiled("citext_plain", &source("mail == \"a\""), &settings).is_ok());
}

/// `-32768::smallint` is the negative of a number that is too large.
#[test]
fn a_sign_belongs_to_the_number_that_is_cast() {
    assert_eq!(read("sign", "", "n == -32768 as i16").unwrap(), "n = (-32768)::smallint");
}

/// A column may be called `old`, and what is asked of it holds before and after.
#[test]
fn a_column_named_like_a_state_is_a_column() {
    let source = "#[derive(Table)] #[rls(table = \"docs\", crud_policy(role = a, update = owner == \"x\" && old.is_null()))]
        struct Doc { #[rls(primary_key)] id: i64, owner: String, old: Option<String> }";
    let resolved = compiled("state", source, &plain(&["a"])).unwrap();
    for gate in [Gate::Using, Gate::Check] {
        let sql = sql(&resolved, "docs", "crud-a-policy-update", gate);
        assert_eq!(sql, "owner = 'x' AND old IS NULL");
    }
}

fn child_and_parent() -> Settings {
    let child = Role { member_of: [id("decl_parent")].into(), ..Role::default() };
    let managed = [(id("decl_child"), child), (id("decl_parent"), Role::default())];
    Settings { managed_roles: managed.into(), ..plain(&[]) }
}

/// The policies of a role bind its members too.
#[test]
fn circles_through_memberships_are_found() {
    let source = |inherit: &str| {
        format!(
            "#[derive(Table)] #[rls(table = \"x\", policy(name = \"p\", role = decl_child, command = select, using = exists(Y, |y| y.id == id)))]
             struct X {{ #[rls(primary_key)] id: i64 }}
             #[derive(Table)] #[rls(table = \"y\", policy(name = \"p\", role = {inherit}, command = select, using = exists(X, |x| x.id == id)))]
             struct Y {{ #[rls(primary_key)] id: i64 }}"
        )
    };
    let settings = child_and_parent();
    let refused = compiled("circle", &source("decl_parent"), &settings).unwrap_err();
    assert!(refused.contains("every statement of the role `decl_child`"), "{refused}");
    let mut alone = settings;
    alone.managed_roles.get_mut(&id("decl_child")).unwrap().inherit = false;
    assert!(compiled("no_circle", &source("decl_parent"), &alone).is_ok());
}

/// A database with the declarations in it.
async fn live(name: &str, source: &str, settings: &Settings) -> Database {
    let resolved = compiled(name, source, settings).unwrap();
    let client = database(&format!("decl_{name}")).await;
    for role in &settings.roles {
        create_role(&client, role.as_str()).await;
    }
    client.batch_execute(&resolved.schema.to_sql()).await.unwrap();
    client
}

async fn count(client: &Database, role: &str, table: &str) -> Result<i64, String> {
    client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
    let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await;
    client.batch_execute("RESET ROLE").await.unwrap();
    row.map(|row| row.get(0)).map_err(|error| error.as_db_error().unwrap().message().to_owned())
}

const FLAGS: &str = "#[derive(Table)] #[rls(table = \"flags\", row_security = false)]
    struct Flag { #[rls(primary_key)] id: i64, on: bool }";

/// What the policies of some need is granted to them, be it that everyone may read the table or
/// that a member does.
#[tokio::test]
async fn privileges_go_to_those_whom_a_policy_binds() {
    let asks = "definer(exists(Flag, |f| f.id == id && f.on)) && exists(Flag, |f| f.id == id)";
    let policies = |holder: &str, bound: &str| {
        format!(
            "{FLAGS} #[derive(Table)] #[rls(table = \"docs\",
                policy(name = \"p\", role = {holder}, command = select, using = true),
                policy(name = \"q\", role = {bound}, restrictive, command = select, using = {asks}))]
             struct Doc {{ #[rls(primary_key)] id: i64 }}"
        )
    };
    let rows = "INSERT INTO docs VALUES (1), (2); INSERT INTO flags VALUES (1, true)";
    let everyone = plain(&["decl_some", "decl_other"]);
    let client = live("bound", &policies("public", "decl_some"), &everyone).await;
    client.batch_execute(rows).await.unwrap();
    assert_eq!(count(&client, "decl_some", "docs").await, Ok(1));
    assert_eq!(count(&client, "decl_other", "docs").await, Ok(2));
    let others = "SELECT has_any_column_privilege('decl_other', 'flags', 'select')
        OR bool_or(has_function_privilege('decl_other', oid, 'execute'))
        FROM pg_proc WHERE pronamespace = 'rls_private'::regnamespace";
    assert!(!client.query_one(others, &[]).await.unwrap().get::<_, bool>(0));
    drop(client);

    let client = live("members", &policies("decl_child", "decl_parent"), &child_and_parent()).await;
    client.batch_execute(rows).await.unwrap();
    assert_eq!(count(&client, "decl_child", "docs").await, Ok(1));
}

/// Postgres asks for SELECT on some column, though none is read.
#[tokio::test]
async fn whether_there_is_any_row_may_be_asked() {
    let source = format!(
        "{FLAGS} #[derive(Table)] #[rls(table = \"docs\", policy(name = \"p\", role = decl_some, command = select, using = exists(Flag, |f| id == 1)))]
         struct Doc {{ #[rls(primary_key)] id: i64 }}"
    );
    let client = live("any_row", &source, &plain(&["decl_some"])).await;
    client
        .batch_execute("INSERT INTO docs VALUES (1), (2); INSERT INTO flags VALUES (1, true)")
        .await
        .unwrap();
    assert_eq!(count(&client, "decl_some", "docs").await, Ok(1));
}

/// Reading and removing, and never writing.
#[tokio::test]
async fn one_policy_for_all_that_refuses_new_rows_lets_the_old_ones_be_read() {
    let source = "#[derive(Table)] #[rls(table = \"docs\", policy(name = \"p\", role = decl_some, command = all, using = true, with_check = false))]
        struct Doc { #[rls(primary_key)] id: i64 }";
    let client = live("no_new", source, &plain(&["decl_some"])).await;
    client.batch_execute("INSERT INTO docs VALUES (1)").await.unwrap();
    assert_eq!(count(&client, "decl_some", "docs").await, Ok(1));
    let may =
        |privilege: &str| format!("SELECT has_table_privilege('decl_some', 'docs', '{privilege}')");
    for (privilege, held) in [("delete", true), ("insert", false), ("update", false)] {
        let row = client.query_one(&may(privilege), &[]).await.unwrap();
        assert_eq!(row.get::<_, bool>(0), held, "{privilege}");
    }
}

/// A list is made of every row that the lookup could be about, and a row that has nothing to do with
/// the request must not spoil it.
#[test]
fn definer_lists_only_what_belongs_to_the_request() {
    let items = "#[derive(Table)] #[rls(table = \"items\")]
        struct Item { #[rls(primary_key)] id: i64, owner: String, data: Value, open: bool }";
    let of = |name, filter: &str| {
        read(name, items, &format!("definer(exists(Item, |i| i.id == id && {filter}))")).unwrap()
    };
    assert!(of("definer_own", "auth_uid(i.owner)").starts_with("id = ANY ((SELECT rls_private."));
    for (name, filter) in [
        ("definer_cast", "auth_uid(i.owner) && i.data[\"n\"] as i64 > 5"),
        ("definer_open", "i.open"),
    ] {
        let sql = of(name, filter);
        assert!(sql.starts_with("rls_private.items_") && sql.ends_with("(id)"), "{sql}");
    }
}
