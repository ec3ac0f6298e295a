//! Reading a real server back: what the model can say comes back as it was said, and what it
//! cannot say is noted and left alone.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::{apply, compare};
use rls_core::catalog::{self, introspect};
use rls_core::model::*;
use rls_core::plan::HazardKind;
use support::*;
use tokio_postgres::Client;

async fn converge(client: &mut Client, desired: &Schema) {
    for _ in 0..2 {
        apply(client, desired, &HazardKind::ALL, &mut |_, _, _| {})
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let left = compare(client, desired).await.unwrap().plan;
        assert!(left.is_empty(), "{}", left.to_sql());
    }
}

/// `docs`, `members` and functions over them.
async fn documents(name: &str) -> (Database, Table, Table) {
    let client = database(name).await;
    create_role(&client, "cat_user").await;
    let mut docs = table("docs");
    docs.columns = vec![
        column("id", "bigint"),
        column("team_id", "integer"),
        column("title", "text"),
        column("status", "varchar(10)"),
        column("code", "char(3)"),
        column("amount", "numeric(10,2)"),
        column("tags", "text[]"),
        column("at", "timestamptz"),
        column("is_public", "boolean"),
        column("owner", "uuid"),
        column("data", "jsonb"),
    ];
    let mut members = table("members");
    members.columns = vec![column("team_id", "integer"), column("user_id", "text")];
    (client, docs, members)
}

const PREDICATES: &[&str] = &[
    "id BETWEEN 1 AND 10 AND (title = 'b')",
    "status IN ('a', 'b')",
    "title IN ('a', 'b') OR status NOT IN ('x')",
    "title LIKE 'x%'",
    "title ILIKE 'x%' ESCAPE '!' AND title NOT LIKE '%_y'",
    "EXISTS (SELECT 1 FROM members m WHERE m.team_id = docs.team_id)",
    "EXISTS (SELECT 1 FROM members WHERE members.team_id = docs.team_id AND user_id = current_user)",
    "team_id IN (SELECT team_id FROM members WHERE user_id = (SELECT current_setting('x.y', true)))",
    "team_id = ANY (ARRAY(SELECT m.team_id FROM members m))",
    "id = (SELECT max(d.id) FROM docs d WHERE d.team_id = docs.team_id)",
    "id IN (SELECT id FROM docs)",
    "EXISTS (SELECT FROM public.docs AS docs_1 WHERE docs_1.id = docs.id)",
    "public.docs.team_id = 1",
    "is_mine(docs)",
    "public.is_mine(docs.*) AND is_public",
    "title = 'two  spaces -- no comment; /* none */' AND title <> 'it''s'",
    r"title = E'a\nb\\c' OR title = 'back\slash'",
    "title = $tag$dollar 'quoted'$tag$",
    "title IS NOT DISTINCT FROM 'a' OR title IS DISTINCT FROM 'b'",
    "amount > -1 AND amount < 1.50 AND id <> -5",
    "at > now() - interval '1 day' AND at < '2024-01-01'::timestamptz",
    "at::date = current_date AND extract(year from at) = 2024",
    "code = 'abc' AND code::text = 'abc'",
    "status::text = title",
    "'a' = ANY (tags) AND tags @> ARRAY['b'] AND tags <> '{}'",
    "CASE WHEN is_public THEN true WHEN title = 'x' THEN false ELSE NOT is_public END",
    "coalesce(title, status, 'x') = 'y' AND nullif(title, '') IS NULL",
    "data ->> 'k' = 'v' AND data #>> '{a,b}' = 'c' AND data ? 'k'",
    "(data -> 'roles') ?| ARRAY['a', 'b']",
    "owner = '00000000-0000-0000-0000-000000000000'",
    "(team_id, title) IN (SELECT team_id, user_id FROM members)",
    "(SELECT count(*) FROM members m JOIN docs d USING (team_id) WHERE d.id = docs.id) > 1",
    "true",
    "'true'",
    "is_public IS TRUE AND is_public IS NOT UNKNOWN",
    "title COLLATE \"C\" < 'b'",
    "lower(title) = upper(substring(title from 1 for 2)) AND position('a' in title) > 0 AND trim(both ' ' from title) = ''",
    "row(id, team_id) = row(1, 2) AND (id, team_id) < (3, 4)",
    "tableoid = 'public.docs'::regclass",
    "NOT (NOT is_public AND NOT (is_public OR is_public))",
    "WITH_ORDINALITY_IS_NO_COLUMN IS NULL",
];

