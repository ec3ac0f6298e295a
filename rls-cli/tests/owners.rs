//! `owner` on structs and in rls.toml, and `[schemas]`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use serde_json::json;
use support::{Live, NEON, Project, TODOS};

const CONFIG: &str = r#"provider = "neon"
owner = "owners_app"

[schemas.app]
owner = "owners_app"

[schemas.theirs]
"#;

const SCHEMA: &str = r#"use rls_schema::{Function, PgEnum, Table};

#[derive(PgEnum)]
#[rls(schema = "app")]
pub enum Mood { Well }

#[derive(Function)]
#[rls(schema = "app", returns = "integer", body = "SELECT 1")]
pub struct One;

#[derive(Table)]
#[rls(schema = "app", owner = "Owners Other", crud_policy(role = authenticated, read = true))]
pub struct Things { #[rls(primary_key)] pub id: i64, pub mood: Mood }
"#;

/// Roles belong to the server, which other tests share.
const ROLES: &str = r#"DO $$ BEGIN
    IF to_regrole('owners_app') IS NULL THEN CREATE ROLE owners_app; END IF;
    IF to_regrole('"Owners Other"') IS NULL THEN CREATE ROLE "Owners Other"; END IF;
END $$"#;

#[test]
fn owners_are_said_in_rls_toml_and_on_structs_and_drift_finds_each_that_changed() {
    let live = Live::new(CONFIG, SCHEMA);
    live.sql(ROLES);
    live.apply(&[]).exits(0).says("ALTER SCHEMA app OWNER TO owners_app;");
    live.assert_in_sync();
    let owner = |what: &str| live.value(&format!("SELECT {what}"));
    assert_eq!(
        owner("relowner::regrole FROM pg_class WHERE oid = 'app.things'::regclass"),
        "\"Owners Other\""
    );
    assert_eq!(
        owner("typowner::regrole FROM pg_type WHERE oid = 'app.mood'::regtype"),
        "owners_app"
    );
    assert_eq!(
        owner("proowner::regrole FROM pg_proc WHERE oid = 'app.one'::regproc"),
        "owners_app"
    );
    assert_eq!(owner("nspowner::regrole FROM pg_namespace WHERE nspname = 'app'"), "owners_app");
    assert_eq!(owner("nspowner::regrole FROM pg_namespace WHERE nspname = 'theirs'"), "postgres");

    for what in ["SCHEMA app", "FUNCTION app.one()", "TYPE app.mood", "TABLE app.things"] {
        live.sql(&format!("ALTER {what} OWNER TO CURRENT_USER"));
    }
    let (text, json) = live.both(&["drift"]);
    text.exits(2).says("owner-changed, widens access: the schema app belongs to postgres");
    let mut found: Vec<_> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (it["kind"].as_str().unwrap(), it["object"].as_str().unwrap(), it["line"].as_u64())
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("owner-changed", "app.things", Some(13)),
            ("owner-changed", "the function app.one()", Some(9)),
            ("owner-changed", "the schema app", None),
            ("owner-changed", "the type app.mood", Some(5)),
        ]
    );
    live.apply(&[]).exits(1).says("--allow widens-access");
    live.apply(&["--allow", "widens-access"]).exits(0);
    live.run(&["drift"]).exits(0);
}

#[test]
fn an_owner_that_is_not_there_is_named() {
    let live = Live::new("provider = \"neon\"\nowner = \"owners_nobody\"\n", TODOS);
    live.run(&["diff"]).exits(2).says("the server does not have the role `owners_nobody`");
    live.apply(&[]).exits(1).says("owners_nobody");
}

#[test]
fn mistakes_are_told() {
    let says = |text: &str, message: &str| {
        Project::new(&format!("{NEON}{text}\n"), TODOS).both(&["check"]).0.exits(1).says(message);
    };
    says("owner = \"public\"", "`public` is not the name of a role that things can belong to");
    says("[schemas.app]\nowner = \"none\"", "`none` is not the name of a role");
    says("[schemas.app]\nownr = \"a\"", "unknown field `ownr`");
    says("[schemas.rls_private]", "the schema `rls_private` is not for things of yours");
    says("[schemas.pg_toast]", "the schema `pg_toast` is not for things of yours");
}

#[test]
fn a_diff_says_what_is_left_alone_and_to_whom_everything_belongs() {
    let live = Live::new(CONFIG, SCHEMA);
    live.sql(ROLES);
    live.apply(&[]).exits(0);
    for number in 0..10 {
        live.sql(&format!("CREATE TABLE app.theirs_{number} (id integer)"));
    }
    live.sql("CREATE FUNCTION app.one(of text[]) RETURNS integer LANGUAGE sql AS 'SELECT 1'");
    live.sql("ALTER FUNCTION app.one(text[]) OWNER TO \"Owners Other\"");
    live.sql("CREATE VIEW theirs.sights AS SELECT 1 AS one");
    let (text, json) = live.both(&["diff"]);
    let text = text.exits(0).says("No difference");
    for line in [
        "Declared, belongs to Owners Other: 1 table",
        "Declared, belongs to owners_app: 1 schema, 1 function, 1 type",
        "Not declared, left alone: 1 function of Owners Other: app.one(text[])",
        "Not declared, left alone: 1 view of postgres: theirs.sights",
    ] {
        assert!(text.out.lines().any(|it| it == line), "{line} in {text}");
    }
    text.says("left alone: 10 tables of postgres: app.theirs_0,").says("app.theirs_7 and 2 more");
    let standing = json["standing"].as_array().unwrap();
    for expected in [
        json!({ "kind": "function", "name": "app.one(text[])", "owner": "Owners Other", "declared": false }),
        json!({ "kind": "function", "name": "app.one()", "owner": "owners_app", "declared": true }),
        json!({ "kind": "table", "name": "app.theirs_9", "owner": "postgres", "declared": false }),
    ] {
        assert_eq!(
            standing.iter().filter(|it| **it == expected).count(),
            1,
            "{expected} in {json}"
        );
    }
}
