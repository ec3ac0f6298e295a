//! The commands that need no database: `init`, `check`, `sql` and `generate`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::io::Read;
use std::process::Stdio;

use serde_json::json;
use support::{NEON, Project, Run, TODOS, messages, places, same_twice};

/// A table of one column.
fn table(ident: &str) -> String {
    format!("#[derive(Table)]\npub struct {ident} {{ #[rls(primary_key)] pub id: i64 }}\n")
}

/// How many tables a project declares.
#[track_caller]
fn tables(project: &Project) -> u64 {
    let (text, json) = project.both(&["check"]);
    let text = text.exits(0);
    let tables = json["tables"].as_u64().unwrap();
    assert!(text.out.contains(&format!("{tables} table")), "{text}");
    tables
}

/// The only mistake of a project: its place and its message.
#[track_caller]
fn mistake(project: &Project) -> (String, String) {
    let (text, json) = project.both(&["check"]);
    text.exits(1);
    let (places, messages) = (places(&json), messages(&json));
    assert_eq!((places.len(), messages.len()), (1, 1), "{json:#}");
    (places[0].clone(), messages[0].to_owned())
}

// init

#[test]
fn init_writes_what_check_reads() {
    for provider in ["neon", "supabase", "postgres"] {
        let project = Project::empty();
        project.write("src/schema.rs", TODOS);
        project
            .run(&["init", "--provider", provider])
            .exits(0)
            .says("rls.toml")
            .says("cargo rls check");
        assert_eq!(tables(&project), 1);
    }
}

