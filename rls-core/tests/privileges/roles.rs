//! Managed roles: they belong to the whole server, so each test has its own.

use rls_core::Settings;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use tokio_postgres::Client;

use crate::support::*;
use crate::{asks, converge, found, kinds, on_table, three_columns};

async fn forget(client: &Client, roles: &[&str]) {
    for role in roles {
        client.batch_execute(&format!("drop role if exists \"{role}\"")).await.unwrap();
    }
}

pub fn managing(roles: &[(&str, Role)], existing: &[&str]) -> Schema {
    let managed_roles = roles.iter().map(|(name, role)| (id(name), role.clone())).collect();
    schema([three_columns()], &Settings { managed_roles, ..plain(existing) })
}

pub fn member(of: &[&str]) -> Role {
    Role { member_of: of.iter().map(|name| id(name)).collect(), ..Role::default() }
}

#[tokio::test]
async fn roles_there_and_back() {
    let mut client = database("pr_roles").await;
    let (child, parent) = ("pr \"child", "pr_parent$do$");
    forget(
        &client,
        &[child, parent].map(|name| name.replace('"', "\"\"")).each_ref().map(String::as_str),
    )
    .await;
    let one = managing(&[(child, member(&[parent])), (parent, Role::default())], &[]);
    let other = managing(
        &[
            (child, Role { login: true, inherit: false, bypass_rls: true, ..Role::default() }),
            (parent, member(&[child])),
        ],
        &[],
    );
    let live = found(&mut client, &one).await.live;
    assert!(live.missing_roles.is_empty() && live.schema.roles.is_empty());
    for desired in [&one, &other, &one, &other] {
        let plan = converge(&mut client, desired).await;
        assert!(!plan.is_empty());
        assert_eq!(found(&mut client, desired).await.live.schema.roles, desired.roles);
        asks_member(&client, child, parent, desired).await;
    }
}

/// The child is a member of the parent, or the other way round, as it is declared.
async fn asks_member(client: &Client, child: &str, parent: &str, desired: &Schema) {
    let declared = desired.roles[&id(child)].member_of.contains(&id(parent));
    let member = "select count(*) = 1 from pg_auth_members
        where roleid = (select oid from pg_roles where rolname = $1)
          and member = (select oid from pg_roles where rolname = $2)";
    let upwards: bool = client.query_one(member, &[&parent, &child]).await.unwrap().get(0);
    let downwards: bool = client.query_one(member, &[&child, &parent]).await.unwrap().get(0);
    assert_eq!((upwards, downwards), (declared, !declared));
}

#[tokio::test]
async fn roles_by_snapshots_are_made_where_they_are_missing() {
    let client = database("pr_rfiles").await;
    forget(&client, &["pr_made", "pr_above"]).await;
    let desired =
        managing(&[("pr_made", member(&["pr_above"])), ("pr_above", Role::default())], &[]);
    let sql = desired.to_sql();
    client.batch_execute(&sql).await.unwrap();
    assert!(asks(&client, "pg_has_role('pr_made', 'pr_above', 'usage')").await);
    assert!(!asks(&client, "pg_has_role('pr_above', 'pr_made', 'usage')").await);
    drop(client);
    // Another database of the same server.
    let mut client = database("pr_rfiles_2").await;
    client.batch_execute(&sql).await.unwrap();
    assert!(found(&mut client, &desired).await.plan.is_empty());
}

#[tokio::test]
async fn a_managed_role_loses_what_is_not_declared() {
    let mut client = database("pr_powers").await;
    forget(&client, &["pr_powers"]).await;
    create_role(&client, "pr_existing").await;
    create_role(&client, "pr_foreign").await;
    let desired = managing(&[("pr_powers", Role::default())], &["pr_existing"]);
    converge(&mut client, &desired).await;
    client
        .batch_execute(
            "alter role pr_powers superuser createdb createrole replication bypassrls login;
             grant pr_existing, pr_foreign to pr_powers",
        )
        .await
        .unwrap();
    let before = found(&mut client, &desired).await;
    assert_eq!(kinds(&before.plan), [HazardKind::NarrowsAccess].into());
    assert_eq!(
        before.plan.to_sql(),
        "ALTER ROLE pr_powers NOLOGIN NOBYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;\n\
         REVOKE pr_existing FROM pr_powers;\n"
    );
    assert!(
        before.live.notes.iter().any(|note| note.contains("member of pr_foreign")),
        "{:?}",
        before.live.notes
    );
    converge(&mut client, &desired).await;
    assert!(!asks(&client, "pg_has_role('pr_powers', 'pr_existing', 'member')").await);
    assert!(asks(&client, "pg_has_role('pr_powers', 'pr_foreign', 'member')").await);
    client.batch_execute("revoke pr_foreign from pr_powers").await.unwrap();
}

