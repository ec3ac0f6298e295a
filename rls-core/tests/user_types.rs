//! Domains and composite types on a real server: what is altered where it is, and what is made anew.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::compare;
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Origin, plan};
use support::owner::{converge, owned, text};
use support::*;

fn in_public(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

fn domain(base: &str, checks: &[(&str, &str)]) -> Domain<Sql> {
    let check = |(name, text): &(&str, &str)| {
        (id(name), DomainCheck { expr: Sql::new(*text), not_valid: false })
    };
    Domain {
        base: PgType::parse(base).unwrap(),
        collation: None,
        not_null: false,
        default: None,
        checks: checks.iter().map(check).collect(),
    }
}

fn attribute(name: &str, ty: &str) -> Attribute {
    Attribute { name: id(name), ty: PgType::parse(ty).unwrap(), collation: None }
}

fn composite(attributes: &[(&str, &str)]) -> TypeForm<Sql> {
    let attributes = attributes.iter().map(|(name, ty)| attribute(name, ty)).collect();
    TypeForm::Composite(Composite { attributes })
}

/// `things` with the columns of these types, and the types.
fn declared(columns: &[&str], types: &[(&str, TypeForm<Sql>)]) -> Schema {
    let mut things = table("things");
    things.columns = vec![column("id", "bigint")];
    let typed = columns
        .iter()
        .enumerate()
        .map(|(at, ty)| Column { nullable: true, ..column(&format!("c{at}"), ty) });
    things.columns.extend(typed);
    let mut schema = schema([things], &plain(&["reader"]));
    for (name, form) in types {
        let ty = UserType { name: in_public(name), form: form.clone() };
        schema.types.insert(ty.name.clone(), ty);
    }
    schema
}

const ROW: &str = "SELECT t::text FROM things t ORDER BY id LIMIT 1";

#[tokio::test]
async fn a_domain_is_altered_where_it_is() {
    let mut client = owned("domain_alter").await;
    let email = |domain: Domain<Sql>| {
        declared(&["public.email", "public.email"], &[("email", TypeForm::Domain(domain))])
    };
    let at = ("at", "VALUE ~ '@'");
    let first =
        domain("text", &[at, ("short", "length(VALUE) <= 100 AND VALUE IN ('a@b', 'c@d')")]);
    let plan = converge(&mut client, &email(first.clone())).await.to_sql();
    assert!(plan.starts_with("CREATE DOMAIN public.email AS text\n    CONSTRAINT at"), "{plan}");
    client.batch_execute("INSERT INTO things VALUES (1, 'a@b')").await.unwrap();
    let states = [
        Domain { default: Some(Sql::new("lower('C@D')")), ..first.clone() },
        Domain { default: Some(Sql::new("'a@b'")), ..domain("text", &[at]) },
        domain("text", &[("not empty", "VALUE <> ''")]),
        first,
    ];
    for state in &states {
        let plan = converge(&mut client, &email(state.clone())).await.to_sql();
        assert!(plan.contains("ALTER DOMAIN") && !plan.contains("RENAME"), "{plan}");
    }
    client.batch_execute("UPDATE things SET c1 = c0").await.unwrap();
    for not_null in [true, false] {
        let plan =
            converge(&mut client, &email(Domain { not_null, ..domain("text", &[at]) })).await;
        assert!(plan.to_sql().contains("NOT NULL"), "{}", plan.to_sql());
    }
    // One that is not proven is validated, and the other way round nothing is to be done.
    let unproven = "ALTER DOMAIN email DROP CONSTRAINT at; ALTER DOMAIN email ADD CONSTRAINT at CHECK (VALUE ~ '@') NOT VALID";
    client.batch_execute(unproven).await.unwrap();
    let mut lax = domain("text", &[at]);
    lax.checks.get_mut(&id("at")).unwrap().not_valid = true;
    assert!(compare(&mut client, &email(lax.clone())).await.unwrap().plan.is_empty());
    let plan = converge(&mut client, &email(domain("text", &[at]))).await.to_sql();
    assert_eq!(plan, "ALTER DOMAIN public.email VALIDATE CONSTRAINT at;\n");
    assert!(compare(&mut client, &email(lax)).await.unwrap().plan.is_empty());
    // What somebody added by hand is told before it goes, and does not go by another name.
    client.batch_execute("ALTER DOMAIN email ADD CHECK (VALUE <> 'x')").await.unwrap();
    let plan = compare(&mut client, &email(domain("text", &[at]))).await.unwrap().plan;
    let told = plan.refused(&[]).any(|hazard| hazard.kind == HazardKind::DropsUndeclared);
    assert!(told, "{}", plan.to_sql());
    client.batch_execute("ALTER DOMAIN email RENAME CONSTRAINT at TO theirs").await.unwrap();
    let plan = converge(&mut client, &email(domain("text", &[at]))).await.to_sql();
    assert_eq!(plan, "ALTER DOMAIN public.email DROP CONSTRAINT email_check;\n");
}

#[tokio::test]
async fn a_domain_over_another_type_is_another_domain() {
    let mut client = owned("domain_base").await;
    let amount = |base: &str| {
        let amount = TypeForm::Domain(domain(base, &[("positive", "VALUE > 0")]));
        let list = TypeForm::Domain(domain("public.amount[]", &[]));
        let pair = composite(&[("low", "public.amount"), ("high", "public.amount")]);
        let types = [("amount", amount), ("amounts", list), ("span", pair)];
        declared(&["public.amount", "public.amount[]", "public.amounts", "public.span"], &types)
    };
    converge(&mut client, &amount("integer")).await;
    client
        .batch_execute("INSERT INTO things VALUES (1, 2, '{3,4}', '{5}', '(6,7)')")
        .await
        .unwrap();
    let row = text(&client, ROW).await;
    for (base, loses) in [("bigint", false), ("numeric(8,0)", true), ("integer", true)] {
        let plan = converge(&mut client, &amount(base)).await;
        let told = plan.refused(&[]).any(|hazard| hazard.kind == HazardKind::LosesData);
        assert_eq!(told, loses, "{base}");
    }
    assert_eq!(text(&client, ROW).await, row);
    // A condition on values inside of others is one that Postgres does not look for there.
    let mut tighter = amount("integer");
    let is = tighter.types.get_mut(&in_public("amount")).unwrap();
    is.form = TypeForm::Domain(domain("integer", &[("large", "VALUE > 1")]));
    converge(&mut client, &tighter).await;
    assert_eq!(text(&client, ROW).await, row);
}

#[tokio::test]
async fn a_composite_type_gets_and_loses_attributes_where_it_is_and_changes_them_anew() {
    let mut client = owned("composite").await;
    let address = |attributes: &[(&str, &str)]| {
        declared(&["public.address", "public.address[]"], &[("address", composite(attributes))])
    };
    converge(&mut client, &address(&[("street", "text"), ("zip", "varchar(5)")])).await;
    let row = "INSERT INTO things VALUES (1, '(\"High St, 1\",123)', ARRAY[ROW('Low St', NULL)::address])";
    client.batch_execute(row).await.unwrap();
    let longer = address(&[("no", "integer"), ("street", "text"), ("zip", "varchar(5)")]);
    let plan = converge(&mut client, &longer).await;
    assert_eq!(plan.to_sql(), "ALTER TYPE public.address ADD ATTRIBUTE no integer;\n");
    let plan = converge(&mut client, &address(&[("street", "text"), ("zip", "varchar(5)")])).await;
    assert!(plan.refused(&[]).any(|hazard| hazard.kind == HazardKind::LosesData));
    let before = text(&client, ROW).await;
    // An attribute of another type, together with one that comes and one that goes.
    let other = [("town", "text"), ("zip", "text"), ("street", "text")];
    let plan = converge(&mut client, &address(&other)).await;
    assert!(plan.refused(&[]).next().is_none(), "{:?}", plan.refused(&[]).collect::<Vec<_>>());
    assert_eq!(text(&client, "SELECT (c0).zip || (c0).street FROM things").await, "123High St, 1");
    assert_eq!(text(&client, "SELECT (c1[1]).town IS NULL FROM things").await, "true");
    converge(&mut client, &address(&[("zip", "integer"), ("street", "text")])).await;
    assert_eq!(text(&client, "SELECT (c0).zip + 1 FROM things").await, "124");
    converge(&mut client, &address(&[("street", "text"), ("zip", "varchar(5)")])).await;
    assert_eq!(text(&client, ROW).await, before);
    // Where no column has it, nothing is made anew.
    let unused = declared(&[], &[("address", composite(&[("zip", "integer")]))]);
    let plan = converge(&mut client, &unused).await.to_sql();
    assert!(plan.contains("ALTER ATTRIBUTE zip TYPE integer"), "{plan}");
}

#[tokio::test]
async fn types_that_are_made_of_each_other_come_and_change_in_their_order() {
    let mut client = owned("types_nested").await;
    let nested = |values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let kind = TypeForm::Enum(EnumType { values });
        let pair = composite(&[("kind", "public.zz_kind"), ("n", "integer")]);
        let some = TypeForm::Domain(domain("public.pair", &[("has", "(VALUE).n > 0")]));
        let mut kinds = domain("public.zz_kind", &[("not b", "VALUE <> 'b'")]);
        kinds.default = Some(Sql::new("'a'"));
        let types = [
            ("zz_kind", kind),
            ("pair", pair),
            ("a_some", some),
            ("b_kinds", TypeForm::Domain(kinds)),
        ];
        declared(&["public.a_some", "public.pair[]", "public.b_kinds"], &types)
    };
    converge(&mut client, &nested(&["a", "b", "c"])).await;
    let row = "INSERT INTO things VALUES (1, '(a,1)', '{\"(b,2)\",\"(c,)\"}')";
    client.batch_execute(row).await.unwrap();
    let before = text(&client, ROW).await;
    for values in [["c", "b", "a"].as_slice(), &["c", "b", "a", "d"], &["a", "b", "c"]] {
        converge(&mut client, &nested(values)).await;
        assert_eq!(text(&client, ROW).await, before);
    }
    // A snapshot holds all of it.
    let schema = nested(&["a"]);
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    // And what is no longer there becomes something else of its name.
    let other = declared(&["integer"], &[("pair", TypeForm::Domain(domain("integer", &[])))]);
    client.batch_execute("DELETE FROM things").await.unwrap();
    let mut gone = declared(&["text"], &[]);
    gone.types.clear();
    converge(&mut client, &gone).await;
    client.batch_execute("DROP DOMAIN a_some, b_kinds").await.unwrap();
    converge(&mut client, &other).await;
}