#[test]
fn init_makes_the_folder_and_says_what_it_wrote() {
    let project = Project::empty();
    let json = project.run(&["init", "--project", "new", "--json"]).exits(0).json();
    assert_eq!(json, json!({ "written": ["new/rls.toml"] }));
    assert!(project.read("new/rls.toml").contains(r#"provider = "neon""#));
}

#[test]
fn init_never_overwrites() {
    let project = Project::empty();
    project.write("rls.toml", "mine");
    project.both(&["init"]).0.exits(1).says("rls.toml is there already");
    assert_eq!(project.read("rls.toml"), "mine");
}

// The command line

#[test]
fn a_mistake_on_the_command_line_is_an_error_and_no_difference() {
    let project = Project::new(NEON, TODOS);
    let wrong: [&[&str]; 6] = [
        &["check", "--nonsense"],
        &["nonsense"],
        &["init", "--provider", "oracle"],
        &["query", "select 1"],
        &["apply", "--allow", "everything"],
        &[],
    ];
    for args in wrong {
        project.run(args).exits(1);
    }
    project.run(&["--help"]).exits(0).says("Exit codes");
    project.run(&["--version"]).exits(0);
}

#[test]
fn a_mistake_on_the_command_line_is_json_too() {
    let project = Project::new(NEON, TODOS);
    let run = project.run(&["generate", "--nonsense", "--json"]).exits(1);
    assert!(messages(&run.json())[0].contains("--nonsense"), "{run}");
}

#[test]
fn cargo_passes_its_own_name_on() {
    let project = Project::new(NEON, TODOS);
    project.run(&["rls", "check"]).exits(0).says("1 table with 4 policies");
}

#[test]
fn every_command_takes_a_folder() {
    let (project, elsewhere) = (Project::new(NEON, TODOS), Project::empty());
    let root = project.root().to_str().unwrap();
    for command in ["check", "sql", "generate"] {
        elsewhere.run(&[command]).exits(1);
        elsewhere.run(&[command, "--project", root]).exits(0);
        elsewhere.run(&["--project", root, command, "--json"]).exits(0).json();
    }
    assert_eq!(project.list("migrations").len(), 2);
    assert_eq!(elsewhere.list("."), [""; 0]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    // More than a pipe holds, so that the writer notices.
    let schema: String = (0..400).map(|n| table(&format!("Table{n}"))).collect();
    let project = Project::new(NEON, &schema);
    for args in [&["sql"][..], &["sql", "--json"]] {
        let mut child =
            project.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

// rls.toml

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
            "rls.toml:4:17: unknown field `bypassrls`, expected one of `name`, `exists`, `login`, `inherit`, `bypass-rls`, `member-of`",
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

// Which files are read

#[test]
fn modules_are_followed_wherever_they_are() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    let root =
        "pub mod a;\nmod dir;\n#[path = \"odd name.rs\"]\nmod odd;\nmod inline { mod deep; }\n";
    project.write("src/lib.rs", format!("{root}fn f() {{ {} }}", table("InFunction")));
    project.write("src/a.rs", format!("mod b;\nmod inner {{ {} }}", table("Inside")));
    project.write("src/a/b.rs", table("B"));
    project.write("src/dir/mod.rs", "mod r#type;");
    project.write("src/dir/type.rs", table("Keyword"));
    project.write("src/odd name.rs", table("Odd"));
    project.write("src/inline/deep.rs", table("Deep"));
    project.write("src/not_named.rs", table("NotNamed"));
    assert_eq!(tables(&project), 6);
    let sql = project.run(&["sql"]).exits(0).out;
    for name in ["in_function", "inside", "b", "keyword", "odd", "deep"] {
        assert!(sql.contains(&format!("CREATE TABLE public.{name} (")), "{name}: {sql}");
    }
}

#[test]
fn source_names_the_files_to_read() {
    let project =
        Project::new("provider = \"neon\"\nsource = [\"db/a.rs\", \"b.rs\"]\n", "not Rust");
    project.write("db/a.rs", table("A"));
    project.write("b.rs", table("B"));
    assert_eq!(tables(&project), 2);
    project.write("rls.toml", "provider = \"neon\"\nsource = [\"gone.rs\"]\n");
    assert!(mistake(&project).1.contains("cannot read the file"));
}

#[test]
fn cargo_knows_roots_and_features() {
    let project = Project::new(NEON, &table("InSchema"));
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
        [lib]\npath = \"lib/root.rs\"\n[features]\ndefault = [\"on\"]\non = [\"deep\"]\ndeep = []\noff = []\n";
    project.write("Cargo.toml", manifest);
    let gated = |name: &str| format!("#[cfg(feature = \"{name}\")]\n{}", table(name));
    project.write("lib/root.rs", format!("{}{}", gated("deep"), gated("off")));
    project.write("src/main.rs", format!("mod schema;\nfn main() {{}}\n{}", table("InMain")));
    project.write("tests/t.rs", table("InTest"));
    project.write("build.rs", table("InBuild"));
    assert_eq!(tables(&project), 3);
    project.write("rls.toml", "provider = \"neon\"\nfeatures = [\"off\", \"on\"]");
    assert_eq!(tables(&project), 4);
    project.write("rls.toml", "provider = \"neon\"\nfeatures = []");
    assert_eq!(tables(&project), 2);
}

#[test]
fn a_module_that_two_roots_share_is_read_once() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.write("src/schema.rs", table("Shared"));
    project.write("src/lib.rs", "mod schema;");
    project.write("src/main.rs", "mod schema;");
    assert_eq!(tables(&project), 1);
    project.write("src/main.rs", "#[path = \"../src/schema.rs\"]\nmod schema;");
    assert_eq!(tables(&project), 1);
}

#[test]
fn a_manifest_that_cargo_refuses_is_an_error() {
    let project = Project::new(NEON, TODOS);
    project.write("Cargo.toml", "nonsense");
    project.run(&["check"]).exits(1).says("cargo metadata failed");
    project.run(&["check", "--json"]).exits(1).says("cargo metadata failed").json();
    project.write("Cargo.toml", "[workspace]\nmembers = []");
    project.both(&["check"]).0.exits(1).says("workspace without a package").says("--project DIR");
}

#[test]
fn nothing_to_read_and_nothing_declared_are_errors() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.both(&["check"]).0.exits(1).says("nothing to read").says("src/schema.rs");
    project.write("src/main.rs", "fn main() {}");
    for command in ["check", "sql", "generate", "diff"] {
        project.both(&[command]).0.exits(1).says("no struct derives `Table` in src/main.rs");
    }
}

#[test]
fn features_decide_and_tests_are_not_the_program() {
    let schema = format!(
        "#[cfg(feature = \"billing\")]\nmod billing {{ {} }}\n#[cfg(test)]\nmod tests {{ {} }}\n\
         #[cfg_attr(feature = \"billing\", derive(Table))]\npub struct Gated {{ pub id: i64 }}\n{}",
        table("Invoice"),
        table("InTest"),
        table("Always"),
    );
    let project = Project::new(NEON, &schema);
    assert_eq!(tables(&project), 1);
    project.write("rls.toml", "provider = \"neon\"\nfeatures = [\"billing\"]");
    assert_eq!(tables(&project), 3);
}

#[test]
fn what_only_the_compiler_knows_is_an_error_where_it_hides_a_table() {
    let project = Project::new(NEON, &format!("{}#[cfg(unix)]\nmod unix;\n", table("A")));
    project.write("src/unix.rs", "pub struct Plain;");
    assert_eq!(tables(&project), 1);
    project.write("src/unix.rs", table("Hidden"));
    let (place, message) = mistake(&project);
    assert_eq!(place, "src/schema.rs:3:1");
    assert!(message.contains("`Hidden`") && message.contains("cfg(unix)"), "{message}");
    let schema = "#[derive(Table)]\npub struct A {\n    pub id: i64,\n    #[cfg(windows)]\n    pub path: String,\n}";
    assert_eq!(mistake(&Project::new(NEON, schema)).0, "src/schema.rs:4:5");
}

#[test]
fn a_table_in_a_macro_is_an_error() {
    let rules = format!(
        "{}\nmacro_rules! table {{ () => {{ #[derive(Table)] #[rls(table = \"a\")] struct A {{ id: i64 }} }} }}",
        table("A")
    );
    let (place, message) = mistake(&Project::new(NEON, &rules));
    assert_eq!(place, "src/schema.rs:4:1");
    assert!(message.contains("macro"), "{message}");
    let call = "wrap! { #[derive(Debug, rls_schema::Table)]\n#[rls(table = \"a\")] struct A { id: i64 } }\n";
    assert_eq!(mistake(&Project::new(NEON, call)).0, "src/schema.rs:1:1");
}

#[test]
fn an_included_table_is_not_passed_over() {
    let project = Project::new(NEON, &format!("{}include!(\"more.rs\");", table("A")));
    project.write("src/more.rs", table("B"));
    let run = project.run(&["check"]);
    assert!(run.code == 1 || run.out.contains("2 tables"), "{run}");
}

// Mistakes and their places

#[test]
fn every_mistake_of_every_file_is_told_at_once() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.write("src/lib.rs", "mod a;\nmod b;\nmod gone;\n");
    project.write("src/a.rs", "#[derive(Table)]\npub struct A {\n    pub id: u64,\n    #[rls(nonsense)]\n    pub b: Foo,\n}\n");
    project.write(
        "src/b.rs",
        "#[derive(Table)]\n#[rls(crud_policy(role = autenticated, read = auth_uid(ownr)))]\npub struct B { pub owner: String }\n",
    );
    let (text, json) = project.both(&["check"]);
    text.exits(1).says("error: 6 mistakes in the declaration").says("did you mean `owner`?");
    let expected = [
        "src/a.rs:3:13",
        "src/a.rs:4:11",
        "src/a.rs:5:12",
        "src/b.rs:2:26",
        "src/b.rs:2:56",
        "src/lib.rs:3:5",
    ];
    assert_eq!(places(&json), expected, "{json:#}");
    for command in ["sql", "generate", "diff", "apply"] {
        let (_, other) = project.both(&[command]);
        assert_eq!(other, json, "{command}");
    }
    assert_eq!(project.list("migrations"), [""; 0]);
}

#[test]
fn a_key_that_is_misspelt_is_not_missing_too() {
    let policy = "name = \"x\", command = select, role = authenticated, using = true";
    for key in ["name", "command", "role", "using"] {
        let policy = policy.replace(&format!("{key} ="), &format!("{key}z ="));
        let schema =
            table("A").replace("pub struct", &format!("#[rls(policy({policy}))]\npub struct"));
        assert_eq!(mistake(&Project::new(NEON, &schema)).1, format!("unknown key `{key}z`"));
    }
}

#[test]
fn a_mistake_in_a_predicate_is_told_there_and_nowhere_else() {
    let with = |predicates: &str| {
        let schema = format!(
            "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = one(id), modify = two(id)))]\npub struct A {{ #[rls(primary_key)] pub id: i64 }}\n{predicates}"
        );
        mistake(&Project::new(NEON, &schema))
    };
    let two = "#[predicate] fn two(a: i64) -> bool { one(a) && a == 2 }\n";
    for (one, place, said) in [
        ("exists(A, |a| a.idd == b)", "5:15", "unknown column `idd`"),
        ("exists(A, |a| a == b)", "5:15", "`a` is a whole row"),
        ("b == 1 || two(b)", "6:39", "the predicate `one` is made of itself, by this"),
    ] {
        let one = format!("#[predicate] fn one(b: i64) -> bool {{\n{one} }}\n");
        let (at, message) = with(&format!("{one}{two}"));
        assert_eq!((&*at, &*message), (&*format!("src/schema.rs:{place}"), said));
    }
}

#[test]
fn what_is_said_of_a_lookup_names_its_row() {
    for (filter, said, help) in [
        (
            "a.name == id",
            "`a.name` is text and `id` is bigint, which Postgres does not compare",
            None,
        ),
        (
            "a.id",
            "a predicate is true or false, and `a.id` is bigint",
            Some("compare it, as in `a.id == ..`"),
        ),
        (
            "a.id.like(\"x\")",
            "`a.id` is bigint, and only text has a form",
            Some("write `a.id as String`"),
        ),
        ("a.name.like(5)", "`5` is a number, and only text has a form", Some("write a string")),
    ] {
        let schema = format!(
            "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = exists(A, |a| {filter})))]\npub struct A {{ #[rls(primary_key)] pub id: i64, pub name: String }}\n"
        );
        let project = Project::new(NEON, &schema);
        assert_eq!(mistake(&project).1, said);
        if let Some(help) = help {
            project.both(&["check"]).0.says(help);
        }
    }
}

#[test]
fn predicates_that_double_come_to_an_end() {
    let twice = |of: u32| {
        format!("#[predicate] fn p{}(a: i64) -> bool {{ p{of}(a) && p{of}(a) }}\n", of + 1)
    };
    let chain: String = (0..20).map(twice).collect();
    let schema = format!(
        "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = p20(id)))]\npub struct A {{ #[rls(primary_key)] pub id: i64 }}\n#[predicate] fn p0(a: i64) -> bool {{ a == 1 }}\n{chain}"
    );
    let (at, message) = mistake(&Project::new(NEON, &schema));
    assert_eq!(message, "`p11` has more than 10000 parts, with all it is made of");
    assert_eq!(at, "src/schema.rs:15:39");
}

#[test]
fn a_predicate_with_too_few_arguments_is_not_at_fault_itself() {
    let schema = "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = one()))]\npub struct A { #[rls(primary_key)] pub id: i64 }\n#[predicate] fn one(b: i64) -> bool { b == 1 }\n";
    assert_eq!(mistake(&Project::new(NEON, schema)).1, "`one` takes one argument, and here are 0");
}

#[test]
fn a_closure_without_a_row_is_told_where_it_is() {
    for (closure, said) in [
        ("|| true", "the closure takes one row"),
        ("|a, b| true", "the closure takes one row"),
        ("|_| true", "the row has a name and nothing else"),
        ("|a: A| a.id == 1", "the row has a name and nothing else"),
    ] {
        let schema = format!(
            "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = exists(A, {closure})))]\npub struct A {{ #[rls(primary_key)] pub id: i64 }}\n"
        );
        let (place, message) = mistake(&Project::new(NEON, &schema));
        let column = if closure.starts_with("||") { 58 } else { 59 };
        assert_eq!((place, &*message), (format!("src/schema.rs:2:{column}"), said));
    }
}

#[test]
fn what_is_never_closed_is_told_as_that() {
    for (schema, place) in [("pub struct A {\n", "1:14"), ("fn a() {\n)\n", "2:1")] {
        let (at, message) = mistake(&Project::new(NEON, schema));
        assert_eq!(at, format!("src/schema.rs:{place}"));
        assert!(message.contains("no partner"), "{message}");
    }
}

#[test]
fn places_count_characters_whatever_the_file_begins_with() {
    let body = "#[derive(Table)]\npub struct A { /* ü日🦀 */\tpub id: u64 }\n";
    let place = |text: &str| mistake(&Project::new(NEON, text)).0;
    assert_eq!(place(body), "src/schema.rs:2:34");
    assert_eq!(place(&body.replace('\n', "\r\n")), "src/schema.rs:2:34");
    assert_eq!(place(&format!("\u{feff}{body}")), "src/schema.rs:2:34");
    assert_eq!(place(&format!("#!/usr/bin/env run-cargo\n{body}")), "src/schema.rs:3:34");
    assert_eq!(place(&format!("\u{feff}#!/bin/sh ü\r\n{body}")), "src/schema.rs:3:34");
    assert_eq!(place(&format!("#![allow(unused)]\n{body}")), "src/schema.rs:3:34");
}

#[test]
fn a_mistake_on_the_first_line_after_a_byte_order_mark_has_a_column() {
    let schema = "\u{feff}#[derive(Table)] pub struct A { pub id: u64 }\n";
    // The mark is no character of the line.
    assert_eq!(mistake(&Project::new(NEON, schema)).0, "src/schema.rs:1:41");
}

#[test]
fn files_that_cannot_be_read_do_not_hide_the_mistakes_of_others() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.write("src/lib.rs", "mod latin1;\nmod broken;\nmod gone;\n");
    project.write("src/latin1.rs", b"// caf\xe9\npub struct A;\n");
    project.write("src/broken.rs", "pub struct A {\n    id: ,\n}\n");
    let (_, json) = project.both(&["check"]);
    let expected = ["src/broken.rs:2:9", "src/latin1.rs:1:1", "src/lib.rs:3:5"];
    assert_eq!(places(&json), expected, "{json:#}");
    assert!(messages(&json)[1].contains("UTF-8"), "{json:#}");
    let help = json["errors"][2]["help"].as_str().unwrap();
    assert!(help.contains("src/gone.rs") && help.contains("src/gone/mod.rs"), "{help}");
}

