//! Privileges by name, with and without the option to pass them on: applied as an ordinary owner,
//! read back equal, changed by hand and found, in both directions.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::compare;
use rls_core::model::*;
use rls_core::resolve::{Declared, resolve};
use rls_core::{Grants, Settings};
use support::owner::{converge, owned, text};
use support::*;
use tokio_postgres::Client;

fn grant(
    roles: &[&str],
    privileges: &[Privilege],
    columns: &[&str],
    grantable: bool,
) -> DeclaredGrant {
    let grantee = |name: &&str| if *name == "public" { Grantee::Public } else { role(name) };
    DeclaredGrant {
        roles: roles.iter().map(grantee).collect(),
        privileges: privileges.iter().copied().collect(),
        columns: columns.iter().map(|name| id(name)).collect(),
        grantable,
    }
}

fn things(grants: Vec<DeclaredGrant>) -> DeclaredTable {
    let mut things = table("things");
    things.columns = vec![column("a", "integer"), column("b", "integer"), column("c", "integer")];
    DeclaredTable { grants, ..DeclaredTable::from(things) }
}

fn declared_only() -> Settings {
    Settings { grants: Grants::Declared, ..plain(&["reader"]) }
}

fn compiled(table: DeclaredTable, settings: &Settings) -> Schema {
    resolve(vec![table], settings).unwrap().schema
}

/// What the table and its columns say of everyone but the owner.
async fn held(client: &Client) -> String {
    text(
        client,
        "SELECT string_agg(line, '; ' ORDER BY line) FROM (
            SELECT 'table ' || coalesce(r.rolname, 'public') || ' ' || string_agg(a.privilege_type
                || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type) AS line
            FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
            WHERE c.relname = 'things' AND a.grantee <> c.relowner GROUP BY r.rolname
            UNION ALL
            SELECT t.attname || ' ' || coalesce(r.rolname, 'public') || ' ' || string_agg(a.privilege_type
                || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type)
            FROM pg_attribute t, aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
            WHERE t.attrelid = 'things'::regclass GROUP BY t.attname, r.rolname) AS lines",
    )
    .await
}

#[tokio::test]
async fn exactly_what_is_declared_there_and_back() {
    use Privilege::{Delete, References, Select, Trigger, Truncate, Update};
    let mut client = owned("grants_by_name").await;
    let one = things(vec![
        grant(&["reader"], &[Select, Truncate, Trigger], &[], false),
        grant(&["reader"], &[Update, References], &["b", "c"], true),
        grant(&["public"], &[Select], &["a"], false),
    ]);
    let other = things(vec![
        grant(&["reader"], &[Select, Delete], &[], true),
        grant(&["reader"], &[Select, Update], &["b"], false),
    ]);
    let one = (
        one,
        "a public SELECT; b reader REFERENCES*,UPDATE*; c reader REFERENCES*,UPDATE*; table reader SELECT,TRIGGER,TRUNCATE",
    );
    let other = (other, "b reader SELECT,UPDATE; table reader DELETE*,SELECT*");
    let none = (things(Vec::new()), "");
    for (desired, expected) in [&one, &other, &one, &none, &other, &none] {
        converge(&mut client, &compiled(desired.clone(), &declared_only())).await;
        assert_eq!(&held(&client).await, expected);
    }
}

#[tokio::test]
async fn what_was_granted_by_hand_is_found_in_both_directions() {
    use Privilege::{Select, Update};
    let mut client = owned("grants_by_hand").await;
    let declared = things(vec![
        grant(&["reader"], &[Select], &[], false),
        grant(&["reader"], &[Update], &["b"], true),
    ]);
    let desired = compiled(declared, &declared_only());
    converge(&mut client, &desired).await;
    let right = held(&client).await;
    for (by_hand, mend) in [
        (
            "GRANT SELECT ON things TO reader WITH GRANT OPTION",
            "REVOKE GRANT OPTION FOR SELECT ON TABLE public.things FROM reader;\n",
        ),
        (
            "REVOKE GRANT OPTION FOR UPDATE (b) ON things FROM reader",
            "GRANT UPDATE (b) ON TABLE public.things TO reader WITH GRANT OPTION;\n",
        ),
        (
            "REVOKE UPDATE (b) ON things FROM reader",
            "GRANT UPDATE (b) ON TABLE public.things TO reader WITH GRANT OPTION;\n",
        ),
        (
            "GRANT SELECT (a) ON things TO reader WITH GRANT OPTION",
            "REVOKE SELECT (a) ON TABLE public.things FROM reader;\n",
        ),
        (
            "GRANT UPDATE ON things TO reader",
            "REVOKE UPDATE ON TABLE public.things FROM reader;\n\
             GRANT UPDATE (b) ON TABLE public.things TO reader WITH GRANT OPTION;\n",
        ),
        ("REVOKE SELECT ON things FROM reader", "GRANT SELECT ON TABLE public.things TO reader;\n"),
        (
            "GRANT TRUNCATE ON things TO public",
            "REVOKE TRUNCATE ON TABLE public.things FROM PUBLIC;\n",
        ),
    ] {
        client.batch_execute(by_hand).await.unwrap();
        let plan = compare(&mut client, &desired).await.unwrap().plan;
        assert_eq!(plan.to_sql(), mend, "{by_hand}");
        converge(&mut client, &desired).await;
        assert_eq!(held(&client).await, right, "{by_hand}");
    }
}

