//! Managed roles, which belong to the server and to all of its databases.

use rls_core::Settings;
use rls_core::model::{Ident, Role, Schema};

use super::support::owner::text;
use super::support::{Database, database, id, plain};
use super::{applied, declared, in_sync, lossless, only_renames, planned, written};

/// Roles as rls.toml has them, by their names now and before, and a table of that name for the first.
fn with(name: &str, roles: &[(&str, Option<&str>)], table: &str) -> Schema {
    let role = |(name, _): &(&str, _)| (id(name), Role::default());
    let was = |(name, was): &(&str, Option<&str>)| Some((id(name), id((*was)?)));
    let settings = Settings {
        managed_roles: roles.iter().map(role).collect(),
        renamed_roles: roles.iter().filter_map(was).collect(),
        ..plain(&[])
    };
    let [first, ..] = roles else { panic!() };
    let all: Vec<_> = roles.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let source = format!(
        "#[derive(Table)]
        #[rls(table = {table}, owner = \"{owner}\",
            crud_policy(role = [{all}], read = shown),
            policy(name = \"p\", role = \"{first}\", command = delete, using = shown))]
        struct Note {{ #[rls(primary_key)] id: i64, shown: bool }}",
        owner = first.0,
        first = first.0,
        all = all.join(", "),
    );
    declared(name, &source, &settings)
}

async fn fresh(name: &str, roles: &[&str]) -> Database {
    let client = database(name).await;
    for role in roles {
        client.batch_execute(&format!("DROP ROLE IF EXISTS {role}")).await.unwrap();
    }
    client
}

async fn seen_by(client: &Database, role: &str, table: &str) -> String {
    client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
    let seen = text(client, &format!("SELECT count(*) FROM {table}")).await;
    client.batch_execute("RESET ROLE").await.unwrap();
    seen
}

#[tokio::test]
async fn a_role_with_all_that_it_has() {
    let roles = ["rn_reader", "rn_app", "rn_other"];
    let mut client = fresh("rename_role", &roles).await;
    let before = with("role_1", &[("rn_reader", None), ("rn_other", None)], "\"notes\"");
    let after = with(
        "role_2",
        &[("rn_app", Some("rn_reader")), ("rn_other", None)],
        "\"memos\", was = \"notes\"",
    );
    let back = with(
        "role_3",
        &[("rn_reader", Some("rn_app")), ("rn_other", None)],
        "\"notes\", was = \"memos\"",
    );
    applied(&mut client, &before, &rls_core::plan::HazardKind::ALL).await;
    client.batch_execute("INSERT INTO notes VALUES (1, true), (2, false)").await.unwrap();
    for (schema, role, table) in
        [(&after, "rn_app", "memos"), (&back, "rn_reader", "notes"), (&after, "rn_app", "memos")]
    {
        let plan = applied(&mut client, schema, &[]).await;
        only_renames(&plan);
        assert_eq!(seen_by(&client, "rn_other", table).await, "1");
        assert_eq!(text(&client, &format!("SELECT count(*) FROM {table}")).await, "2");
        let holds = format!("has_table_privilege('{role}', '{table}', 'DELETE')");
        assert_eq!(text(&client, &holds).await, "true");
    }
    client.batch_execute("DROP TABLE memos").await.unwrap();
}

/// The second database finds the role as the first one has left it.
#[tokio::test]
async fn by_migrations_of_two_databases() {
    let names = ["rn_one", "rn_two"];
    let mut second = database("rename_role_b").await;
    let mut first = fresh("rename_role_a", &names).await;
    let before = with("role_4", &[("rn_one", None)], "\"notes\"");
    let after = with("role_5", &[("rn_two", Some("rn_one"))], "\"notes\"");
    let made = planned(&Schema::new_database(), &before);
    let moved = planned(&written(&before), &after);
    lossless(&moved);
    only_renames(&moved);
    for client in [&first, &second] {
        client.batch_execute(&made.to_sql()).await.unwrap();
    }
    for client in [&mut first, &mut second] {
        client.batch_execute(&moved.to_sql()).await.unwrap();
        in_sync(client, &after).await;
        client.batch_execute("DROP TABLE notes").await.unwrap();
    }
}

#[test]
fn mistakes_are_told() {
    let settings = |roles: &[(&str, Option<&str>)]| -> Settings {
        let was = |(name, was): &(&str, Option<&str>)| -> Option<(Ident, Ident)> {
            Some((id(name), id((*was)?)))
        };
        Settings {
            managed_roles: roles.iter().map(|(name, _)| (id(name), Role::default())).collect(),
            renamed_roles: roles.iter().filter_map(was).collect(),
            ..plain(&["there"])
        }
    };
    let told = |roles: &[(&str, Option<&str>)]| {
        rls_core::resolve::role_mistake(&settings(roles)).map(|(message, _)| message)
    };
    assert_eq!(told(&[("a", Some("b"))]), None);
    assert_eq!(told(&[("a", Some("a"))]).unwrap(), "`a` is the name that it has now");
    let stolen = "`there` is declared still, so it cannot have become `a`";
    assert_eq!(told(&[("a", Some("there"))]).unwrap(), stolen);
    assert_eq!(told(&[("a", Some("x")), ("b", Some("x"))]).unwrap(), "`x` has become `a` already");
}