#[test]
fn a_table_declared_in_two_files_is_told_at_the_second() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.write("src/lib.rs", "mod a;\nmod b;");
    project.write("src/a.rs", table("Todo"));
    project.write("src/b.rs", format!("\n{}", table("Todo")));
    let (place, message) = mistake(&project);
    assert_eq!(place, "src/b.rs:3:12");
    assert_eq!(message, "table `public.todo` is declared twice");
}

#[test]
fn an_unknown_role_gets_a_suggestion_or_the_way_to_declare_it() {
    let schema = |role: &str| {
        format!(
            "#[derive(Table)]\n#[rls(crud_policy(role = {role}, read = true))]\npub struct A {{ pub id: i64 }}\n"
        )
    };
    let project = Project::new(NEON, &schema("anonymos"));
    project
        .both(&["check"])
        .0
        .exits(1)
        .says("unknown role `anonymos`")
        .says("did you mean `anonymous`?");
    let project = Project::new(NEON, &schema("\"Front Desk\""));
    project.both(&["check"]).0.exits(1).says("list other existing roles under `roles` in rls.toml");
    project.write("rls.toml", "provider = \"neon\"\nroles = [\"Front Desk\"]");
    project.both(&["check"]).0.exits(0);
}

/// A table with a policy in raw SQL, and another table to look into.
fn raw(sql: &str) -> Project {
    let schema = format!(
        "#[derive(Table)]\npub struct Member {{ pub team_id: i64, pub user_id: String }}\n\
         #[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = sql({sql:?})))]\n\
         pub struct Doc {{ pub id: i64, pub team_id: i64 }}\n"
    );
    Project::new(NEON, &schema)
}

