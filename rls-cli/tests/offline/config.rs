//! Mistakes in rls.toml, and what it says of roles and schemas.

use crate::support::{Project, TODOS};

const COMMANDS: [&[&str]; 7] = [
    &["check"],
    &["sql"],
    &["diff"],
    &["apply"],
    &["generate"],
    &["migrate"],
    &["query", "--role", "authenticated", "select 1"],
];

#[test]
fn without_rls_toml_every_command_names_the_way_out() {
    let project = Project::empty();
    for args in COMMANDS {
        project.both(args).0.exits(1).says("there is no rls.toml").says("cargo rls init");
        project
            .both(&[args, &["--project", "gone"]].concat())
            .0
            .exits(1)
            .says("there is no folder gone");
    }
}

#[test]
fn mistakes_in_rls_toml_have_a_place() {
    let cases = [
        ("provider = \"neon\"\nprovder = 1\n", "rls.toml:2:1: unknown field `provder`"),
        ("# é\nprovider = \"oracle\"", "rls.toml:2:12: unknown variant `oracle`"),
        ("provider = \"neon\"\n\ngrants = \"all\"", "rls.toml:3:10: unknown variant `all`"),
        ("provider = ", "rls.toml:1:12: "),
        ("", "rls.toml:1:1: missing field `provider`"),
        ("provider = \"neon\"\nroles = [\"\"]", "a name cannot be empty"),
        ("provider = \"neon\"\nsource = \"src\"", "rls.toml:2:10: "),
        (
            "provider = \"neon\"\nroles = [\n  \"editor\",\n  { name = \"a\", bypassrls = true },\n]",
            "rls.toml:4:17: unknown field `bypassrls`, expected one of `name`, `was`, `exists`, `login`, `inherit`, `bypass-rls`, `member-of`",
        ),
        ("provider = \"neon\"\nroles = [{ login = true }]", "rls.toml:2:10: missing field `name`"),
        ("provider = \"neon\"\nroles = [7]", "the name of a role that exists, or a table"),
        ("provider = \"neon\"\nroles = [{ name = \"\" }]", "a name cannot be empty"),
        (
            "provider = \"neon\"\nroles = [{ name = \"a\", exists = true, login = true }]",
            "rls.toml:2:10: the role `a` exists, and only `member-of` and `bypass-rls` are said of it here",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"a\", exists = true, member-of = [\"b\"] }]",
            "the role `a` is a member of an unknown role `b`",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"authenticated\" }]",
            "the role `authenticated` is the provider's: it exists, which `exists = true` says",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"public\" }]",
            "`public` is not the name of a role",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"a\", member-of = [\"pg_read_all_data\"] }]",
            "`pg_read_all_data` is not the name of a role",
        ),
        (
            "provider = \"neon\"\nroles = [\"a\", { name = \"a\" }]",
            "rls.toml:2:9: the role `a` is listed twice",
        ),
        ("provider = \"neon\"\nroles = [\"a\", \"a\"]", "the role `a` is listed twice"),
        (
            "provider = \"neon\"\nroles = [{ name = \"anonymous\" }]",
            "rls.toml: the role `anonymous` is the provider's",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"a\", member-of = [\"authentcated\"] }]",
            "did you mean `authenticated`?",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"a\", member-of = [\"a\"] }]",
            "the role `a` would be a member of itself",
        ),
        (
            "provider = \"neon\"\nroles = [{ name = \"a\", member-of = [\"b\"] }, { name = \"b\", member-of = [\"a\"] }]",
            "the role `a` would be a member of itself",
        ),
        ("provider = \"neon\"\nforce-row-security = true", "rls.toml:2:22: "),
    ];
    for (config, message) in cases {
        let project = Project::new(config, TODOS);
        for args in COMMANDS {
            project.both(args).0.exits(1).says(message);
        }
    }
    let project = Project::new("", TODOS);
    project.write("rls.toml", b"provider = \"n\xffon\"");
    project.both(&["check"]).0.exits(1).says("rls.toml");
}

#[test]
fn roles_that_are_made_and_tables_that_are_forced() {
    let config = r#"provider = "postgres"
force-row-security = ["public"]
roles = [
    "anonymous",
    { name = "authenticated", member-of = ["anonymous"] },
    { name = "support", login = true, inherit = false, bypass-rls = true },
]
"#;
    let project = Project::new(config, TODOS);
    project
        .both(&["sql"])
        .0
        .exits(0)
        .says("CREATE ROLE authenticated NOLOGIN INHERIT NOBYPASSRLS NOSUPERUSER NOCREATEDB")
        .says("CREATE ROLE support LOGIN NOINHERIT BYPASSRLS NOSUPERUSER NOCREATEDB")
        .says("ALTER TABLE public.todos FORCE ROW LEVEL SECURITY;")
        .says("GRANT anonymous TO authenticated;");
}

#[test]
fn a_forced_schema_has_tables() {
    let project = Project::new("provider = \"neon\"\nforce-row-security = [\"publc\"]", TODOS);
    for command in ["check", "sql", "diff", "apply", "generate"] {
        let told = project.both(&[command]).0.exits(1);
        told.says("rls.toml: `force-row-security` names the schema `publc`, which has no tables")
            .says("did you mean `public`?");
    }
}
