//! What the declaration does not name is not touched: an apply beside neighbours of every kind, as
//! an ordinary owner, from the first plan to the last.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::{Error, apply, survey};
use rls_core::catalog::Standing;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::resolve::resolve;
use support::owner::{converge, owned, text};
use support::*;
use tokio_postgres::Client;

/// Each kind of neighbour: what makes it, in the schema of the declaration where it can be there.
const NEIGHBOURS: &[(&str, &str)] = &[
    (
        "schema",
        "CREATE SCHEMA auth; CREATE TABLE auth.users (id integer PRIMARY KEY);
         CREATE FUNCTION auth.uid() RETURNS integer LANGUAGE sql AS 'SELECT 1'; GRANT USAGE ON SCHEMA auth TO reader",
    ),
    (
        "table",
        "CREATE TABLE theirs (id integer PRIMARY KEY, note text DEFAULT 'x', CHECK (id > 0));
         CREATE INDEX theirs_note ON theirs (note); COMMENT ON TABLE theirs IS 'not ours';
         GRANT SELECT, UPDATE (note) ON theirs TO reader; GRANT SELECT ON theirs TO PUBLIC",
    ),
    (
        "policy of another table",
        "CREATE TABLE guarded (id integer); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
         CREATE POLICY theirs ON guarded FOR SELECT TO reader USING (id > 1)",
    ),
    (
        "view",
        "CREATE TABLE seen (id integer); CREATE VIEW sights AS SELECT id FROM seen; GRANT SELECT ON sights TO reader;
         CREATE MATERIALIZED VIEW kept_sights AS SELECT id FROM seen",
    ),
    (
        "function and trigger",
        "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TABLE watched (id integer);
         CREATE TRIGGER watching BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION touched()",
    ),
    ("sequence", "CREATE SEQUENCE their_numbers INCREMENT 7; GRANT USAGE ON SEQUENCE their_numbers TO reader"),
    (
        "type",
        "CREATE TYPE their_mood AS ENUM ('well', 'unwell'); CREATE DOMAIN their_word AS text CHECK (VALUE <> '');
         CREATE TYPE their_pair AS (a integer, b text)",
    ),
    (
        "partitioned table",
        "CREATE TABLE logs (id integer, at date) PARTITION BY RANGE (at);
         CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM ('2000-01-01') TO ('2010-01-01')",
    ),
    (
        "extension",
        "CREATE EXTENSION citext SCHEMA auth",
    ),
    (
        "default privileges",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
         ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    ),
];

/// Everything that the catalog holds of a database, but for what bears our name, as text: objects
/// with their definitions, owners and privileges, and the roles of the server.
const EVERYTHING: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT format('relation %s.%s %s %s %s %s %s', n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl,
        c.relrowsecurity, obj_description(c.oid, 'pg_class')) AS line
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^(pg_|information_schema)' AND c.relname NOT LIKE 'ours%'
    UNION ALL SELECT format('column %s %s %s %s %s', attrelid::regclass, attname, atttypid::regtype, attnotnull, attacl)
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE attnum > 0 AND n.nspname !~ '^(pg_|information_schema)' AND c.relname NOT LIKE 'ours%'
    UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE conname NOT LIKE 'ours%' AND connamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema)')
    UNION ALL SELECT format('policy %s %s %s %s', polname, polrelid::regclass, polroles, pg_get_expr(polqual, polrelid))
        FROM pg_policy WHERE polrelid::regclass::text NOT LIKE 'ours%'
    UNION ALL SELECT format('function %s %s %s', p.oid::regprocedure, prosrc, proacl)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname !~ '^(pg_|information_schema)'
    UNION ALL SELECT format('type %s %s %s', t.oid::regtype, typtype, typowner::regrole)
        FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
        WHERE n.nspname !~ '^(pg_|information_schema)' AND typname !~ '^_?ours'
    UNION ALL SELECT format('label %s %s', enumtypid::regtype, enumlabel) FROM pg_enum
    UNION ALL SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('view %s', pg_get_viewdef(oid)) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('schema %s %s', nspname, nspowner::regrole) FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT format('extension %s %s %s %s', extname, extversion, extowner::regrole, extnamespace::regnamespace)
        FROM pg_extension
    UNION ALL SELECT format('default %s %s %s %s', defaclrole::regrole, defaclnamespace, defaclobjtype, defaclacl) FROM pg_default_acl
    ) AS lines";

/// The role and whom it is a member of; the server is shared, so only this one is asked about.
const STRANGER: &str = "SELECT string_agg(format('%s %s %s', r.rolcanlogin, r.rolbypassrls,
    ARRAY(SELECT m.roleid::regrole FROM pg_auth_members m WHERE m.member = r.oid)), ',')
    FROM pg_roles r WHERE rolname = 'boundary_stranger'";

fn declared(columns: &[&str], policies: &[&str]) -> Schema {
    let mut ours = table("ours");
    ours.columns = columns.iter().map(|name| column(name, "integer")).collect();
    ours.primary_key = Some(PrimaryKey::new(id("ours_pkey"), vec![id("id")]));
    for name in policies {
        let reads = policy(Command::Select, &[role("reader")], Some("id > 0"), None);
        ours.policies.insert(id(name), reads);
    }
    resolve(vec![DeclaredTable::from(ours)], &plain(&["reader"])).unwrap().schema
}