#[test]
fn raw_sql_that_is_no_expression_is_an_error_at_its_literal() {
    let refused = [
        "select = 1",
        "id = 1 id",
        "id = ",
        "id = 1) or (true",
        "id = 1; drop table doc",
        "id = 1 -- x",
        "not",
    ];
    for sql in refused {
        let run = raw(sql).both(&["check"]);
        assert_eq!(places(&run.1), ["src/schema.rs:4:52"], "{sql}: {}", run.0);
    }
}

#[test]
fn raw_sql_is_looked_up_in_all_declared_tables() {
    let unknown = [
        ("exists (select 1 from member m where m.team = doc.team_id)", "`m.team`"),
        ("team_id in (select teem_id from member)", "`teem_id`"),
        ("exists (select 1 from member m where x.team_id = doc.team_id)", "`x.team_id`"),
        ("teem_id = 1", "`teem_id`"),
    ];
    for (sql, name) in unknown {
        let (_, json) = raw(sql).both(&["check"]);
        let messages = messages(&json);
        assert!(messages.len() == 1 && messages[0].contains(name), "{sql}: {messages:?}");
    }
    let fine = [
        "exists (select 1 from member m where m.team_id = doc.team_id)",
        "team_id in (select member.team_id from public.member)",
        "exists (select 1 from somewhere_else where whatever = team_id)",
        "team_id = any (array(select m.team_id from member as m join member as other on true))",
        "team_id operator(pg_catalog.=) any ('{1}'::bigint[])",
        "make_interval(days => 1) < '1 day' and concat('a', variadic array['b']) is normalized",
        "normalize('a', NFC) = 'a' and '<a/>'::xml is document",
        "exists (select from only member m where m.team_id operator(pg_catalog.=) doc.team_id)",
        "1 = (select count(*) over (order by m.user_id rows between unbounded preceding and current row) from member m)",
        "'{a}'::character varying[] <> '{}' and '1'::bit varying(3) <> b'0'",
    ];
    for sql in fine {
        let run = raw(sql).run(&["check"]);
        assert_eq!(run.code, 0, "{sql}: {run}");
    }
}

