//! Functions on a real server: each difference both ways, what leans on one, in which order they come,
//! and who may call them.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::compare;
use rls_core::catalog::introspect;
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{Origin, plan};
use rls_core::resolve::{Declared, resolve};
use support::owner::{converge, owned, text};
use support::*;

fn in_public(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

fn ty(text: &str) -> PgType {
    PgType::parse(text).unwrap()
}

fn trigger_type() -> PgType {
    ty("pg_catalog.trigger")
}

fn argument(name: &str, ty: &str) -> Argument {
    Argument::named(id(name), self::ty(ty))
}

/// `f(a integer) RETURNS integer`, in SQL.
fn plus(body: &str) -> Function {
    Function {
        name: in_public("f"),
        arguments: vec![argument("a", "integer")],
        returns: Returns::Value(ty("integer")),
        attributes: Attributes::default(),
        body: Body::Text(body.to_owned()),
    }
}

fn standard(body: &str) -> Body {
    Body::Standard { standard: Sql::new(body) }
}

fn declared(function: Function) -> DeclaredFunction {
    DeclaredFunction { function, owner: None, grants: vec![], comment: None, allowed: vec![] }
}

fn compiled(tables: Vec<Table>, functions: Vec<Function>) -> Schema {
    let tables = tables.into_iter().map(DeclaredTable::from).collect();
    let functions = functions.into_iter().map(declared).collect();
    let declared = Declared { tables, functions, ..Declared::default() };
    resolve(declared, &plain(&["reader"])).unwrap().schema
}

fn items() -> Table {
    let mut items = table("items");
    items.columns = vec![column("id", "integer"), column("title", "text")];
    items
}

fn kinds() -> Vec<Function> {
    let plain = || plus("SELECT a + 1");
    let with = |change: &dyn Fn(&mut Attributes)| {
        let mut function = plain();
        change(&mut function.attributes);
        function
    };
    let out = |name: &str, mode| Argument { mode, ..argument(name, "integer") };
    let table = vec![
        ReturnedColumn { name: id("x"), ty: ty("integer") },
        ReturnedColumn { name: id("y z"), ty: ty("text") },
    ];
    vec![
        plain(),
        plus("SELECT a + 2 -- $fn$"),
        Function { body: standard("RETURN a + 1"), ..plain() },
        Function {
            body: standard("BEGIN ATOMIC SELECT a + 3; SELECT f.a BETWEEN 1 AND 2; SELECT 1; END"),
            ..plain()
        },
        with(&|it| it.volatility = Volatility::Immutable),
        with(&|it| {
            it.volatility = Volatility::Stable;
            it.parallel = Parallel::Safe;
        }),
        with(&|it| it.parallel = Parallel::Restricted),
        with(&|it| it.strict = true),
        with(&|it| {
            it.security_definer = true;
            it.settings = [("search_path".to_owned(), vec![String::new()])].into();
        }),
        with(&|it| {
            let path = vec!["public".to_owned(), "A, b".to_owned(), "pg_temp".to_owned()];
            let own = ("work_mem".to_owned(), vec!["64MB".to_owned()]);
            it.settings = [("search_path".to_owned(), path), own].into();
        }),
        with(&|it| it.cost = Some(7)),
        Function {
            arguments: vec![Argument {
                default: Some(Sql::new("1+1")),
                ..argument("a", "integer")
            }],
            ..plain()
        },
        Function { arguments: vec![argument("other", "integer")], ..plus("SELECT other") },
        Function {
            arguments: vec![Argument { name: None, ..argument("a", "integer") }],
            ..plus("SELECT $1")
        },
        Function { returns: Returns::Value(ty("bigint")), ..plus("SELECT a::bigint") },
        Function { returns: Returns::SetOf { set_of: ty("integer") }, ..plain() },
        Function {
            returns: Returns::SetOf { set_of: ty("integer") },
            attributes: Attributes { rows: Some(5), ..Attributes::default() },
            ..plain()
        },
        Function { returns: Returns::Table { table }, ..plus("SELECT a, 'x'::text") },
        Function {
            arguments: vec![argument("a", "integer"), out("o", ArgumentMode::Out)],
            returns: Returns::Value(ty("integer")),
            ..plain()
        },
        Function {
            arguments: vec![out("a", ArgumentMode::InOut), out("o", ArgumentMode::Out)],
            returns: Returns::Value(ty("pg_catalog.record")),
            ..plus("SELECT a, a")
        },
        Function {
            returns: Returns::Procedure,
            attributes: Attributes::of(id("plpgsql")),
            ..plus("BEGIN PERFORM a; END")
        },
        Function { attributes: Attributes::of(id("plpgsql")), ..plus("\nBEGIN RETURN a; END\n") },
    ]
}

#[tokio::test]
async fn every_kind_is_read_back_equal_and_becomes_every_next_one_and_back() {
    let mut client = owned("fun_kinds").await;
    let kinds = kinds();
    for function in kinds.iter().chain(kinds.iter().rev()) {
        let desired = compiled(vec![], vec![function.clone()]);
        converge(&mut client, &desired).await;
        let live = compare(&mut client, &desired).await.unwrap().live;
        let found = live.schema.functions.values().next().unwrap();
        assert_eq!(found.attributes, function.as_kept().attributes);
        assert_eq!(found.returns, function.returns);
        assert!(live.notes.is_empty(), "{:?}", live.notes);
    }
    // Everybody may call a function of somebody else's, and nobody one of ours.
    let all = "SELECT bool_or(has_function_privilege('reader', oid, 'execute')) FROM pg_proc WHERE proname = 'f'";
    assert_eq!(text(&client, all).await, "false");
    let count = "SELECT count(*) FROM pg_proc WHERE proname = 'f'";
    assert_eq!(text(&client, count).await, "1");
}

#[tokio::test]
async fn overloads_are_different_functions_with_privileges_of_their_own() {
    let mut client = owned("fun_overload").await;
    let of_text = Function { arguments: vec![argument("a", "text")], ..plus("SELECT length(a)") };
    let grant = DeclaredGrant {
        roles: [role("reader")].into(),
        privileges: [Privilege::Execute].into(),
        columns: [].into(),
        grantable: false,
    };
    let schema = |grants: Vec<DeclaredGrant>, comment: Option<&str>| {
        let one = declared(plus("SELECT a"));
        let comment = comment.map(str::to_owned);
        let other = DeclaredFunction { grants, comment, ..declared(of_text.clone()) };
        let declared = Declared { functions: vec![one, other], ..Declared::default() };
        resolve(declared, &plain(&["reader"])).unwrap().schema
    };
    converge(&mut client, &schema(vec![grant.clone()], Some("of text"))).await;
    let may = |of: &str| format!("SELECT has_function_privilege('reader', 'f({of})', 'execute')");
    assert_eq!(text(&client, &may("text")).await, "true");
    assert_eq!(text(&client, &may("int")).await, "false");
    let comment = "SELECT obj_description('f(text)'::regprocedure, 'pg_proc')";
    assert_eq!(text(&client, comment).await, "of text");
    // By hand, and taken back.
    client.batch_execute("GRANT EXECUTE ON FUNCTION f(int) TO PUBLIC").await.unwrap();
    let plan = converge(&mut client, &schema(vec![grant], Some("of text"))).await.to_sql();
    assert_eq!(plan, "REVOKE EXECUTE ON ROUTINE public.f(integer) FROM PUBLIC;\n");
    converge(&mut client, &schema(vec![], None)).await;
    assert_eq!(text(&client, &may("text")).await, "false");
    // One that nobody declares is left alone.
    let theirs = "CREATE FUNCTION f(date) RETURNS int LANGUAGE sql AS 'SELECT 1'";
    client.batch_execute(theirs).await.unwrap();
    assert!(compare(&mut client, &schema(vec![], None)).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn the_server_decides_whether_two_bodies_are_one() {
    let mut client = owned("fun_bodies").await;
    let made = "CREATE FUNCTION f(a int DEFAULT 1 + 1) RETURNS int LANGUAGE sql
        RETURN CASE WHEN a between 1 and 10 and a in (1, 2) THEN f.a + 1 END";
    client.batch_execute(made).await.unwrap();
    let same = Function {
        arguments: vec![Argument { default: Some(Sql::new("1+1")), ..argument("a", "integer") }],
        body: standard("RETURN CASE WHEN f.a BETWEEN 1 AND 10 AND a IN (1,2) THEN a+1 END"),
        ..plus("")
    };
    let plan = converge(&mut client, &compiled(vec![], vec![same.clone()])).await.to_sql();
    assert!(!plan.contains("CREATE"), "{plan}");
    let other = Function { body: standard("RETURN a + 1"), ..same };
    let plan = converge(&mut client, &compiled(vec![], vec![other])).await.to_sql();
    assert!(plan.contains("CREATE OR REPLACE FUNCTION"), "{plan}");
}

/// Neither is in the way of the other: Postgres checks a body that it makes under policies.
#[tokio::test]
async fn a_body_may_read_a_table_whose_policy_looks_into_itself() {
    let mut client = owned("fun_circle").await;
    let body = standard("BEGIN ATOMIC SELECT count(id)::int FROM public.items; END");
    let function = Function { arguments: vec![], body, ..plus("") };
    let mut schema = compiled(vec![items()], vec![function]);
    let table = schema.tables.get_mut(&in_public("items")).unwrap();
    table.row_security = RowSecurity::Forced;
    let using = Some(Sql::new("EXISTS (SELECT FROM public.items AS other WHERE other.id > 0)"));
    let policy = Policy {
        kind: PolicyKind::Permissive,
        command: Command::Select,
        roles: [Grantee::Public].into(),
        using,
        with_check: None,
    };
    table.policies.insert(id("circle"), policy);
    converge(&mut client, &schema).await;
}

/// What a body reads does not go before it.
#[tokio::test]
async fn a_body_reads_another_table_and_the_first_one_goes() {
    let mut client = owned("fun_reads").await;
    let schema = |name: &str| {
        let table = Table { name: in_public(name), ..items() };
        let body = format!("BEGIN ATOMIC SELECT count(id)::int FROM public.{name}; END");
        let function = Function { arguments: vec![], body: standard(&body), ..plus("") };
        compiled(vec![table], vec![function])
    };
    let (first, then) = (schema("first"), schema("then"));
    converge(&mut client, &first).await;
    let pair = Pair { previous: &first, next: &then };
    let plan = plan(pair, &Canonical::default(), Origin::Snapshot);
    client.batch_execute(&plan.to_sql()).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(compare(&mut client, &then).await.unwrap().plan.is_empty());
}

/// Where others have one, Postgres writes `""` for an argument without a name.
#[tokio::test]
async fn an_argument_without_a_name_goes_by_its_number() {
    let mut client = owned("fn_nameless").await;
    let with = |nameless: &[&str], body: &str| {
        let nameless = nameless.iter().map(|ty| Argument { name: None, ..argument("x", ty) });
        let arguments = [argument("a", "integer")].into_iter().chain(nameless).collect();
        Function { arguments, body: standard(body), ..plus("") }
    };
    for body in ["RETURN a - $2", "RETURN $1 - ($2) * 1"] {
        let desired = compiled(vec![], vec![with(&["integer"], body)]);
        converge(&mut client, &desired).await;
        assert_eq!(text(&client, "SELECT f(3, 1)").await, "2");
    }
    let scope = compiled(vec![], vec![with(&["integer"], "RETURN 1")]);
    let mut transaction = client.transaction().await.unwrap();
    let live = introspect(&mut transaction, &scope).await.unwrap().schema;
    transaction.rollback().await.unwrap();
    let bodies: Vec<_> = live.functions.values().map(|function| function.body.clone()).collect();
    assert_eq!(bodies, [standard("RETURN (a - ($2 * 1))")]);
    // Which of two it is, nobody can say; what was made is the same all the same.
    converge(
        &mut client,
        &compiled(vec![], vec![with(&["integer", "integer"], "RETURN a - $2 * $3")]),
    )
    .await;
    assert_eq!(text(&client, "SELECT f(7, 2, 3)").await, "1");
}

#[tokio::test]
async fn a_function_that_is_made_anew_takes_along_what_calls_it() {
    let mut client = owned("fun_callers").await;
    let one = Function {
        attributes: Attributes { volatility: Volatility::Immutable, ..Attributes::default() },
        ..plus("SELECT a + 1")
    };
    let other = Function { returns: Returns::Value(ty("bigint")), ..one.clone() };
    let other = Function { body: Body::Text("SELECT a::bigint".to_owned()), ..other };
    let uses = Function {
        name: in_public("a_user"),
        body: standard("RETURN public.f(a)::int"),
        ..plus("")
    };
    let touch = |returns| Function {
        name: in_public("touch"),
        arguments: vec![],
        returns: Returns::Value(returns),
        attributes: Attributes::of(id("plpgsql")),
        body: Body::Text("BEGIN RETURN NEW; END".to_owned()),
    };
    let with = |f: &Function, partitioning: Option<Partitioning>| {
        let mut items = items();
        items.partitioning = partitioning;
        let sql = |text: &str| Expr::Sql(text.to_owned());
        items.columns[0].default = Some(sql("public.f(1)"));
        let check = Check { expr: sql("public.f(id) > 0"), no_inherit: false, not_valid: false };
        items.checks.insert(id("positive"), check);
        let key =
            IndexKey { value: IndexValue::Expr(sql("public.f(id)")), ..IndexKey::column(id("id")) };
        items.indexes.insert(id("by_f"), Index { keys: vec![key], ..Index::btree([]) });
        let read = policy(Command::Select, &[role("reader")], Some("public.f(id) > 1"), None);
        items.policies.insert(id("read"), read);
        items.triggers.insert(
            id("touch"),
            Trigger {
                timing: TriggerTiming::Before,
                events: [TriggerEvent::Update].into(),
                columns: [].into(),
                for_each_row: true,
                when: Some(Sql::new("public.f(NEW.id) > 3")),
                function: in_public("touch"),
                arguments: vec![],
                old_table: None,
                new_table: None,
                constraint: None,
                state: TriggerState::Origin,
            },
        );
        compiled(vec![items], vec![f.clone(), uses.clone(), touch(trigger_type())])
    };
    let schema = |f: &Function| with(f, None);
    converge(&mut client, &schema(&one)).await;
    converge(&mut client, &schema(&other)).await;
    converge(&mut client, &schema(&one)).await;
    // Also where the table is made anew, with them or without.
    let bound = PartitionBound::Hash { modulus: 1, remainder: 0 };
    let part = Partition {
        name: in_public("items_all"),
        bound,
        row_security: RowSecurity::Enabled,
        partitioning: None,
    };
    let spread = Partitioning {
        strategy: PartitionStrategy::Hash,
        keys: vec![IndexKey::column(id("id"))],
        keep_undeclared: false,
        partitions: [(part.name.clone(), part)].into(),
    };
    let nothing = Table { partitioning: Some(spread.clone()), ..items() };
    converge(&mut client, &with(&other, Some(spread))).await;
    converge(&mut client, &schema(&one)).await;
    let none = compiled(vec![nothing], vec![]);
    let plan = plan(
        Pair { previous: &schema(&one), next: &none },
        &Canonical::default(),
        Origin::Snapshot,
    );
    client.batch_execute(&plan.to_sql()).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(compare(&mut client, &none).await.unwrap().plan.is_empty());
    converge(&mut client, &schema(&one)).await;
    // Replaced in place, nothing else moves.
    let replaced = Function { body: Body::Text("SELECT a + 2".to_owned()), ..one.clone() };
    let plan = converge(&mut client, &schema(&replaced)).await.to_sql();
    assert_eq!(plan.matches(";\n").count(), 1, "{plan}");
}

#[tokio::test]
async fn functions_and_tables_come_in_the_order_in_which_they_use_each_other() {
    let mut client = owned("fun_order").await;
    let sql_function = |name: &str, arguments: Vec<Argument>, returns: Returns, body: &str| {
        Function { name: in_public(name), arguments, returns, ..plus(body) }
    };
    // Each is read when it is made: the one of the first name uses all others.
    let count = || Returns::Value(ty("bigint"));
    let functions = vec![
        sql_function("a_all", vec![], count(), "SELECT public.b_count() + public.z_one()"),
        sql_function("b_count", vec![], count(), "SELECT count(*) FROM public.c_rows()"),
        sql_function(
            "c_rows",
            vec![],
            Returns::SetOf { set_of: ty("public.items") },
            "SELECT * FROM public.items",
        ),
        sql_function("z_one", vec![], count(), "SELECT 1::bigint"),
    ];
    let schema = |with_default: bool| {
        let mut items = items();
        items.columns.push(Column::new(id("n"), ty("bigint")));
        if with_default {
            items.columns[2].default = Some(Expr::Sql("public.a_all()".to_owned()));
            items.columns[0].default = Some(Expr::Sql("public.z_one()".to_owned()));
            let expr = Expr::Sql("public.b_count() >= 0 OR id > 0".to_owned());
            let check = Check { expr, no_inherit: false, not_valid: false };
            items.checks.insert(id("counted"), check);
        }
        compiled(vec![items], functions.clone())
    };
    converge(&mut client, &schema(true)).await;
    client.batch_execute("INSERT INTO items (title) VALUES ('a'), ('b')").await.unwrap();
    assert_eq!(text(&client, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM items").await, "1 2");
    converge(&mut client, &schema(false)).await;
    converge(&mut client, &schema(true)).await;
}

#[test]
fn a_migration_drops_functions_with_what_calls_them() {
    use rls_core::diff::{Canonical, Pair};
    use rls_core::plan::{Origin, plan};
    let mut calling = items();
    calling.columns[0].default = Some(Expr::Sql("public.f(1)".to_owned()));
    let with = compiled(vec![calling], vec![plus("SELECT a")]);
    let without = compiled(vec![], vec![]);
    let pair = Pair { previous: &with, next: &without };
    let sql = plan(pair, &Canonical::default(), Origin::Snapshot).to_sql();
    let at = |text: &str| sql.find(text).unwrap_or_else(|| panic!("{text} is not in\n{sql}"));
    assert!(at("DROP DEFAULT") < at("DROP ROUTINE") && at("DROP ROUTINE") < at("DROP TABLE"));
    for function in kinds() {
        let schema = compiled(vec![], vec![function]);
        let json = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    }
}
