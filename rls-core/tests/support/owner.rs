//! What most people have: an owner who is no superuser.

use rls_core::apply::{apply, compare};
use rls_core::model::Schema;
use rls_core::plan::{HazardKind, Plan};
use tokio_postgres::Client;

use super::{Database, create_role, database};

/// A database whose session is that of a role which owns it and has no other power.
pub async fn owned(name: &str) -> Database {
    let client = database(name).await;
    let (name, owner) = (&client.name, format!("{name}_owner"));
    for role in [owner.as_str(), "reader"] {
        create_role(&client, role).await;
    }
    let statements = format!(
        "ALTER DATABASE {name} OWNER TO {owner}; ALTER SCHEMA public OWNER TO {owner}; SET ROLE {owner}"
    );
    client.batch_execute(&statements).await.unwrap();
    client
}

/// Applies, whatever it may lose, and finds nothing left to do.
pub async fn converge(client: &mut Client, desired: &Schema) -> Plan {
    let done = apply(client, desired, &HazardKind::ALL, &mut |_, _, _| {})
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let left = compare(client, desired).await.unwrap().plan;
    assert!(left.is_empty(), "{}", left.to_sql());
    done.plan
}

/// One value, as text.
pub async fn text(client: &Client, query: &str) -> String {
    let rows = client.query(&format!("SELECT ({query})::text"), &[]).await;
    rows.unwrap_or_else(|error| panic!("{query}: {error:?}"))[0]
        .get::<_, Option<String>>(0)
        .unwrap_or_default()
}
