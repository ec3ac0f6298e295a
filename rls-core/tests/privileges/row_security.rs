//! ENABLE and FORCE: only ever more.

use rls_core::Settings;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use tokio_postgres::Client;

use crate::support::*;
use crate::{converge, found, kinds, three_columns};

#[tokio::test]
async fn force_there_and_stays() {
    let enabled = schema([three_columns()], &plain(&[]));
    let force = [id("public")].into();
    let forced = schema([three_columns()], &Settings { force, ..plain(&[]) });
    let disabled =
        schema([Table { row_security: RowSecurity::Disabled, ..three_columns() }], &plain(&[]));
    let state = "concat(relrowsecurity, relforcerowsecurity) from pg_class where relname = 't'";
    let row_security = async |client: &Client| -> String {
        client.query_one(&format!("select {state}"), &[]).await.unwrap().get(0)
    };
    for (name, from, to) in
        [("force_1", "ff", "tt"), ("force_2", "tf", "tt"), ("force_3", "ft", "tt")]
    {
        let mut client = database(&format!("pr_{name}")).await;
        converge(&mut client, &disabled).await;
        assert_eq!(row_security(&client).await, "ff");
        if from.starts_with('t') {
            client.batch_execute("alter table t enable row level security").await.unwrap();
        }
        if from.ends_with('t') {
            client.batch_execute("alter table t force row level security").await.unwrap();
        }
        let plan = converge(&mut client, &forced).await;
        assert_eq!(kinds(&plan), [HazardKind::NarrowsAccess].into());
        assert_eq!(row_security(&client).await, to);
        for less in [&enabled, &disabled] {
            assert!(converge(&mut client, less).await.is_empty());
            assert_eq!(row_security(&client).await, "tt");
        }
        let notes = found(&mut client, &disabled).await.live.notes;
        assert!(notes.iter().any(|note| note.contains("it is never disabled")), "{notes:?}");
    }
    let mut client = database("pr_force_new").await;
    converge(&mut client, &forced).await;
    assert_eq!(row_security(&client).await, "tt");
}
