//! What views lean on and what leans on them: types of columns, tables, functions, policies, other views.

use rls_core::apply::{apply, compare};
use rls_core::diff::Change;
use rls_core::model::*;
use rls_core::plan::HazardKind;

use crate::support::owner::{converge, owned, text};
use crate::support::*;
use crate::{
    by_snapshots, compiled, declared, in_public, items, materialized, readable, there_and_back,
    view, with_functions,
};

fn of_type(ty: &str) -> Table {
    let mut items = items();
    items.columns[2] = column("price", ty);
    items
}

fn without_price() -> Table {
    let mut items = items();
    items.columns.remove(2);
    items
}

fn commented(mut view: DeclaredView) -> DeclaredView {
    let name = view.view.name.clone();
    view.comments.insert(view.view.commented(), "what it shows".into());
    view.comments.insert(Commented::Column(name, id("id")), "the key".into());
    view
}

/// A view, one on it, one kept with an index, and one that is not concerned.
fn family() -> Vec<DeclaredView> {
    let unique = Index { unique: true, ..Index::btree([id("id")]) };
    let kept = materialized("a_kept", "select * from cheap");
    vec![
        commented(readable(view("cheap", "select * from items where price < 3"))),
        readable(view("cheaper", "select id, price from cheap where price < 2")),
        commented(readable(View { indexes: [(id("a_kept_id"), unique)].into(), ..kept })),
        declared(view("one", "select 1 as one")),
    ]
}

#[tokio::test]
async fn a_column_gets_another_type_under_views_on_views() {
    let one = compiled(vec![of_type("numeric(10,2)")], family());
    let other = compiled(vec![of_type("double precision")], family());
    let client = there_and_back("view_retype", &one, &other).await;
    let held = "SELECT has_table_privilege('reader', 'cheap', 'SELECT')
        AND has_table_privilege('reader', 'cheaper', 'SELECT')
        AND has_table_privilege('reader', 'a_kept', 'SELECT')";
    assert_eq!(text(&client, held).await, "true");
    assert_eq!(text(&client, "SELECT obj_description('a_kept'::regclass)").await, "what it shows");
    assert_eq!(text(&client, "SELECT col_description('cheap'::regclass, 1)").await, "the key");
    assert_eq!(
        text(&client, "SELECT indisunique FROM pg_index WHERE indexrelid = 'a_kept_id'::regclass")
            .await,
        "true"
    );
    assert_eq!(
        text(
            &client,
            "SELECT relacl::text ~ 'PUBLIC|(^|,)=' FROM pg_class WHERE relname = 'cheap'"
        )
        .await,
        "false"
    );
}

#[tokio::test]
async fn only_views_on_what_changes_are_made_again() {
    let mut client = owned("view_touch").await;
    converge(&mut client, &compiled(vec![of_type("integer")], family())).await;
    let oids =
        "SELECT string_agg(oid::text, ' ' ORDER BY relname) FROM pg_class WHERE relname = 'one'";
    let before = text(&client, oids).await;
    let plan = converge(&mut client, &compiled(vec![of_type("bigint")], family())).await;
    let made = plan.steps.iter().filter(|step| matches!(step.change, Change::CreateView { .. }));
    assert_eq!(made.count(), 3);
    assert_eq!(text(&client, oids).await, before);
    // Values that fit lose nothing, and a view that comes back as it was widens nothing.
    assert!(plan.steps.iter().all(|step| step.hazards.is_empty()), "{plan:?}");
}

#[tokio::test]
async fn views_that_take_all_columns_follow_their_table() {
    let all = || {
        vec![
            declared(view("v", "select * from items")),
            declared(view("w", "select v.* from v")),
            declared(materialized("m", "table items")),
            declared(view("counted", "select count(*) as n from items")),
        ]
    };
    let one = compiled(vec![without_price()], all());
    let other = compiled(vec![items()], all());
    let client = there_and_back("view_star", &one, &other).await;
    let columns = "SELECT string_agg(relname || natts, ' ' ORDER BY relname) FROM (SELECT relname, relnatts AS natts
        FROM pg_class WHERE relname IN ('v', 'w', 'm', 'counted')) AS found";
    assert_eq!(text(&client, columns).await, "counted1 m5 v5 w5");
}

#[tokio::test]
async fn more_columns_at_the_end_replace_a_view_and_others_make_it_anew() {
    let mut client = owned("view_more").await;
    let with = |query: &str| {
        let of = view("of", "select * from v");
        compiled(vec![items()], vec![readable(view("v", query)), declared(of)])
    };
    let oid = async |client: &Database| text(client, "SELECT 'v'::regclass::oid").await;
    converge(&mut client, &with("select id from items")).await;
    let before = oid(&client).await;
    for replaced in [
        "select id + 1 as id, title from items",
        "select id, title, 1 as one from items where id > 1",
    ] {
        converge(&mut client, &with(replaced)).await;
        assert_eq!(oid(&client).await, before);
    }
    for anew in [
        "select id from items",
        "select title as id from items",
        "select id, title from items",
        "select title, id from items",
    ] {
        let before = oid(&client).await;
        converge(&mut client, &with(anew)).await;
        assert_ne!(oid(&client).await, before, "{anew}");
    }
    assert_eq!(text(&client, "SELECT has_table_privilege('reader', 'v', 'SELECT')").await, "true");
}

