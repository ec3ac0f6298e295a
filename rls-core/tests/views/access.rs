//! Who sees which rows through a view, and what was changed about that by hand.

use rls_core::apply::{apply, compare};
use rls_core::drift::drift;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::resolve::{Declared, resolve};

use crate::support::owner::{converge, owned, text};
use crate::support::*;
use crate::{compiled, declared, items, materialized, readable, version, view};

/// Items of which `reader` may see those above 10.
fn guarded() -> Table {
    let mut items = items();
    let reads = policy(Command::Select, &[role("reader")], Some("price > 10"), None);
    items.policies.insert(id("reads"), reads);
    items
}

const FILL: &str = "INSERT INTO items SELECT n, 'x', n, NULL, '' FROM generate_series(1, 20) AS n";

async fn seen(client: &Database, owner: &str, name: &str) -> Result<String, String> {
    client.batch_execute("RESET ROLE; SET ROLE reader").await.unwrap();
    let counted = client.query_one(&format!("SELECT count(*)::text FROM {name}"), &[]).await;
    client.batch_execute(&format!("RESET ROLE; SET ROLE {owner}")).await.unwrap();
    counted.map(|row| row.get(0)).map_err(|error| error.as_db_error().unwrap().message().to_owned())
}

#[tokio::test]
async fn a_view_shows_what_policies_let_whoever_asks_see() {
    let mut client = owned("view_access").await;
    let owner = text(&client, "SELECT current_user").await;
    let invoker = version(&client).await >= 150_000;
    let asks = View { security_invoker: invoker, ..view("asks", "SELECT * FROM items") };
    let mut views = vec![
        readable(asks),
        readable(view("past", "SELECT * FROM items")),
        readable(materialized("kept", "SELECT * FROM items")),
        declared(view("closed", "SELECT * FROM items")),
    ];
    // What others make is open to `reader`; what is declared is not, unless it says so.
    let open = format!(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT ON TABLES TO reader"
    );
    client.batch_execute(&open).await.unwrap();
    converge(&mut client, &compiled(vec![guarded()], views.clone())).await;
    client.batch_execute(&format!("{FILL}; REFRESH MATERIALIZED VIEW kept")).await.unwrap();
    let seen_by = |name| seen(&client, &owner, name);
    assert_eq!(seen_by("items").await.unwrap(), "10");
    assert_eq!(seen_by("asks").await.unwrap(), if invoker { "10" } else { "20" });
    assert_eq!(seen_by("past").await.unwrap(), "20");
    assert_eq!(seen_by("kept").await.unwrap(), "20");
    assert!(seen_by("closed").await.unwrap_err().contains("permission denied"));
    // Taken back, and given again.
    let grants = std::mem::take(&mut views[1].grants);
    converge(&mut client, &compiled(vec![guarded()], views.clone())).await;
    assert!(seen(&client, &owner, "past").await.unwrap_err().contains("permission denied"));
    views[1].grants = grants;
    converge(&mut client, &compiled(vec![guarded()], views)).await;
    assert_eq!(seen(&client, &owner, "past").await.unwrap(), "20");
}

#[tokio::test]
async fn who_makes_a_view_keeps_what_an_owner_has_though_privileges_of_theirs_are_governed() {
    let mut client = owned("view_governed").await;
    let owner = text(&client, "SELECT current_user").await;
    let declared = Declared {
        tables: vec![guarded().into()],
        views: vec![
            declared(view("below", "SELECT id FROM items")),
            readable(view("above", "SELECT id FROM below")),
        ],
        ..Declared::default()
    };
    let desired = resolve(declared, &plain(&["reader", &owner])).unwrap().schema;
    converge(&mut client, &desired).await;
    client.batch_execute(FILL).await.unwrap();
    // A view reads another one as its owner.
    assert_eq!(seen(&client, &owner, "above").await.unwrap(), "20");
}

#[tokio::test]
async fn privileges_on_columns_of_a_view_are_what_is_declared() {
    let mut client = owned("view_columns").await;
    let owner = text(&client, "SELECT current_user").await;
    let mut shown = readable(view("shown", "SELECT id, title, price FROM items"));
    shown.grants[0].columns = [id("id"), id("title")].into();
    let desired = compiled(vec![guarded()], vec![shown]);
    converge(&mut client, &desired).await;
    client.batch_execute(FILL).await.unwrap();
    assert_eq!(seen(&client, &owner, "(SELECT id, title FROM shown) AS s").await.unwrap(), "20");
    assert!(seen(&client, &owner, "(SELECT price FROM shown) AS s").await.is_err());
    client.batch_execute("GRANT SELECT ON shown TO reader").await.unwrap();
    let plan = compare(&mut client, &desired).await.unwrap().plan;
    // Taking a privilege on the whole takes those on its columns.
    assert!(plan.to_sql().starts_with("REVOKE SELECT ON TABLE public.shown"), "{}", plan.to_sql());
    converge(&mut client, &desired).await;
    assert!(seen(&client, &owner, "(SELECT price FROM shown) AS s").await.is_err());
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_mended_with_leave() {
    let mut client = owned("view_drift").await;
    let barrier = View { security_barrier: true, ..view("shown", "SELECT id FROM items") };
    let views = vec![
        readable(View { check_option: CheckOption::Cascaded, ..barrier }),
        readable(materialized("kept", "SELECT id FROM items")),
    ];
    let desired = compiled(vec![guarded()], views);
    converge(&mut client, &desired).await;
    for (by_hand, kind, object) in [
        (
            "CREATE OR REPLACE VIEW shown WITH (security_barrier, check_option = cascaded)
                AS SELECT id FROM items WHERE id > 0",
            "view-edited",
            "the view public.shown",
        ),
        ("ALTER VIEW shown RESET (security_barrier)", "view-edited", "the view public.shown"),
        ("DROP MATERIALIZED VIEW kept", "view-gone", "the view public.kept"),
        ("GRANT INSERT ON shown TO reader", "extra-grant", "public.shown"),
        ("REVOKE SELECT ON kept FROM reader", "missing-grant", "public.kept"),
    ] {
        client.batch_execute(by_hand).await.unwrap();
        let found = drift(&mut client, &desired).await.unwrap().findings;
        let told: Vec<_> =
            found.iter().map(|it| (it.kind.to_string(), it.object.as_str())).collect();
        assert!(told.contains(&(kind.to_owned(), object)), "{by_hand}: {told:?}");
        converge(&mut client, &desired).await;
        assert!(drift(&mut client, &desired).await.unwrap().findings.is_empty(), "{by_hand}");
    }
}

#[tokio::test]
async fn what_shows_more_needs_leave() {
    let mut client = owned("view_leave").await;
    let before = compiled(vec![guarded()], vec![readable(view("shown", "SELECT 1 AS one"))]);
    converge(&mut client, &before).await;
    let after =
        compiled(vec![guarded()], vec![readable(view("shown", "SELECT id AS one FROM items"))]);
    let refused = apply(&mut client, &after, &[], &mut |_, _, _| {}).await.unwrap_err();
    assert!(refused.to_string().contains("may show more than before"), "{refused}");
    assert!(compare(&mut client, &before).await.unwrap().plan.is_empty());
    let leave = [HazardKind::WidensAccess];
    apply(&mut client, &after, &leave, &mut |_, _, _| {}).await.unwrap();
    assert!(compare(&mut client, &after).await.unwrap().plan.is_empty());
}