#[tokio::test]
async fn who_may_call_what_takes_a_type_that_is_made_anew_is_told_by_its_name() {
    let mut client = owned("anew_called").await;
    let with = |values: &[&str], called: bool| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let mood = TypeForm::Enum(EnumType { values });
        let mut schema = declared(&["public.mood"], &[("mood", mood)]);
        let function = Function {
            name: in_public("cheer"),
            arguments: vec![Argument::named(id("mood"), PgType::parse("public.mood").unwrap())],
            returns: Returns::Value(PgType::parse("text").unwrap()),
            attributes: Attributes::default(),
            body: Body::Text("SELECT 'up'".to_owned()),
        };
        if called {
            let object = GrantObject::Routine(function.routine());
            let grant = Grant { object, grantee: role("reader"), privilege: Privilege::Execute };
            schema.grants.insert(grant);
            schema.functions.insert(function.routine(), function);
        }
        schema
    };
    let (first, again) = (with(&["sad", "ok"], true), with(&["ok"], true));
    converge(&mut client, &first).await;
    converge(&mut client, &again).await;
    let held = "SELECT has_function_privilege('reader', 'cheer(mood)', 'EXECUTE')";
    assert_eq!(text(&client, held).await, "true");
    let without = with(&["fine"], false);
    let plan =
        plan(Pair { previous: &again, next: &without }, &Canonical::default(), Origin::Snapshot);
    client.batch_execute(&plan.to_sql()).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(compare(&mut client, &without).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn a_default_that_is_null_is_kept_where_it_takes_the_place_of_another() {
    let mut client = owned("null_defaults").await;
    let mood = TypeForm::Enum(EnumType { values: vec!["ok".to_owned()] });
    let three = Domain { default: Some(Sql::new("3")), ..domain("integer", &[]) };
    let types = [
        ("mood", mood),
        ("pair", composite(&[("a", "integer")])),
        ("three", TypeForm::Domain(three)),
    ];
    let names = ["mood", "pair", "mood[]", "pair[]", "three[]", "three"];
    let columns = names.map(|name| format!("public.{name}"));
    let plain = declared(&columns.each_ref().map(String::as_str), &types);
    let mut nothing = plain.clone();
    let things = nothing.tables.get_mut(&in_public("things")).unwrap();
    for (column, ty) in things.columns.iter_mut().skip(1).zip(&columns) {
        column.default = Some(Sql::new(format!("NULL::{ty}")));
    }
    converge(&mut client, &nothing).await;
    let row = "INSERT INTO things VALUES (1) RETURNING c5::text";
    assert_eq!(client.query_one(row, &[]).await.unwrap().get::<_, Option<&str>>(0), None);
    let plan = converge(&mut client, &plain).await.to_sql();
    assert_eq!(plan, "ALTER TABLE public.things ALTER COLUMN c5 DROP DEFAULT;\n");
}
