//! `[[grant]]` and `[[default-privileges]]` in rls.toml, and what is wrong with them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use support::{Live, Project, TODOS};

const CONFIG: &str = r#"provider = "neon"
grants = "declared"

[[grant]]
schema = "public"
role = ["authenticated", "anonymous"]
privileges = ["usage"]

[[grant]]
function = "pg_catalog.pg_sleep"
role = "authenticated"
privileges = ["execute"]
grantable = true

[[default-privileges]]
on = "tables"
schema = "public"
role = "public"
privileges = []

[[default-privileges]]
on = "functions"
role = "authenticated"
privileges = ["execute"]
grantable = true
"#;

#[test]
fn rls_toml_says_what_is_held_beside_tables() {
    let live = Live::new(CONFIG, TODOS);
    live.run(&["sql"])
        .exits(0)
        .says("GRANT USAGE ON SCHEMA public TO anonymous;")
        .says("GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep TO authenticated WITH GRANT OPTION;")
        .says("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO authenticated WITH GRANT OPTION;")
        .says("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM PUBLIC;")
        .never_says("ON TABLE public.todos TO authenticated");
    live.apply(&[]).exits(1).says("may pass on EXECUTE");
    live.apply(&["--allow", "widens-access"]).exits(0);
    live.assert_in_sync();
    live.run(&["drift"]).exits(0);
}

#[test]
fn mistakes_are_told() {
    let says = |text: &str, message: &str| {
        let config = format!("provider = \"neon\"\n{text}");
        Project::new(&config, TODOS).both(&["check"]).0.exits(1).says(message);
    };
    let grant = |rest: &str| format!("[[grant]]\n{rest}\n");
    let role = "role = \"authenticated\"\nprivileges = [\"usage\"]";
    says(&grant(role), "name one of `schema`, `sequence` and `function`");
    says(
        &grant(&format!("schema = \"a\"\nsequence = \"b\"\n{role}")),
        "a `[[grant]]` is on one thing",
    );
    says(
        &grant("schema = \"a\"\nrole = \"authenticated\"\nprivileges = [\"select\"]"),
        "there is no `select` on the schema a, only usage, create",
    );
    says(
        &grant("schema = \"a\"\nrole = \"authentcated\"\nprivileges = [\"usage\"]"),
        "unknown role `authentcated`: did you mean `authenticated`?",
    );
    says(
        &grant("schema = \"a\"\nrole = \"public\"\nprivileges = [\"usage\"]\ngrantable = true"),
        "what everyone holds cannot be `grantable`",
    );
    let defaults =
        "[[default-privileges]]\non = \"schemas\"\nrole = \"authenticated\"\nprivileges = []\n";
    says(&format!("{defaults}schema = \"a\"\n"), "no schema is made in a schema");
    says(&format!("{defaults}{defaults}"), "says twice what a role holds on schemas");
}