#[tokio::test]
async fn no_predicate_is_a_perpetual_difference() {
    let (mut client, mut docs, members) = documents("predicates").await;
    // The function takes the table's row type, so both come before the policies.
    let bare = schema([docs.clone(), members.clone()], &plain(&["cat_user"]));
    converge(&mut client, &bare).await;
    client
        .batch_execute("create function is_mine(d docs) returns boolean stable language sql as 'select d.id > 0'")
        .await
        .unwrap();
    let good = PREDICATES.iter().filter(|predicate| !predicate.contains("NO_COLUMN"));
    for (at, predicate) in good.enumerate() {
        let user = [role("cat_user")];
        docs.policies.insert(
            id(&format!("p{at:02}")),
            policy(Command::Update, &user, Some(predicate), Some(predicate)),
        );
    }
    let desired = schema([docs, members], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    // The same from a text that nobody has written, as in a database restored from a dump.
    let live = compare(&mut client, &desired).await.unwrap().live;
    let live = live.schema.tables.values().find(|table| table.name.name == id("docs")).unwrap();
    for (name, policy) in &live.policies {
        let text = policy.using.as_ref().unwrap().as_str();
        client
            .batch_execute(&format!(
                "alter policy {name} on docs using ({text}) with check ({text})"
            ))
            .await
            .unwrap();
    }
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn what_differs_only_a_little_is_seen() {
    let (mut client, docs, members) = documents("close").await;
    let pairs = [
        ("title = 'a  b'", "title = 'a b'"),
        ("title = 'a' AND is_public OR id = 1", "title = 'a' AND (is_public OR id = 1)"),
        (
            "EXISTS (SELECT 1 FROM members m WHERE m.team_id = docs.team_id)",
            "EXISTS (SELECT 1 FROM members m WHERE m.team_id = m.team_id)",
        ),
        (
            "id = (SELECT max(d.id) FROM docs d WHERE d.id = docs.id)",
            "id = (SELECT max(docs.id) FROM docs WHERE docs.id = docs.id)",
        ),
        ("title IS DISTINCT FROM 'a'", "title <> 'a'"),
        ("id = 1", "id = 1::smallint"),
        (
            "team_id IN (SELECT team_id FROM members)",
            "team_id IN (SELECT docs.team_id FROM members)",
        ),
    ];
    for (one, other) in pairs {
        let with = |predicate| {
            let mut docs = docs.clone();
            docs.policies.insert(
                id("p"),
                policy(Command::Delete, &[role("cat_user")], Some(predicate), None),
            );
            schema([docs, members.clone()], &plain(&["cat_user"]))
        };
        converge(&mut client, &with(one)).await;
        assert!(
            !compare(&mut client, &with(other)).await.unwrap().plan.is_empty(),
            "{one} / {other}"
        );
    }
}

#[tokio::test]
async fn one_bad_expression_does_not_spoil_the_others() {
    let (mut client, mut docs, members) = documents("bad").await;
    let user = [role("cat_user")];
    for name in ["a", "b", "c", "d", "e"] {
        docs.policies
            .insert(id(name), policy(Command::Select, &user, Some("title LIKE 'x%'"), None));
    }
    converge(&mut client, &schema([docs.clone(), members.clone()], &plain(&["cat_user"]))).await;
    for bad in ["nothing = 1", "true) or (true", "true); SELECT (1", "1 +", "'a' ~~ 1"] {
        docs.policies.insert(id("c"), policy(Command::Select, &user, Some(bad), None));
        docs.policies.insert(id("d"), policy(Command::Select, &user, Some("title ~~ 'x%'"), None));
        let plan =
            compare(&mut client, &schema([docs.clone(), members.clone()], &plain(&["cat_user"])))
                .await
                .unwrap()
                .plan;
        let touched: Vec<_> = plan.steps.iter().map(|step| &step.change).collect();
        assert_eq!(touched.len(), 2, "{bad}: {touched:#?}");
    }
}

#[tokio::test]
async fn types_and_defaults_come_back_as_they_were_said() {
    let mut client = database("types").await;
    client
        .batch_execute(
            "create type mood as enum ('ok', 'so so'); create domain positive as int check (value > 0);
             create schema \"Ext\"; create type \"Ext\".\"Pair\" as (a int, b text)",
        )
        .await
        .unwrap();
    let mut t = table("t");
    t.columns = [
        ("smallint", "-1"),
        ("integer", "-1"),
        ("bigint", "9000000000"),
        ("real", "1.5"),
        ("double precision", "-0.5"),
        ("numeric", "-1"),
        ("numeric(10,2)", "0.10"),
        ("numeric(4)", "7"),
        ("boolean", "true"),
        ("text", "'two  spaces -- here'"),
        ("text", "'a' || 'b'"),
        ("text", "current_user"),
        ("varchar", "'x'"),
        ("varchar(20)", "'x'"),
        ("varchar(20)", "upper('x')"),
        ("char", "'x'"),
        ("char(5)", "'x'"),
        ("bpchar", "'x'"),
        ("pg_catalog.\"char\"", "'x'"),
        ("pg_catalog.name", "'x'"),
        ("pg_catalog.int4multirange", "'{}'"),
        ("bytea", r"'\x00'"),
        ("uuid", "gen_random_uuid()"),
        ("timestamptz", "now()"),
        ("timestamptz(3)", "now()"),
        ("timestamp(0)", "now() at time zone 'utc'"),
        ("date", "current_date"),
        ("date", "'2024-02-29'"),
        ("time(3)", "'12:00'"),
        ("timetz", "'12:00+00'"),
        ("interval", "'1 day'"),
        ("interval(3)", "'1 day'"),
        ("json", "'{}'"),
        ("jsonb", "'{\"a\": [1, 2]}'"),
        ("text[]", "'{}'::text[]"),
        ("text[]", "'{}'"),
        ("text[]", "ARRAY['a', 'b']"),
        ("varchar(20)[]", "'{a}'"),
        ("bit", "B'1'"),
        ("bit(3)", "B'101'"),
        ("varbit(5)", "B'1'"),
        ("inet", "'127.0.0.1'"),
        ("int4range", "'[1,2)'"),
        ("money", "'1.00'"),
        ("tsvector", "''"),
        ("public.mood", "'so so'"),
        ("public.mood[]", "'{ok}'"),
        ("public.positive", "1"),
        ("\"Ext\".\"Pair\"", "row(1, 'a')"),
        ("oid", "0"),
    ]
    .iter()
    .enumerate()
    .map(|(at, (ty, default))| with_default(&format!("c{at}"), ty, default))
    .collect();
    let desired = schema([t], &plain(&[]));
    converge(&mut client, &desired).await;
    let live = compare(&mut client, &desired).await.unwrap().live;
    let (live, desired) = (live.schema.tables.values().next(), desired.tables.values().next());
    for (live, desired) in live.unwrap().columns.iter().zip(&desired.unwrap().columns) {
        assert_eq!((&live.name, &live.ty), (&desired.name, &desired.ty));
        assert_eq!(PgType::parse(&live.ty.to_string()), Ok(live.ty.clone()));
    }
}

#[tokio::test]
async fn a_default_that_differs_only_in_its_length_is_seen() {
    let mut client = database("defaults").await;
    let with = |default| {
        let mut t = table("t");
        t.columns =
            vec![with_default("a", "varchar(20)", default), with_default("b", "integer", "1")];
        schema([t], &plain(&[]))
    };
    converge(&mut client, &with("'x'")).await;
    for other in ["'x '", "'X'", "upper('x')", "'x'::varchar(1)", "null"] {
        assert!(!compare(&mut client, &with(other)).await.unwrap().plan.is_empty(), "{other}");
    }
}

/// What no declaration can say is noted and never planned away.
#[tokio::test]
async fn what_the_model_cannot_say_is_left_alone() {
    let (mut client, mut docs, mut members) = documents("rest").await;
    docs.primary_key = Some(PrimaryKey::new(id("docs_pkey"), vec![id("id")]));
    docs.uniques.insert(id("docs_code_key"), Unique::new(vec![id("code")]));
    members.columns.push(Column { nullable: true, ..column("doc", "bigint") });
    members.foreign_keys.insert(
        id("members_doc_fkey"),
        ForeignKey {
            on_delete: ReferentialAction::Cascade,
            ..ForeignKey::new(vec![id("doc")], docs.name.clone(), vec![id("id")])
        },
    );
    docs.policies.insert(id("p"), policy(Command::Select, &[role("cat_user")], Some("true"), None));
    let desired = schema([docs, members], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    client.batch_execute("create rule a_rule as on delete to docs do also nothing").await.unwrap();
    let found = compare(&mut client, &desired).await.unwrap();
    assert!(found.plan.is_empty(), "{}", found.plan.to_sql());
    let notes = found.live.notes.join("\n");
    assert!(notes.contains("a_rule"), "{notes}");
}

#[tokio::test]
async fn what_is_not_declared_on_a_declared_table_goes_with_leave_alone() {
    let (mut client, docs, members) = documents("undeclared").await;
    let desired = schema([docs, members], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    let additions = [
        "add constraint positive check (id > 0)",
        "add constraint only_one exclude using btree (id with =)",
        "add constraint include_key unique (team_id) include (title)",
        "add constraint a_key primary key (id)",
    ];
    for addition in additions {
        client.batch_execute(&format!("alter table docs {addition}")).await.unwrap();
    }
    let indexes = [
        "create index a_partial on docs (id) where is_public",
        "create index a_lower on docs (lower(title))",
        "create index a_hash on docs using hash (title)",
        "create index a_desc on docs (team_id desc)",
        "create index an_include on docs (team_id) include (title)",
        "create index a_pattern on docs (title text_pattern_ops)",
        "create index a_collated on docs (title collate \"C\")",
        "create unique index a_unique on docs (title)",
    ];
    client.batch_execute(&indexes.join("; ")).await.unwrap();
    let key = "alter table members add foreign key (team_id) references docs (id)";
    assert!(client.batch_execute(key).await.is_ok(), "a bigint key takes integers");
    let plan = compare(&mut client, &desired).await.unwrap().plan;
    assert_eq!(plan.steps.len(), additions.len() + indexes.len() + 1, "{}", plan.to_sql());
    for step in &plan.steps {
        let kinds: Vec<_> = step.hazards.iter().map(|hazard| hazard.kind).collect();
        assert!(kinds.contains(&HazardKind::DropsUndeclared), "{:?}", step.change);
    }
    let refused = apply(&mut client, &desired, &[], &mut |_, _, _| {}).await;
    assert!(refused.is_err(), "nothing goes without leave");
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn odd_columns_and_families_are_noted() {
    let mut client = database("odd").await;
    let mut t = table("t");
    t.columns = vec![
        column("a", "text"),
        Column { nullable: true, ..column("b", "text") },
        column("i", "interval"),
    ];
    t.columns[2].nullable = true;
    client
        .batch_execute(
            "create table t (gone int, a text collate \"C\" not null, b text generated always as (a || 'x') stored,
                i interval day to second (3));
             create table heir () inherits (t);
             alter table t drop gone; alter table t force row level security",
        )
        .await
        .unwrap();
    let desired = schema([t], &plain(&[]));
    let live = compare(&mut client, &desired).await.unwrap().live;
    let notes = live.notes.join("\n");
    for part in ["others inherit from it", "FORCE"] {
        assert!(notes.contains(part), "{part} is not in\n{notes}");
    }
    let found = live.schema.tables.values().next().unwrap();
    let names: Vec<_> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "i"]);
    assert_eq!(found.row_security, RowSecurity::Disabled);
    assert_eq!(found.columns[1].default, None);
    assert_eq!(found.columns[2].ty.to_string(), "interval day to second(3)");
}

#[tokio::test]
async fn a_view_in_the_place_of_a_table_is_an_error() {
    let mut client = database("view").await;
    client.batch_execute("create view t as select 1 as n").await.unwrap();
    let mut t = table("t");
    t.columns = vec![column("n", "integer")];
    let desired = schema([t], &plain(&[]));
    let mut transaction = client.transaction().await.unwrap();
    let error = introspect(&mut transaction, &desired).await.unwrap_err();
    assert!(matches!(error, catalog::Error::NotATable { kind: "a view", .. }), "{error}");
}

#[tokio::test]
async fn only_what_is_declared_is_looked_at() {
    let (mut client, docs, _) = documents("scope").await;
    create_role(&client, "cat_stranger").await;
    client
        .batch_execute(
            "create table other (n int); create schema elsewhere; create table elsewhere.hidden (n int);
             create view v as select 1; create policy p on other using (true);
             alter default privileges in schema public grant all on tables to cat_stranger",
        )
        .await
        .unwrap();
    let desired = schema([docs], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    client.batch_execute("grant all on docs to cat_stranger").await.unwrap();
    let found = compare(&mut client, &desired).await.unwrap();
    assert!(found.plan.is_empty(), "{}", found.plan.to_sql());
    let undeclared: Vec<_> = found.live.undeclared.iter().map(ToString::to_string).collect();
    assert_eq!(undeclared, ["public.other"]);
    // Whoever is not declared keeps what they hold.
    let held = client
        .query_one("select has_table_privilege('cat_stranger', 'docs', 'truncate')", &[])
        .await
        .unwrap();
    assert!(held.get::<_, bool>(0));
}

#[tokio::test]
async fn usage_through_public_is_enough_and_stays() {
    let (mut client, mut docs, members) = documents("usage").await;
    docs.policies.insert(id("p"), policy(Command::Select, &[role("cat_user")], Some("true"), None));
    let desired = schema([docs, members], &plain(&["cat_user"]));
    converge(&mut client, &desired).await;
    let usage = "select has_schema_privilege('cat_stranger_2', 'public', 'usage')";
    create_role(&client, "cat_stranger_2").await;
    assert!(client.query_one(usage, &[]).await.unwrap().get::<_, bool>(0));
    client.batch_execute("revoke usage on schema public from public, cat_user").await.unwrap();
    assert!(!compare(&mut client, &desired).await.unwrap().plan.is_empty());
    converge(&mut client, &desired).await;
}

/// Postgres refuses to look into a table whose policies read it; to read what they say it need not look.
#[tokio::test]
async fn policies_that_would_recurse_are_compared_all_the_same() {
    let mut client = support::owner::owned("recursive").await;
    let mut docs = table("docs");
    docs.row_security = RowSecurity::Forced;
    docs.columns = vec![column("id", "bigint"), column("title", "text")];
    let own = "EXISTS (SELECT 1 FROM public.docs AS d WHERE d.id = public.docs.id)";
    let read = policy(Command::Select, &[Grantee::Public], Some(own), None);
    docs.policies.insert(id("read"), read);
    let desired = compiled_as_written(docs);
    support::owner::converge(&mut client, &desired).await;
}

/// A compiled schema of one table, past the rules for declarations.
fn compiled_as_written(table: Table) -> Schema {
    let sql = |_, expr: &Expr| match expr {
        Expr::Sql(text) => Sql::new(text.clone()),
        other => panic!("{other} is not SQL"),
    };
    let table = table.map(&mut { sql });
    let mut schema = Schema::new_database();
    schema.grantees.insert(Grantee::Public);
    schema.tables.insert(table.name.clone(), table);
    schema
}
