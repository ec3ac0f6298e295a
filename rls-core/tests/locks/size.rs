//! Which tables are gone through in a moment, so that nobody is asked for leave: small ones, with what is kept
//! beside them.

use rls_core::apply::{apply, compare};
use rls_core::plan::HazardKind;

use super::case::DOCS;
use super::support::owner::{converge, owned};
use super::world::{declared, edited, of, run};

/// More than eight megabytes in the rows themselves.
const LONG: &str = "INSERT INTO docs (id, team_id, title, note, size, shown)
    SELECT n, 1, 'doc ' || n, repeat(md5(n::text), 40), n, true FROM generate_series(1, 9000) n";

/// A few rows, of which each has most of itself elsewhere: Postgres keeps what is long out of the row.
const ELSEWHERE: &str = "INSERT INTO docs (id, team_id, title, note, size, shown)
    SELECT n, 1, 'doc ' || n, (SELECT string_agg(md5(n || '.' || m), '') FROM generate_series(1, 1000) m), n, true
    FROM generate_series(1, 500) n";

async fn told(name: &str, fill: &str) -> Vec<HazardKind> {
    let before = declared(name, DOCS);
    let change = [
        ("title: String", "#[rls(index)] title: String"),
        ("note: Option<String>", "note: String"),
        ("spare: Option<i32>", "spare: Option<i32>, #[rls(identity)] number: i64"),
    ];
    let after = declared(name, &edited(DOCS, &change));
    let mut client = owned(&format!("locks_{name}")).await;
    converge(&mut client, &before).await;
    run(&client, fill).await.unwrap();
    let plan = compare(&mut client, &after).await.unwrap().plan;
    let kinds = [HazardKind::RewritesTable, HazardKind::BlocksReads, HazardKind::BlocksWrites];
    let told: Vec<_> = kinds.into_iter().filter(|kind| of(&plan, *kind).count() == 1).collect();
    apply(&mut client, &after, &told, &mut |_, _, _| {}).await.unwrap();
    told
}

#[tokio::test]
async fn leave_is_asked_for_where_a_table_is_large() {
    let all = [HazardKind::RewritesTable, HazardKind::BlocksReads, HazardKind::BlocksWrites];
    assert_eq!(told("large", LONG).await, all);
    assert_eq!(told("elsewhere", ELSEWHERE).await, all);
    assert_eq!(told("few", "INSERT INTO docs VALUES (1, 1, 'doc', 'note', 1, true)").await, []);
}