#[tokio::test]
async fn an_index_that_keeps_its_name_has_the_comment_that_is_declared_of_it() {
    let mut client = owned("view_adopted").await;
    let with = |name: &str| {
        let kept = materialized("kept", "select id from items");
        let index = Index::btree([id("id")]);
        let mut view = declared(View { indexes: [(id(name), index)].into(), ..kept });
        view.comments.insert(Commented::Index(in_public(name)), "for a lookup".to_owned());
        compiled(vec![items()], vec![view])
    };
    converge(&mut client, &with("by_hand")).await;
    client.batch_execute("COMMENT ON INDEX by_hand IS 'for what?'").await.unwrap();
    let plan = converge(&mut client, &with("declared")).await.to_sql();
    assert_eq!(plan, "COMMENT ON INDEX public.by_hand IS 'for a lookup';\n");
}

#[tokio::test]
async fn views_go_before_what_they_read_and_come_after_it() {
    let mut other = table("others");
    other.columns = vec![column("id", "integer"), column("name", "text")];
    let one = compiled(vec![items()], vec![declared(view("v", "select id from items"))]);
    // In the order of names, the table it reads is made last, and the view on it first.
    let on = declared(view("a", "select id from v"));
    let next = compiled(vec![other], vec![declared(view("v", "select id from others")), on]);
    there_and_back("view_order", &one, &next).await;
}

fn function(name: &str, argument: Option<(&str, &str)>, returns: Returns, body: &str) -> Function {
    let argument = argument.map(|(name, ty)| Argument::named(id(name), PgType::parse(ty).unwrap()));
    Function {
        name: in_public(name),
        arguments: argument.into_iter().collect(),
        returns,
        attributes: Attributes::default(),
        body: Body::Standard { standard: Sql::new(body) },
    }
}

fn returns(ty: &str) -> Returns {
    Returns::Value(PgType::parse(ty).unwrap())
}

#[tokio::test]
async fn a_view_calls_a_function_that_reads_a_view_that_calls_a_function() {
    let all = |ty: &str| {
        let views = vec![
            readable(view("a_last", "select counted() as n")),
            readable(view("z_first", &format!("select id, plus(id::{ty}) as more from items"))),
        ];
        let functions = vec![
            function("plus", Some(("a", ty)), returns(ty), "RETURN a + 1"),
            function(
                "counted",
                None,
                returns("bigint"),
                "RETURN (SELECT count(more) FROM z_first)",
            ),
            Function {
                body: Body::Text("SELECT * FROM z_first".into()),
                ..function(
                    "rows_of",
                    None,
                    Returns::SetOf { set_of: PgType::parse("public.z_first").unwrap() },
                    "",
                )
            },
        ];
        with_functions(vec![items()], views, functions)
    };
    let client = there_and_back("view_calls", &all("integer"), &all("bigint")).await;
    assert_eq!(text(&client, "SELECT n FROM a_last").await, "0");
    let nothing = with_functions(vec![items()], vec![], vec![]);
    by_snapshots("view_calls_gone", &all("integer"), &nothing).await;
}

#[tokio::test]
async fn a_policy_that_looks_into_a_view_makes_way_for_it() {
    let with = |query: &str| {
        let mut items = items();
        let looks = "id IN (SELECT id FROM shown)";
        let reads = policy(Command::Select, &[role("reader")], Some(looks), None);
        items.policies.insert(id("reads"), reads);
        let mut chosen = table("chosen");
        chosen.columns = vec![column("id", "integer"), column("n", "bigint")];
        compiled(vec![items, chosen], vec![readable(view("shown", query))])
    };
    let (one, other) = (with("select id from chosen"), with("select n::int as id, n from chosen"));
    let client = there_and_back("view_policy", &one, &other).await;
    assert_eq!(text(&client, "SELECT count(*) FROM pg_policies").await, "1");
}

#[tokio::test]
async fn a_key_that_a_query_groups_by_goes_and_comes_under_it() {
    let query = "select id, title, count(*) as n from items group by id";
    let one = compiled(vec![items()], vec![declared(view("v", query))]);
    let mut wider = items();
    wider.primary_key = Some(PrimaryKey::new(id("items_pkey"), vec![id("id"), id("title")]));
    let query = "select id, title, count(*) as n from items group by id, title";
    let other = compiled(vec![wider], vec![declared(view("v", query))]);
    there_and_back("view_key", &one, &other).await;
}

