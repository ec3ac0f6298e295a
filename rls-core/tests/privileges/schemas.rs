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
    for (name, first) in [("pr_schema", everybody), ("pr_schema_both", both.clone())] {
        let client = by_snapshots(name, &first, &one).await;
        assert!(asks(&client, "has_schema_privilege('pr_reacher', 'app', 'usage')").await);
    }
    // And where that is declared by itself, it is granted beside PUBLIC's.
    let mut by_name = both.clone();
    by_name.grants_by_name = one.grants;
    let client = by_snapshots("pr_schema_name", &both, &by_name).await;
    let held = "EXISTS (SELECT FROM pg_namespace, aclexplode(nspacl) AS one
        WHERE nspname = 'app' AND one.grantee = 'pr_reacher'::regrole)";
    assert!(asks(&client, held).await);
    // What could be passed on was granted, and is narrowed.
    let mut passed = both.clone();
    passed.grant_options =
        both.grants.iter().filter(|it| it.grantee != Grantee::Public).cloned().collect();
    by_snapshots("pr_schema_option", &passed, &by(role("pr_reacher"))).await;
}

#[tokio::test]
async fn an_owner_keeps_what_it_owns_when_it_is_not_granted_by_name_any_more() {
    {
        let client = database("pr_schema_owner_role").await;
        create_role(&client, "pr_keeper").await;
    }
    let mut own = schema([three_columns()], &plain(&["pr_keeper"]));
    own.namespaces.insert(id("app"));
    own.owners.insert(Owned::Schema(id("app")), id("pr_keeper"));
    let mut granted = own.clone();
    let object = GrantObject::Schema(id("app"));
    let grantee = role("pr_keeper");
    granted.grants.insert(Grant { object, grantee, privilege: Privilege::Create });
    let client = by_snapshots("pr_schema_owner", &granted, &own).await;
    assert!(asks(&client, "has_schema_privilege('pr_keeper', 'app', 'create')").await);
}
