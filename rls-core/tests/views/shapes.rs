//! Every shape of a query, and every option, is read back equal and becomes every next one and back.

use rls_core::apply::compare;
use rls_core::diff::Change;
use rls_core::model::*;
use rls_core::plan::Step;

use crate::support::owner::{converge, owned, text};
use crate::support::*;
use crate::{compiled, declared, in_public, items, materialized, version, view};

/// Queries whose text Postgres does not keep.
const QUERIES: &[&str] = &[
    "select * from items",
    "SELECT id, title FROM items WHERE price BETWEEN 1 AND 10 AND (id IN (1, 2, 3) OR title = 'a')",
    "select i.id, p.title as of from items i left join items p on p.id = i.parent",
    "select i.*, p.* from items i cross join (select 1 as one) p",
    "select * from items natural join (select id, 2 as two from items) as other",
    "select id, title from items join (select id, 3 as three from items) as other using (id)",
    "with cheap as (select id from items where price < 1), rest as materialized (select id from items)
        select cheap.id from cheap join rest using (id)",
    "with recursive up(id, depth) as (select id, 0 from items where parent is null
        union all select i.id, up.depth + 1 from items i join up on i.parent = up.id) select * from up",
    "select id, row_number() over (partition by parent order by price desc) as place,
        sum(price) over w as total from items window w as (order by id rows between 1 preceding and current row)",
    "select id from items union select parent from items",
    "select id as a, 'x' as b from items union all (select 1, 'y' except select 2, 'z') order by a limit 3",
    "select \"Order By\" as \"Group \"\"By\"\"\", items.\"Order By\" || '''' as \"select\" from items",
    "select g, g * 2 as twice from generate_series(1, 3) as g",
    "select i.id, part from items i, lateral unnest(string_to_array(i.title, ',')) with ordinality as t(part, at)",
    "select parent, count(*) as all, count(*) filter (where price > 1) as dear, string_agg(title, ', ' order by id) as titles
        from items group by parent having count(*) > 1",
    "select id, title from items group by id",
    "select parent, title, grouping(parent) as level, avg(price)::numeric(8,1) as mean from items group by rollup (parent, title)",
    "select distinct on (parent) parent, id from items order by parent, price desc nulls last",
    "values (1, 'a'), (2, 'b')",
    "table items",
    "select id, case when price > 1 then 'dear'::text else null end as what, title like 'a%' as a, title collate \"C\" as sorted from items",
    "select exists (select 1 from items p where p.parent = i.id) as has, (select max(price) from items) as most,
        id = any (array(select parent from items)) as is_parent, array[id, 2] as pair from items i",
    "select i as whole, row_to_json(i) as doc, (i).title from items i",
    "select price::int as \"Price\", price + 1.50 as more, -1 as less, now() at time zone 'UTC' as at, interval '1 day' as day from items",
    "select * from items where title in ('a', 'b') and title <> 'c' and price is not distinct from 2 for update",
    "select id from items tablesample bernoulli (50) repeatable (1)",
    "select current_user as who, current_setting('work_mem') as memory, 'a' || E'\\\\b\\n' as text",
    "select x.id, y.id as other from (items x join items y on (x.parent = y.id)) where x.price > all (values (1), (2))",
];

#[tokio::test]
async fn every_query_is_read_back_equal_and_becomes_every_next_one_and_back() {
    let mut client = owned("view_shapes").await;
    for query in QUERIES.iter().chain(QUERIES.iter().rev()) {
        let desired = compiled(vec![items()], vec![declared(view("v", query))]);
        converge(&mut client, &desired).await;
        let live = compare(&mut client, &desired).await.unwrap().live;
        assert!(live.notes.is_empty(), "{:?}", live.notes);
        // What the database says of it is as good as what was declared, for the one and for the other.
        let found = &live.schema.views[&in_public("v")];
        let written = compiled(vec![items()], vec![declared(found.clone())]);
        let plan = compare(&mut client, &written).await.unwrap().plan;
        assert!(plan.is_empty(), "{query}\n{}", plan.to_sql());
    }
}