// Names

#[test]
fn names_are_quoted_where_they_need_it() {
    let cases = [
        ("plain", "plain"),
        ("Mixed Case", "\"Mixed Case\""),
        ("with \"quotes\"", "\"with \"\"quotes\"\"\""),
        ("it's", "\"it's\""),
        ("ünïcödé", "\"ünïcödé\""),
        ("日本語", "\"日本語\""),
        ("select", "\"select\""),
        ("user", "\"user\""),
        ("a.b", "\"a.b\""),
        ("1st", "\"1st\""),
    ];
    for (name, quoted) in cases {
        let schema = format!(
            "#[derive(Table)]\n#[rls(table = {name:?}, schema = {name:?})]\npub struct A {{\n    #[rls(column = {name:?})]\n    pub id: i64,\n}}"
        );
        let sql = Project::new(NEON, &schema).run(&["sql"]).exits(0).out;
        assert!(
            sql.contains(&format!("CREATE TABLE {quoted}.{quoted} (\n    {quoted} bigint")),
            "{sql}"
        );
    }
}

#[test]
fn names_have_63_bytes_at_most() {
    let named = |name: &str| {
        let name = format!("{name:?}");
        Project::new(
            NEON,
            &format!(
                "#[derive(Table)]\n#[rls(table = {name})]\npub struct A {{\n    #[rls(column = {name}, unique, index)]\n    pub id: i64,\n}}"
            ),
        )
    };
    let (ascii, unicode) = ("x".repeat(63), format!("{}x", "é".repeat(31)));
    for name in [&ascii, &unicode] {
        let sql = named(name).run(&["sql"]).exits(0).out;
        let too_long = sql.split('"').find(|name| name.len() > 63 && !name.contains(' '));
        assert_eq!(too_long, None, "{sql}");
    }
    for name in ["x".repeat(64), "é".repeat(32)] {
        let (_, json) = named(&name).both(&["check"]);
        assert_eq!(places(&json), ["src/schema.rs:2:15", "src/schema.rs:4:20"], "{json:#}");
        assert!(messages(&json)[0].contains("this one has 64"), "{json:#}");
    }
    named("").both(&["check"]).0.exits(1).says("cannot be empty");
    named("a\0b").both(&["check"]).0.exits(1).says("NUL");
}

