//! Privileges on columns and on sequences.

use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Origin, plan};
use tokio_postgres::Client;

use crate::support::*;
use crate::{
    asks, by_snapshots, converge, found, kinds, may, on_column, on_table, public, settings,
    there_and_back, three_columns, with,
};

#[tokio::test]
async fn columns_there_and_back() {
    let bare = schema([three_columns()], &settings(&["pr_col"]));
    let one = with(
        bare.clone(),
        [
            on_column("pr_col", "a", Privilege::Select),
            on_column("pr_col", "b", Privilege::Select),
            on_column("pr_col", "b", Privilege::Update),
            on_column("pr_col", "c", Privilege::References),
        ],
    );
    let other = with(
        bare,
        [on_column("pr_col", "c", Privilege::Insert), on_column("pr_col", "a", Privilege::Select)],
    );
    assert!(
        one.to_sql().contains(
            "GRANT SELECT (a, b), UPDATE (b), REFERENCES (c) ON TABLE public.t TO pr_col;"
        )
    );
    let client = there_and_back("pr_columns", &one, &other).await;
    assert!(may(&client, "pr_col", "a", "select").await);
    assert!(may(&client, "pr_col", "c", "insert").await);
    for (column, privilege) in [("b", "select"), ("b", "update"), ("c", "references")] {
        assert!(!may(&client, "pr_col", column, privilege).await, "{column} {privilege}");
    }
}

#[tokio::test]
async fn from_the_table_to_its_columns_and_back() {
    let bare = schema([three_columns()], &settings(&["pr_wide"]));
    let wide = with(
        bare.clone(),
        [on_table("pr_wide", Privilege::Select), on_table("pr_wide", Privilege::Delete)],
    );
    let narrow = with(
        bare,
        [on_column("pr_wide", "a", Privilege::Select), on_table("pr_wide", Privilege::Delete)],
    );
    let mut client = there_and_back("pr_wide", &wide, &narrow).await;
    assert!(may(&client, "pr_wide", "a", "select").await);
    assert!(!may(&client, "pr_wide", "b", "select").await);

    // Less is another hazard than more.
    let plan = found(&mut client, &wide).await.plan;
    assert_eq!(kinds(&plan), [HazardKind::WidensAccess].into());
    converge(&mut client, &wide).await;
    let plan = found(&mut client, &narrow).await.plan;
    assert_eq!(kinds(&plan), [HazardKind::NarrowsAccess].into());
}

#[tokio::test]
async fn what_a_revoke_on_the_table_takes_along_is_granted_again() {
    let bare = schema([three_columns()], &settings(&["pr_again", "pr_bystander"]));
    let columns = [
        on_column("pr_again", "a", Privilege::Select),
        on_column("pr_again", "b", Privilege::Update),
        on_column("pr_bystander", "a", Privilege::Select),
    ];
    let both = with(with(bare.clone(), columns.clone()), [on_table("pr_again", Privilege::Select)]);
    let columns = with(bare, columns);
    let mut client = there_and_back("pr_again", &both, &columns).await;
    converge(&mut client, &both).await;
    let plan = converge(&mut client, &columns).await;
    assert_eq!(
        plan.to_sql(),
        "REVOKE SELECT ON TABLE public.t FROM pr_again;\nGRANT SELECT (a) ON TABLE public.t TO pr_again;\n"
    );
    assert!(may(&client, "pr_again", "a", "select").await);
    assert!(may(&client, "pr_again", "b", "update").await);
    assert!(may(&client, "pr_bystander", "a", "select").await);
    assert!(!may(&client, "pr_again", "b", "select").await);
}

#[tokio::test]
async fn what_a_revoke_on_all_tables_takes_along_is_granted_again() {
    let bare = schema([three_columns()], &settings(&["pr_all"]));
    let columns = with(bare, [on_column("pr_all", "a", Privilege::Select)]);
    let all = |object| Grant { object, grantee: role("pr_all"), privilege: Privilege::Select };
    let blanket = with(
        columns.clone(),
        [all(GrantObject::AllTables(id("public"))), all(GrantObject::Table(public("t")))],
    );
    let client = there_and_back("pr_all", &blanket, &columns).await;
    assert!(may(&client, "pr_all", "a", "select").await);
    assert!(!may(&client, "pr_all", "b", "select").await);
    drop(client);
    let table = with(columns, [all(GrantObject::Table(public("t")))]);
    by_snapshots("pr_all", &blanket, &table).await;
}

#[tokio::test]
async fn a_column_goes_with_its_privileges_and_comes_without() {
    let settings = settings(&["pr_gone"]);
    let one = with(
        schema([three_columns()], &settings),
        [
            on_column("pr_gone", "a", Privilege::Select),
            on_column("pr_gone", "b", Privilege::Select),
        ],
    );
    let mut t = three_columns();
    t.columns.retain(|column| column.name.as_str() != "b");
    let other = with(schema([t], &settings), [on_column("pr_gone", "a", Privilege::Select)]);
    let mut client = there_and_back("pr_gone", &one, &other).await;
    converge(&mut client, &one).await;
    let plan = converge(&mut client, &other).await;
    assert_eq!(plan.to_sql(), "ALTER TABLE public.t DROP COLUMN b;\n");
}

#[tokio::test]
async fn drift_on_columns_is_revoked() {
    let desired = schema([three_columns()], &settings(&["pr_drift"]));
    let mut client = database("pr_drift").await;
    converge(&mut client, &desired).await;
    client
        .batch_execute("grant select (a), update (b) on t to pr_drift; grant insert (c), select (ctid) on t to public")
        .await
        .unwrap();
    let plan = converge(&mut client, &desired).await;
    assert_eq!(kinds(&plan), [HazardKind::NarrowsAccess].into());
    assert!(!may(&client, "pr_drift", "a", "select").await);
    assert!(!may(&client, "pr_drift", "c", "insert").await);
}

#[tokio::test]
async fn sequences_there_and_back() {
    let bare = schema([three_columns()], &settings(&["pr_seq"]));
    let on = |privilege| Grant {
        object: GrantObject::Sequence(public("Numbers")),
        grantee: role("pr_seq"),
        privilege,
    };
    let one = with(bare.clone(), [on(Privilege::Usage)]);
    let other = with(bare.clone(), [on(Privilege::Select), on(Privilege::Update)]);
    let mut client = database("pr_seq").await;
    client.batch_execute("create sequence \"Numbers\"").await.unwrap();
    let may = async |client: &Client, privilege: &str| {
        let question = format!("has_sequence_privilege('pr_seq', '\"Numbers\"', '{privilege}')");
        asks(client, &question).await
    };
    let mut previous = bare.clone();
    converge(&mut client, &bare).await;
    for next in [&one, &other, &one, &bare] {
        let schemas = Pair { previous: &previous, next };
        let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
        client.batch_execute(&plan.to_sql()).await.unwrap();
        assert!(found(&mut client, next).await.plan.is_empty());
        assert_eq!(may(&client, "usage").await, next == &one);
        assert_eq!(may(&client, "update").await, next == &other);
        previous = next.clone();
    }

    // A database alone does not say whose the privileges are that nobody asks for.
    let granted = converge(&mut client, &one).await;
    assert_eq!(granted.to_sql(), "GRANT USAGE ON SEQUENCE public.\"Numbers\" TO pr_seq;\n");
    assert!(found(&mut client, &bare).await.plan.is_empty());
}