#[tokio::test]
async fn an_enum_is_made_anew_under_views_that_show_and_name_it() {
    let with = |values: &[&str]| {
        let mood = UserType {
            name: in_public("mood"),
            form: TypeForm::Enum(EnumType {
                values: values.iter().map(|it| (*it).to_owned()).collect(),
            }),
        };
        let mut items = items();
        items.columns.push(column("mood", "public.mood"));
        let views = vec![
            readable(view("v", "select * from items")),
            declared(materialized("m", "select mood, count(*) from items group by mood")),
            declared(view("named", "select 'ok'::mood as mood")),
        ];
        let declared = rls_core::resolve::Declared {
            tables: vec![items.into()],
            types: vec![DeclaredType {
                ty: mood,
                owner: None,
                comments: [].into(),
                renames: Default::default(),
            }],
            views,
            ..Default::default()
        };
        rls_core::resolve::resolve(declared, &plain(&["reader"])).unwrap().schema
    };
    there_and_back("view_enum", &with(&["ok", "bad"]), &with(&["bad", "ok", "good"])).await;
}

#[tokio::test]
async fn a_view_that_nobody_declares_stands_in_the_way_by_name_and_stays() {
    let mut client = owned("view_stranger").await;
    converge(&mut client, &compiled(vec![of_type("integer")], family())).await;
    let theirs = "CREATE VIEW theirs AS SELECT price FROM items;
        CREATE VIEW beside AS SELECT title FROM items; CREATE VIEW \"On It\" AS SELECT id FROM cheap";
    client.batch_execute(theirs).await.unwrap();
    let next = compiled(vec![of_type("bigint")], family());
    let error = apply(&mut client, &next, &[HazardKind::LosesData], &mut |_, _, _| {}).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("the view public.theirs, which is not declared, reads public.items.price"),
        "{error}"
    );
    assert!(
        error.contains("the view public.On It, which is not declared, reads public.cheap"),
        "{error}"
    );
    assert!(!error.contains("beside"), "{error}");
    let by_the_server = apply(&mut client, &next, &HazardKind::ALL, &mut |_, _, _| {}).await;
    assert!(by_the_server.is_err());
    client.batch_execute("DROP VIEW theirs; DROP VIEW \"On It\"").await.unwrap();
    converge(&mut client, &next).await;
    assert_eq!(text(&client, "SELECT count(*) FROM beside").await, "0");
    // Undeclared views of a declared schema are no difference.
    assert!(compare(&mut client, &next).await.unwrap().plan.is_empty());
}

fn redirected(arguments: &[&str]) -> (Function, DeclaredView) {
    let body = "BEGIN INSERT INTO items VALUES (NEW.id, 'by ' || coalesce(TG_ARGV[0], '?'), 1, NULL, ''); RETURN NEW; END";
    let function = Function {
        attributes: Attributes::of(id("plpgsql")),
        body: Body::Text(body.into()),
        ..function("redirect", None, returns("pg_catalog.trigger"), "")
    };
    let trigger = Trigger {
        timing: TriggerTiming::InsteadOf,
        events: [TriggerEvent::Insert].into(),
        columns: [].into(),
        for_each_row: true,
        when: None,
        function: in_public("redirect"),
        arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
        old_table: None,
        new_table: None,
        constraint: None,
        state: TriggerState::Origin,
    };
    let mut shown = readable(view("v", "select id, upper(title) as title from items"));
    shown.view.triggers.insert(id("in_place"), trigger);
    let on = Commented::Trigger(in_public("v"), id("in_place"));
    shown.comments.insert(on, "goes to the table".into());
    (function, shown)
}

#[tokio::test]
async fn triggers_that_write_in_the_place_of_a_view() {
    let with = |arguments: &[&str], table: Table| {
        let (function, view) = redirected(arguments);
        with_functions(vec![table], vec![view], vec![function])
    };
    let retitled = || {
        let mut items = items();
        items.columns[1] = column("title", "text");
        items
    };
    let client =
        there_and_back("view_trigger", &with(&["a"], items()), &with(&["b"], items())).await;
    client.batch_execute("INSERT INTO v (id) VALUES (7)").await.unwrap();
    assert_eq!(text(&client, "SELECT title FROM v").await, "BY B");
    // With the view, the trigger and its comment are made again.
    let client =
        there_and_back("view_trigger_type", &with(&["a"], items()), &with(&["a"], retitled()))
            .await;
    client.batch_execute("INSERT INTO v (id) VALUES (7)").await.unwrap();
    let comment =
        "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname = 'in_place'";
    assert_eq!(text(&client, comment).await, "goes to the table");
    let mut bare = redirected(&[]).1;
    bare.view.triggers.clear();
    bare.comments.clear();
    let without = with_functions(vec![items()], vec![bare], vec![]);
    there_and_back("view_trigger_gone", &with(&["a"], items()), &without).await;
}