// sql

#[test]
fn sql_says_the_same_as_text_and_as_json() {
    let (text, json) = Project::new(NEON, TODOS).both(&["sql"]);
    let mut rest = text.out.as_str();
    for statement in json["statements"].as_array().unwrap() {
        let statement = format!("{};", statement.as_str().unwrap());
        let at = rest.find(&statement).unwrap_or_else(|| panic!("no `{statement}` in `{rest}`"));
        assert_eq!(rest[..at].trim(), "");
        rest = &rest[at + statement.len()..];
    }
    assert_eq!(rest.trim(), "");
    let sql = &text.out;
    let enable = sql.find("ALTER TABLE public.todos ENABLE ROW LEVEL SECURITY;").unwrap();
    assert!(enable < sql.find("GRANT SELECT").unwrap(), "{sql}");
}

// generate

/// The only migration of a project.
#[track_caller]
fn migration(project: &Project) -> (String, String) {
    let files = project.list("migrations");
    let [file, snapshot] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(snapshot, "schema.snapshot.json");
    (file.clone(), project.read(&format!("migrations/{file}")))
}

#[test]
fn generate_writes_a_migration_and_a_snapshot_once() {
    let project = Project::new(NEON, TODOS);
    project.both(&["generate", "--check"]).0.exits(2).says("CREATE TABLE public.todos");
    assert_eq!(project.list("migrations"), [""; 0]);

    let run = project.run(&["generate"]).exits(0);
    let (file, text) = migration(&project);
    let run = run.says(&format!("migrations/{file}"));
    assert!(
        file.ends_with("_create_todos.up.sql")
            && file.as_bytes()[..14].iter().all(u8::is_ascii_digit),
        "{file}"
    );
    assert!(
        text.contains("CREATE TABLE public.todos") && run.out.contains("CREATE TABLE public.todos")
    );

    for args in [&["generate"][..], &["generate", "--check"]] {
        let (text, json) = project.both(args);
        text.exits(0).says("Nothing to do");
        assert_eq!(json, json!({ "migration": null, "missing": false, "steps": [] }));
    }
    assert_eq!(migration(&project), (file, text));
}