#[tokio::test]
async fn gaining_a_membership_or_the_way_past_policies_is_a_hazard() {
    let mut client = database("pr_gain").await;
    forget(&client, &["pr_gain", "pr_gain_2"]).await;
    let plain = managing(&[("pr_gain", Role::default()), ("pr_gain_2", Role::default())], &[]);
    converge(&mut client, &plain).await;
    let bypass = Role { bypass_rls: true, ..Role::default() };
    for gained in [member(&["pr_gain_2"]), bypass.clone()] {
        let desired = managing(&[("pr_gain", gained), ("pr_gain_2", Role::default())], &[]);
        let plan = found(&mut client, &desired).await.plan;
        assert_eq!(plan.steps.len(), 1, "{}", plan.to_sql());
        assert_eq!(kinds(&plan), [HazardKind::WidensAccess].into(), "{}", plan.to_sql());
    }
    // What is lost is lost first, what is gained is gained last.
    let mixed = managing(&[("pr_gain", bypass), ("pr_gain_2", Role::default())], &[]);
    converge(&mut client, &mixed).await;
    let other = Role { login: true, ..Role::default() };
    let mut swapped = managing(&[("pr_gain", other), ("pr_gain_2", Role::default())], &[]);
    swapped.grants.insert(on_table("pr_gain", Privilege::Select));
    let plan = converge(&mut client, &swapped).await;
    assert_eq!(
        plan.to_sql(),
        "ALTER ROLE pr_gain NOBYPASSRLS;\nGRANT SELECT ON TABLE public.t TO pr_gain;\nALTER ROLE pr_gain LOGIN;\n"
    );
}

#[tokio::test]
async fn memberships_of_roles_that_exist_are_declared_or_left_alone() {
    let mut client = database("pr_memberships").await;
    let roles = ["pr_exists", "pr_editor", "pr_viewer", "pr_outsider"];
    for role in roles {
        create_role(&client, role).await;
    }
    let none = "revoke pr_editor, pr_viewer, pr_outsider from pr_exists";
    client.batch_execute(none).await.unwrap();
    let declared = |member_of: Option<&[&str]>| {
        let member_of = member_of.map(|of| of.iter().map(|name| id(name)).collect());
        let role = ExistingRole { member_of, bypass_rls: false };
        let existing_roles = [(id("pr_exists"), role)].into();
        schema([three_columns()], &Settings { existing_roles, ..plain(&roles[..3]) })
    };
    converge(&mut client, &declared(Some(&[]))).await;
    let editor = declared(Some(&["pr_editor"]));
    let plan = found(&mut client, &editor).await.plan;
    assert_eq!(plan.to_sql(), "GRANT pr_editor TO pr_exists;\n");
    assert_eq!(kinds(&plan), [HazardKind::WidensAccess].into());
    for desired in [&editor, &declared(Some(&["pr_viewer"])), &editor] {
        let plan = converge(&mut client, desired).await;
        assert!(!plan.to_sql().contains("ROLE"), "{}", plan.to_sql());
    }
    // Others' memberships, and those of which nothing is said, stay and are told.
    client.batch_execute("grant pr_outsider, pr_viewer to pr_exists").await.unwrap();
    let left = found(&mut client, &declared(None)).await;
    assert!(left.plan.is_empty(), "{}", left.plan.to_sql());
    let told = "pr_exists may do what pr_editor, pr_viewer may, as a member of it";
    assert!(left.live.notes.iter().any(|note| note.contains(told)), "{:?}", left.live.notes);
    let plan = converge(&mut client, &editor).await;
    assert_eq!(plan.to_sql(), "REVOKE pr_viewer FROM pr_exists;\n");
    assert!(asks(&client, "pg_has_role('pr_exists', 'pr_outsider', 'member')").await);
    client.batch_execute(none).await.unwrap();
}

#[tokio::test]
async fn a_role_that_exists_may_be_known_to_pass_by_policies() {
    let mut client = database("pr_exempt").await;
    create_role(&client, "pr_exempt").await;
    client.batch_execute("alter role pr_exempt bypassrls").await.unwrap();
    for known in [false, true] {
        let role = ExistingRole { member_of: None, bypass_rls: known };
        let existing_roles = [(id("pr_exempt"), role)].into();
        let settings = Settings { existing_roles, ..plain(&["pr_exempt"]) };
        let desired = schema([three_columns()], &settings);
        let notes = found(&mut client, &desired).await.live.notes;
        let told = notes.iter().any(|note| note.contains("pr_exempt"));
        assert_eq!(told, !known, "{notes:?}");
    }
}

#[tokio::test]
async fn a_role_that_is_no_longer_declared_is_left() {
    let mut client = database("pr_left").await;
    forget(&client, &["pr_left"]).await;
    converge(&mut client, &managing(&[("pr_left", Role::default())], &[])).await;
    converge(&mut client, &managing(&[], &[])).await;
    assert!(asks(&client, "exists (select from pg_roles where rolname = 'pr_left')").await);
}