#[tokio::test]
async fn what_was_read_makes_the_same_view_in_another_database() {
    let mut texts = Vec::new();
    for query in QUERIES {
        let mut client = owned("view_written").await;
        let desired = compiled(vec![items()], vec![declared(view("v", query))]);
        converge(&mut client, &desired).await;
        let live = compare(&mut client, &desired).await.unwrap().live;
        texts.push((query, live.schema.views[&in_public("v")].clone()));
    }
    let mut client = owned("view_rewritten").await;
    for (query, found) in texts {
        converge(&mut client, &compiled(vec![items()], vec![declared(found)])).await;
        let desired = compiled(vec![items()], vec![declared(view("v", query))]);
        let plan = compare(&mut client, &desired).await.unwrap().plan;
        assert!(plan.is_empty(), "{query}\n{}", plan.to_sql());
    }
}

#[tokio::test]
async fn materialized_views_are_read_back_equal_too() {
    let mut client = owned("view_kept").await;
    for query in QUERIES
        .iter()
        .filter(|query| !query.contains("for update") && !query.contains("i as whole"))
    {
        let desired = compiled(vec![items()], vec![declared(materialized("v", query))]);
        converge(&mut client, &desired).await;
    }
    // And one becomes a plain one.
    let desired = compiled(vec![items()], vec![declared(view("v", QUERIES[0]))]);
    converge(&mut client, &desired).await;
    assert_eq!(text(&client, "SELECT relkind FROM pg_class WHERE relname = 'v'").await, "v");
}

#[tokio::test]
async fn names_of_columns_are_given_behind_the_name_of_the_view() {
    let mut client = owned("view_names").await;
    let named = |names: &[&str], query: &str| {
        let columns = names.iter().map(|name| id(name)).collect();
        compiled(vec![items()], vec![declared(View { columns, ..view("v", query) })])
    };
    let steps = [
        named(&["number", "Title"], "select id, title from items"),
        named(&["number"], "select id, title from items"),
        named(&[], "select id as number, title from items"),
        named(&["a", "b"], "values (1, 2)"),
        named(&["a"], "select id from items union select parent from items"),
    ];
    for desired in steps.iter().chain(steps.iter().rev()) {
        converge(&mut client, desired).await;
    }
    // The same thing said in two ways is one.
    converge(&mut client, &steps[0]).await;
    let same = named(&[], "select id as number, title as \"Title\" from items");
    assert!(compare(&mut client, &same).await.unwrap().plan.is_empty());
}

fn options(invoker: bool) -> Vec<View> {
    let plain = || view("v", "select id, title from items where id > 1");
    let mut all = Vec::new();
    for check_option in [CheckOption::None, CheckOption::Local, CheckOption::Cascaded] {
        for security_barrier in [false, true] {
            all.push(View { check_option, security_barrier, ..plain() });
            if invoker {
                let security_invoker = true;
                all.push(View { check_option, security_barrier, security_invoker, ..plain() });
            }
        }
    }
    all
}

#[tokio::test]
async fn every_option_becomes_every_other_where_the_view_is() {
    let mut client = owned("view_options").await;
    let options = options(version(&client).await >= 150_000);
    converge(&mut client, &compiled(vec![items()], vec![declared(options[0].clone())])).await;
    let oid = text(&client, "SELECT 'v'::regclass::oid").await;
    // Each next one, each one after the next, and all the way back.
    let skipping = options.iter().step_by(2).chain(options.iter().skip(1).step_by(2));
    for view in options.iter().skip(1).chain(skipping).chain(options.iter().rev().skip(1)) {
        let desired = compiled(vec![items()], vec![declared(view.clone())]);
        let plan = converge(&mut client, &desired).await;
        let altered = |step: &Step| matches!(step.change, Change::AlterView(_));
        assert!(!plan.is_empty() && plan.steps.iter().all(altered), "{}", plan.to_sql());
    }
    assert_eq!(text(&client, "SELECT 'v'::regclass::oid").await, oid);
}