#[test]
fn generate_says_the_same_in_json() {
    let (one, other) = (Project::new(NEON, TODOS), Project::new(NEON, TODOS));
    let text = one.run(&["generate", "first"]).exits(0);
    let json = other.run(&["generate", "first", "--json"]).exits(0).json();
    let file = format!("migrations/{}", migration(&other).0);
    assert_eq!(
        (json["migration"].as_str(), json["missing"].as_bool()),
        (Some(file.as_str()), Some(false))
    );
    for step in json["steps"].as_array().unwrap() {
        for statement in step["statements"].as_array().unwrap() {
            assert!(text.out.contains(statement.as_str().unwrap()), "{statement}");
        }
    }
    assert_eq!(migration(&one).1, migration(&other).1);
}

#[test]
fn generate_needs_no_database() {
    let project = Project::new("provider = \"neon\"\ndatabase-url-env = \"NOT_SET\"\n", TODOS);
    let mut command = project.command(&["generate"]);
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    Run::of(command).exits(0);
}

#[test]
fn each_migration_comes_after_the_last_even_in_one_second() {
    let project = Project::new(NEON, TODOS);
    for at in 0..4 {
        project.write("src/schema.rs", TODOS.replace("is_complete", &format!("is_complete_{at}")));
        project.both(&["generate", "--check"]).0.exits(2);
        project.run(&["generate", &format!("step_{at}"), "--allow", "loses-data"]).exits(0);
        project.both(&["generate", "--check"]).0.exits(0);
    }
    let steps: Vec<_> = project
        .list("migrations")
        .iter()
        .filter_map(|file| file.split_once('_')?.1.strip_suffix(".up.sql").map(str::to_owned))
        .collect();
    assert_eq!(steps, ["step_0", "step_1", "step_2", "step_3"]);
}