async fn neighbours(client: &Client) -> String {
    text(client, EVERYTHING).await
}

#[tokio::test]
async fn neighbours_of_every_kind_are_left_alone() {
    let mut client = owned("boundary_kinds").await;
    for (kind, make) in NEIGHBOURS {
        client.batch_execute(make).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
    }
    let before = neighbours(&client).await;
    let named = [
        "auth.users",
        "their_mood",
        "kept_sights",
        "logs_old",
        "watching",
        "default ",
        "extension citext",
    ];
    for part in named {
        assert!(before.contains(part), "{part} in {before}");
    }
    for desired in [
        declared(&["id", "a"], &["one"]),
        declared(&["id", "b"], &["one", "two"]),
        declared(&["id"], &[]),
    ] {
        converge(&mut client, &desired).await;
        assert_eq!(neighbours(&client).await, before);
    }
    let (_, standing) = survey(&mut client, &declared(&["id"], &[])).await.unwrap();
    let (ours, theirs): (Vec<_>, Vec<_>) = standing.iter().partition(|it| it.declared);
    assert_eq!(said(&ours), ["schema public", "table public.ours"]);
    assert_eq!(said(&theirs), THEIRS);
    let owner = text(&client, "SELECT current_user").await;
    let owns = |it: &&&Standing| it.owner.as_ref().is_some_and(|name| name.as_str() == owner);
    assert_eq!(theirs.iter().filter(owns).count(), theirs.len());
}

/// The neighbours by kind and name: what belongs to one of them goes with it.
const THEIRS: &[&str] = &[
    "schema auth",
    "extension citext",
    "table public.guarded",
    "table public.logs",
    "table public.seen",
    "table public.theirs",
    "table public.watched",
    "view public.sights",
    "materialized view public.kept_sights",
    "sequence public.their_numbers",
    "function public.touched()",
    "type public.their_mood",
    "type public.their_pair",
    "type public.their_word",
];

fn said(standing: &[&Standing]) -> Vec<String> {
    standing.iter().map(|it| format!("{} {}", it.kind, it.name)).collect()
}

#[tokio::test]
async fn strange_roles_and_what_they_hold_are_left_alone() {
    let mut client = owned("boundary_roles").await;
    let owner = text(&client, "SELECT current_user").await;
    client.batch_execute("RESET ROLE").await.unwrap();
    create_role(&client, "boundary_stranger").await;
    let roles = "GRANT reader TO boundary_stranger; ALTER ROLE boundary_stranger BYPASSRLS";
    client.batch_execute(roles).await.unwrap();
    client.batch_execute(&format!("SET ROLE {owner}")).await.unwrap();
    let before = text(&client, STRANGER).await;
    converge(&mut client, &declared(&["id", "a"], &["one"])).await;
    client
        .batch_execute(
            "GRANT SELECT, TRUNCATE, UPDATE (a) ON ours TO boundary_stranger WITH GRANT OPTION",
        )
        .await
        .unwrap();
    let held = "SELECT (SELECT relacl FROM pg_class WHERE relname = 'ours')::text
        || (SELECT attacl FROM pg_attribute WHERE attrelid = 'ours'::regclass AND attname = 'a')::text";
    let holds = text(&client, held).await;
    let (compared, standing) =
        survey(&mut client, &declared(&["id", "a"], &["one"])).await.unwrap();
    assert!(compared.plan.is_empty());
    let strange = |it: &&Standing| it.name == "boundary_stranger";
    let strange: Vec<_> = standing.iter().filter(strange).collect();
    assert_eq!(said(&strange), ["role boundary_stranger"]);
    assert!(!strange[0].declared);
    converge(&mut client, &declared(&["id", "a", "b"], &["one", "two"])).await;
    assert_eq!(text(&client, held).await, holds);
    assert_eq!(text(&client, STRANGER).await, before);
}

#[tokio::test]
async fn a_policy_that_nobody_declares_goes_only_with_leave() {
    let mut client = owned("boundary_policy").await;
    let desired = declared(&["id"], &["one"]);
    converge(&mut client, &desired).await;
    client.batch_execute("CREATE POLICY theirs ON ours USING (true)").await.unwrap();
    let there = "SELECT count(*) FROM pg_policy WHERE polname = 'theirs'";
    let allowed = [HazardKind::LosesData, HazardKind::WidensAccess];
    let refused = apply(&mut client, &desired, &allowed, &mut |_, _, _| {}).await.unwrap_err();
    assert!(matches!(refused, Error::RefusedHazards(_)), "{refused}");
    assert_eq!(text(&client, there).await, "1");
    let found = rls_core::drift::drift(&mut client, &desired).await.unwrap().findings;
    let kinds: Vec<_> = found.iter().map(|finding| finding.kind.to_string()).collect();
    assert_eq!(kinds, ["policy-added"]);
    assert_eq!(text(&client, there).await, "1");
    apply(&mut client, &desired, &[HazardKind::DropsUndeclared], &mut |_, _, _| {}).await.unwrap();
    assert_eq!(text(&client, there).await, "0");
}