#[tokio::test]
async fn taking_an_option_from_a_table_takes_it_from_columns_too() {
    use Privilege::{Select, Update};
    let mut client = owned("grants_options").await;
    let column = grant(&["reader"], &[Select, Update], &["a"], true);
    let both = things(vec![grant(&["reader"], &[Select], &[], true), column.clone()]);
    let plain = things(vec![grant(&["reader"], &[Select], &[], false), column]);
    converge(&mut client, &compiled(both, &declared_only())).await;
    let plan = converge(&mut client, &compiled(plain, &declared_only())).await;
    assert_eq!(
        plan.to_sql(),
        "REVOKE GRANT OPTION FOR SELECT ON TABLE public.things FROM reader;\n\
         GRANT SELECT (a) ON TABLE public.things TO reader WITH GRANT OPTION;\n"
    );
    assert_eq!(held(&client).await, "a reader SELECT*,UPDATE*; table reader SELECT");
}

#[tokio::test]
async fn beside_policies_what_is_named_is_added() {
    let mut client = owned("grants_beside").await;
    let mut declared = things(vec![grant(&["reader"], &[Privilege::Truncate], &[], false)]);
    let reads = policy(Command::Select, &[role("reader")], Some("a > 0"), None);
    declared.table.policies.insert(id("reads"), reads);
    let derived = compiled(declared.clone(), &plain(&["reader"]));
    converge(&mut client, &derived).await;
    assert_eq!(held(&client).await, "table reader SELECT,TRUNCATE");
    // What a policy would need is not derived where everything is declared.
    converge(&mut client, &compiled(declared, &declared_only())).await;
    assert_eq!(held(&client).await, "table reader TRUNCATE");
}

#[tokio::test]
async fn whoever_is_let_at_a_table_by_name_reaches_its_schema_and_counts() {
    let mut client = owned("grants_around").await;
    let name = QualifiedName::new(id("shop"), id("things"));
    let mut things = Table::new(name, RowSecurity::Enabled);
    things.columns = vec![with_default("a", "integer", "nextval('shop.numbers'::regclass)")];
    let grants = vec![grant(&["reader"], &[Privilege::Insert], &[], false)];
    let tables = vec![DeclaredTable { grants, ..DeclaredTable::from(things) }];
    let sequence = Sequence {
        name: QualifiedName::new(id("shop"), id("numbers")),
        ty: PgType::parse("bigint").unwrap(),
        options: SequenceOptions::default(),
        owner: None,
    };
    let grants = vec![grant(&["reader"], &[Privilege::Select], &[], true)];
    let sequences = vec![DeclaredSequence { sequence, comment: None, owner: None, grants }];
    let declared = Declared { tables, sequences, ..Declared::default() };
    let desired = resolve(declared, &plain(&["reader"])).unwrap().schema;
    let plan = converge(&mut client, &desired).await.to_sql();
    assert!(plan.contains("GRANT USAGE ON SCHEMA shop TO reader;"), "{plan}");
    assert!(plan.contains("GRANT USAGE ON SEQUENCE shop.numbers TO reader;"), "{plan}");
    assert!(
        plan.contains("GRANT SELECT ON SEQUENCE shop.numbers TO reader WITH GRANT OPTION;"),
        "{plan}"
    );
}

#[test]
fn a_role_that_nobody_knows_is_told() {
    let declared = things(vec![grant(&["reder"], &[Privilege::Select], &[], false)]);
    let errors = resolve(vec![declared], &plain(&["reader"])).unwrap_err().to_string();
    assert_eq!(errors, "table public.things: unknown role `reder` (did you mean `reader`?)");
}

#[tokio::test]
async fn maintain_is_told_where_the_server_does_not_have_it() {
    let mut client = owned("grants_maintain").await;
    let privileges = [Privilege::Select, Privilege::Maintain];
    let desired =
        compiled(things(vec![grant(&["reader"], &privileges, &[], false)]), &declared_only());
    let version = text(&client, "SELECT current_setting('server_version_num')").await;
    if version.parse::<i32>().unwrap() >= 170_000 {
        converge(&mut client, &desired).await;
        assert_eq!(held(&client).await, "table reader MAINTAIN,SELECT");
    } else {
        let error = compare(&mut client, &desired).await.unwrap_err().to_string();
        assert!(error.contains("it is there since 17"), "{error}");
    }
}
