//! Default privileges of every kind: declared, read back equal, changed by hand and found, and taken
//! where none are declared; as an ordinary owner.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::Settings;
use rls_core::apply::compare;
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{Origin, plan};
use support::owner::{converge, owned, text};
use support::*;

fn on(
    objects: DefaultObjects,
    schema_name: Option<&str>,
    grantee: Grantee,
    privileges: &[Privilege],
    grantable: bool,
) -> (DefaultTarget, DeclaredGrant) {
    let target = DefaultTarget { creator: None, schema: schema_name.map(id), objects };
    let grant = DeclaredGrant {
        roles: [grantee].into(),
        privileges: privileges.iter().copied().collect(),
        columns: [].into(),
        grantable,
    };
    (target, grant)
}

fn declaring(defaults: Vec<(DefaultTarget, DeclaredGrant)>) -> Schema {
    let settings = Settings { default_privileges: defaults, ..plain(&["reader"]) };
    let mut ours = table("ours");
    ours.columns = vec![column("id", "integer")];
    schema([ours], &settings)
}

const RECORDED: &str =
    "SELECT string_agg(format('%s %s %s', coalesce(n.nspname, '-'), d.defaclobjtype,
    (SELECT string_agg(coalesce(r.rolname, 'public') || ' ' || a.privilege_type
        || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type)
        FROM aclexplode(d.defaclacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE a.grantee <> d.defaclrole)), '; ' ORDER BY n.nspname, d.defaclobjtype)
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace";

#[tokio::test]
async fn every_kind_of_object_there_and_back() {
    use DefaultObjects::{Functions, Schemas, Sequences, Tables, Types};
    use Privilege::{Create, Execute, Insert, Select, Usage};
    let mut client = owned("defaults_kinds").await;
    let reader = || role("reader");
    let one = declaring(vec![
        on(Tables, Some("public"), reader(), &[Select, Insert], false),
        on(Sequences, Some("public"), reader(), &[Usage], true),
        on(Functions, Some("public"), reader(), &[Execute], false),
        on(Types, None, Grantee::Public, &[], false),
        on(Functions, None, Grantee::Public, &[], false),
        on(Schemas, None, reader(), &[Usage, Create], false),
    ]);
    let other = declaring(vec![
        on(Tables, Some("public"), reader(), &[Select], true),
        on(Sequences, Some("public"), reader(), &[], false),
        on(Functions, Some("public"), reader(), &[], false),
        on(Types, None, Grantee::Public, &[Usage], false),
        on(Functions, None, Grantee::Public, &[Execute], false),
        on(Schemas, None, reader(), &[Usage], false),
    ]);
    for desired in [&one, &other, &one, &other] {
        converge(&mut client, desired).await;
    }
    assert_eq!(text(&client, RECORDED).await, "public r reader SELECT*; - n reader USAGE");
    converge(&mut client, &one).await;
    assert_eq!(
        text(&client, RECORDED).await,
        "public S reader USAGE*; public f reader EXECUTE; public r reader INSERT,reader SELECT; \
         - T ; - f ; - n reader CREATE,reader USAGE"
    );
    client
        .batch_execute("CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        .await
        .unwrap();
    let may = "SELECT has_function_privilege('reader', 'later()', 'EXECUTE')";
    assert_eq!(text(&client, may).await, "true");
}

#[tokio::test]
async fn what_is_not_declared_is_told_and_none_takes_it() {
    use DefaultObjects::Tables;
    let mut client = owned("defaults_none").await;
    let silent = declaring(Vec::new());
    converge(&mut client, &silent).await;
    client
        .batch_execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO reader")
        .await
        .unwrap();
    let found = compare(&mut client, &silent).await.unwrap();
    assert!(found.plan.is_empty());
    let notes = found.live.notes.join("\n");
    assert!(notes.contains("default privileges give reader"), "{notes}");
    let drift = rls_core::drift::drift(&mut client, &silent).await.unwrap().findings;
    assert_eq!(drift[0].kind.to_string(), "default-privileges");

    let none = declaring(vec![on(Tables, Some("public"), role("reader"), &[], false)]);
    let drift = rls_core::drift::drift(&mut client, &none).await.unwrap().findings;
    assert!(drift[0].widens && drift[0].message.contains("which is not declared"), "{drift:?}");
    assert_eq!(
        converge(&mut client, &none).await.to_sql(),
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM reader;\n".replace(
            "REVOKE ALL",
            if text(&client, "SELECT current_setting('server_version_num')::int >= 170000").await
                == "true"
            {
                "REVOKE ALL"
            } else {
                "REVOKE SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
            }
        )
    );
    assert_eq!(text(&client, RECORDED).await, "");
}

#[tokio::test]
async fn of_another_role_for_its_members_only() {
    let mut client = owned("defaults_other").await;
    let mut target =
        on(DefaultObjects::Tables, Some("public"), role("reader"), &[Privilege::Select], false);
    target.0.creator = Some(id("defaults_maker"));
    let desired = declaring(vec![target]);
    let owner = text(&client, "SELECT current_user").await;
    client.batch_execute("RESET ROLE").await.unwrap();
    create_role(&client, "defaults_maker").await;
    client
        .batch_execute(&format!("REVOKE defaults_maker FROM {owner}; GRANT CREATE ON SCHEMA public TO defaults_maker; SET ROLE {owner}"))
        .await
        .unwrap();
    let refused = rls_core::apply::apply(&mut client, &desired, &[], &mut |_, _, _| {}).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("only a member of the role"), "{refused}");
    client
        .batch_execute(&format!("RESET ROLE; GRANT defaults_maker TO {owner}; SET ROLE {owner}"))
        .await
        .unwrap();
    converge(&mut client, &desired).await;
    client
        .batch_execute("RESET ROLE; SET ROLE defaults_maker; CREATE TABLE theirs (id int)")
        .await
        .unwrap();
    assert_eq!(
        text(&client, "SELECT has_table_privilege('reader', 'theirs', 'SELECT')").await,
        "true"
    );
}

#[tokio::test]
async fn a_snapshot_takes_what_it_cannot_know() {
    let client = owned("defaults_snapshot").await;
    client
        .batch_execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO reader")
        .await
        .unwrap();
    let (before, after) = (declaring(Vec::new()), {
        let reads =
            on(DefaultObjects::Tables, Some("public"), role("reader"), &[Privilege::Select], false);
        declaring(vec![reads])
    });
    let schemas = Pair { previous: &before, next: &after };
    let sql = plan(schemas, &Canonical::default(), Origin::Snapshot).to_sql();
    client.batch_execute(&sql).await.unwrap();
    assert_eq!(text(&client, RECORDED).await, "public r reader SELECT", "{sql}");
}

#[cfg(feature = "serde")]
#[test]
fn what_an_older_version_wrote_is_read() {
    let older = r#"{"schema":"public","grantee":{"role":"reader"},"privilege":"select"}"#;
    let read: DefaultPrivilege = serde_json::from_str(older).unwrap();
    assert_eq!(read.target.schema, Some(id("public")));
    assert_eq!(read.target.objects, DefaultObjects::Tables);
    assert_eq!(serde_json::to_string(&read).unwrap(), older);
}