#[test]
fn generate_loses_data_only_with_leave() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate"]).exits(0);
    let before = project.list("migrations");
    project.write("src/schema.rs", TODOS.replace("    pub task: String,\n", ""));
    project.both(&["generate"]).0.exits(1).says("public.todos.task").says("--allow loses-data");
    project.both(&["generate", "--check"]).0.exits(2).says("DROP COLUMN task");
    assert_eq!(project.list("migrations"), before);
    project.run(&["generate", "--allow", "loses-data"]).exits(0);
    let file = project.list("migrations")[1].clone();
    let text = project.read(&format!("migrations/{file}"));
    assert!(text.starts_with("-- loses-data: ") && text.contains("DROP COLUMN task"), "{text}");
}

#[test]
fn a_vanished_table_is_dropped_only_with_leave() {
    let project = Project::new(NEON, &format!("{TODOS}{}", table("Extra")));
    project.run(&["generate"]).exits(0);
    project.write("src/schema.rs", TODOS);
    project.both(&["generate"]).0.exits(1).says("public.extra");
    project.run(&["generate", "--allow", "loses-data"]).exits(0).says("DROP TABLE public.extra");
}

#[test]
fn a_migration_can_be_named_as_a_file_can() {
    let project = Project::new(NEON, TODOS);
    for name in ["../up", "Über", "a b", "", "a.sql", &"x".repeat(101)] {
        project.both(&["generate", "--", name]).0.exits(1).says("cannot be part of a file's name");
    }
    assert_eq!(project.list("migrations"), [""; 0]);
    project.write("rls.toml", "provider = \"neon\"\nmigrations = \"db/steps\"\n");
    project.run(&["generate", "add_todos"]).exits(0);
    assert!(project.list("db/steps")[0].ends_with("_add_todos.up.sql"));
}

#[test]
fn a_damaged_folder_of_migrations_is_an_error() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    let (file, text) = migration(&project);
    let snapshot = project.read("migrations/schema.snapshot.json");

    project.write("migrations/notes.sql", "");
    project.write("migrations/2026_short.up.sql", "");
    project.both(&["generate"]).0.exits(1).says("notes.sql").says("2026_short.up.sql");
    let remove = |path: &str| std::fs::remove_file(project.root().join(path)).unwrap();
    remove("migrations/notes.sql");
    remove("migrations/2026_short.up.sql");

    for damaged in ["", "<<<<<<< HEAD\n", &snapshot.replace("\"format\": 1", "\"format\": 99")] {
        project.write("migrations/schema.snapshot.json", damaged);
        project.both(&["generate"]).0.exits(1).says("schema.snapshot.json");
    }
    project.write("migrations/schema.snapshot.json", &snapshot);
    remove(&format!("migrations/{file}"));
    project.both(&["generate", "--check"]).0.exits(1).says(&file);
    project.write(&format!("migrations/{file}"), text);
    project.both(&["generate", "--check"]).0.exits(0);
}

#[test]
fn a_lost_snapshot_is_no_fresh_start() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    std::fs::remove_file(project.root().join("migrations/schema.snapshot.json")).unwrap();
    project.both(&["generate"]).0.exits(1).says("schema.snapshot.json");
    project.both(&["generate", "--check"]).0.exits(1);
    assert_eq!(project.list("migrations").len(), 1);
}

#[test]
fn migrate_without_migrations_is_an_error() {
    let project = Project::new(NEON, TODOS);
    project
        .both(&["migrate"])
        .0
        .exits(1)
        .says("there are no migrations")
        .says("cargo rls generate");
}

#[test]
fn a_folder_that_cannot_be_written_leaves_nothing_behind() {
    let project = Project::new("provider = \"neon\"\nmigrations = \"taken\"\n", TODOS);
    project.write("taken", "a file");
    let text = project.run(&["generate"]);
    let json = project.run(&["generate", "--json"]);
    same_twice(text, json).0.exits(1).says("taken");
    assert_eq!(project.read("taken"), "a file");
}
