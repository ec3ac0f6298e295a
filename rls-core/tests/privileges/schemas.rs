//! Schemas, which are often reached through PUBLIC.

use rls_core::model::*;

use crate::support::*;
use crate::{asks, by_snapshots, three_columns};

#[tokio::test]
async fn who_reached_a_schema_through_public_reaches_it_by_name_where_public_does_not_any_more() {
    // The embedded Postgres has one database at a time.
    {
        let client = database("pr_schema_roles").await;
        create_role(&client, "pr_reacher").await;
    }
    let by = |grantee: Grantee| {
        let mut schema = schema([three_columns()], &plain(&["pr_reacher"]));
        schema.namespaces.insert(id("app"));
        let object = GrantObject::Schema(id("app"));
        schema.grants.insert(Grant { object, grantee, privilege: Privilege::Usage });
        schema
    };
    let (everybody, one) = (by(Grantee::Public), by(role("pr_reacher")));
    // Beside PUBLIC's there was no need for one by name.
    let mut both = everybody.clone();
    both.grants.extend(one.grants.clone());
    for (name, first) in [("pr_schema", everybody), ("pr_schema_both", both)] {
        let client = by_snapshots(name, &first, &one).await;
        assert!(asks(&client, "has_schema_privilege('pr_reacher', 'app', 'usage')").await);
    }
}