#[tokio::test]
async fn options_that_somebody_wrote_in_other_words_are_read() {
    let mut client = owned("view_words").await;
    let desired = compiled(vec![items()], vec![declared(options(false)[5].clone())]);
    converge(&mut client, &desired).await;
    let by_hand =
        "ALTER VIEW v SET (security_barrier = on); ALTER VIEW v SET (check_option = 'cascaded')";
    client.batch_execute(by_hand).await.unwrap();
    assert!(compare(&mut client, &desired).await.unwrap().plan.is_empty());
    client.batch_execute("ALTER VIEW v SET (security_barrier = OFF)").await.unwrap();
    assert!(!compare(&mut client, &desired).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn a_view_that_reads_as_whoever_asks_needs_postgres_15() {
    let mut client = owned("view_version").await;
    let desired = compiled(vec![items()], vec![declared(options(true)[1].clone())]);
    let compared = compare(&mut client, &desired).await;
    if version(&client).await >= 150_000 {
        compared.unwrap();
    } else {
        let error = compared.unwrap_err().to_string();
        assert!(error.contains("the view public.v"), "{error}");
        assert!(error.contains("`security_invoker = false`"), "{error}");
    }
}

#[tokio::test]
async fn indexes_of_a_materialized_view_are_compared_by_what_they_say() {
    let mut client = owned("view_indexes").await;
    let unique = Index { unique: true, ..Index::btree([id("id")]) };
    let lower = Index {
        keys: vec![IndexKey {
            value: IndexValue::Expr(Sql::new("lower(title)")),
            ..IndexKey::column(id("id"))
        }],
        predicate: Some(Sql::new("id in (1, 2)")),
        ..Index::btree([])
    };
    let with = |indexes: &[(&str, &Index<Sql>)]| {
        let indexes = indexes.iter().map(|(name, index)| (id(name), (*index).clone())).collect();
        let kept = materialized("v", "select id, title from items");
        compiled(vec![items()], vec![declared(View { indexes, ..kept })])
    };
    let steps = [
        with(&[]),
        with(&[("v_id", &unique)]),
        with(&[("v_id", &unique), ("V lower", &lower)]),
        with(&[("v_id", &lower)]),
    ];
    for desired in steps.iter().chain(steps.iter().rev()) {
        converge(&mut client, desired).await;
    }
    converge(&mut client, &steps[1]).await;
    client.batch_execute("REFRESH MATERIALIZED VIEW CONCURRENTLY v").await.unwrap();
    // An index under another name is the same one.
    client.batch_execute("ALTER INDEX v_id RENAME TO other").await.unwrap();
    assert!(compare(&mut client, &steps[1]).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn a_table_in_the_place_of_a_view_is_an_error_and_the_other_way_about() {
    let mut client = owned("view_place").await;
    client
        .batch_execute("CREATE TABLE v (id int); CREATE VIEW items AS SELECT 1 AS id")
        .await
        .unwrap();
    let desired = compiled(vec![], vec![declared(view("v", "select 1 as one"))]);
    let error = compare(&mut client, &desired).await.unwrap_err().to_string();
    assert!(error.contains("public.v is a table in the database"), "{error}");
    let error =
        compare(&mut client, &compiled(vec![items()], vec![])).await.unwrap_err().to_string();
    assert!(error.contains("public.items is a view in the database"), "{error}");
}

#[tokio::test]
async fn what_a_view_has_that_no_declaration_says_is_named_and_left_alone() {
    let mut client = owned("view_unheld").await;
    let desired = compiled(vec![items()], vec![declared(view("v", "select id, title from items"))]);
    converge(&mut client, &desired).await;
    let by_hand = "CREATE RULE \"to nothing\" AS ON DELETE TO v DO INSTEAD NOTHING;
        ALTER VIEW v ALTER COLUMN title SET DEFAULT 'x'";
    client.batch_execute(by_hand).await.unwrap();
    let found = compare(&mut client, &desired).await.unwrap();
    assert!(found.plan.is_empty(), "{}", found.plan.to_sql());
    let note = found.live.notes.join("\n");
    assert!(note.contains("the rules \"to nothing\"; the defaults of title"), "{note}");
}
