//! `import drizzle`: what drizzle-kit says of a database becomes a project in which there is nothing left to
//! do for what drizzle-kit made.
//!
//! `tests/drizzle/NAME` has what drizzle-kit 0.31.11 made of `schema.ts` beside it, with drizzle-orm 0.45.4:
//! the migration, the snapshot and the journal, as `npx drizzle-kit generate --name init` writes them.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use support::{Live, NEON, Project, TODOS, messages};

/// The folder with a schema and what was made of it.
fn made(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/drizzle").join(name)
}

fn snapshot(name: &str) -> String {
    std::fs::read_to_string(made(name).join("meta/0000_snapshot.json")).unwrap()
}

/// Imports into `imported`, and checks what is there.
#[track_caller]
fn import(project: &Project, name: &str, args: &[&str]) -> String {
    let folder = made(name);
    let all =
        [&["import", "drizzle", folder.to_str().unwrap(), "--out", "imported"], args].concat();
    let run = project.run(&all);
    assert_eq!(run.code, 0, "{run}");
    project.run(&["check", "--project", "imported"]).exits(0);
    let path = project.root().join("imported/src/schema.rs");
    let mut rustfmt = Command::new("rustfmt");
    let output = rustfmt.args(["--check", "--edition", "2024"]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    std::fs::read_to_string(path).unwrap()
}

/// A database that holds what drizzle-kit's migration makes, on a server that has all of it.
#[track_caller]
fn migrated(name: &str, provider: &str, before: &str) -> Option<Live> {
    let server = support::several_connections()?;
    if server.major_version() < 15 {
        eprintln!("SKIPPED {name}: NULLS NOT DISTINCT and security_invoker need Postgres 15");
        return None;
    }
    let live = Live::new(provider, TODOS);
    live.run(&["diff", "--install-stand-in"]);
    live.sql(before);
    let migration = std::fs::read_to_string(made(name).join("0000_init.sql")).unwrap();
    migration.split("--> statement-breakpoint").for_each(|statement| live.sql(statement));
    Some(live)
}

#[track_caller]
fn says(source: &str, text: &str) {
    assert!(source.contains(text), "no `{text}` in\n{source}");
}

/// Asked to change nothing, it declares exactly what Drizzle made.
#[track_caller]
fn needs_no_change(live: &Live, name: &str) {
    import(&live.project, name, &["--exact", "--write"]);
    live.run(&["diff", "--project", "imported"]).exits(0).says("No difference");
}

/// Otherwise privileges, policies and their indexes change, and nothing else; and then nothing is left to do.
#[track_caller]
fn is_improved(live: &Live, name: &str) {
    import(&live.project, name, &["--write"]);
    let run = live.run(&["diff", "--project", "imported", "--json"]);
    let json = run.json();
    for statement in statements(&json) {
        let mut words = statement.split_whitespace();
        let first: Vec<_> = words.by_ref().take(2).collect();
        let expected = ["GRANT", "REVOKE"].contains(&first[0])
            || ["ALTER POLICY", "DROP POLICY", "CREATE POLICY", "CREATE INDEX"]
                .contains(&first.join(" ").as_str());
        assert!(expected, "{statement}");
    }
    live.run(&["apply", "--project", "imported", "--allow", "widens-access,narrows-access"])
        .exits(0);
    live.run(&["diff", "--project", "imported"]).exits(0);
}

/// An empty database takes it, as far as nobody else has to make something first.
#[track_caller]
fn makes_another(live: &Live) {
    let another = Live::new("", "");
    let imported = live.project.root().join("imported");
    let imported = imported.to_str().unwrap();
    another.apply(&["--project", imported]).exits(0);
    another.run(&["diff", "--project", imported]).exits(0);
}

fn statements(json: &Value) -> Vec<String> {
    let steps = json["steps"].as_array().unwrap().iter();
    let statements = steps.flat_map(|step| step["statements"].as_array().unwrap());
    statements.map(|statement| statement.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_guides_todos() {
    let project = Project::empty();
    let source = import(&project, "todos", &[]);
    says(
        &source,
        "#[rls(crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)))]",
    );
    says(&source, "#[rls(primary_key, identity)]\n    pub id: i64,");
    says(&source, "#[rls(default = auth_uid())]\n    pub user_id: String,");
    says(&project.read("imported/rls.toml"), "provider = \"neon\"\ngrants = \"policies\"\n");

    let Some(live) = migrated("todos", NEON, "") else { return };
    needs_no_change(&live, "todos");
    live.sql("insert into todos (user_id, task) values ('a', 'one'), ('b', 'two')");
    live.sql("grant usage on schema auth to authenticated; grant all on todos to authenticated");
    let seen = "set request.jwt.claims = '{\"sub\": \"a\"}'; set role authenticated; \
                select string_agg(task, ',' order by id) from todos";
    assert_eq!(live.value(seen), "one");
    is_improved(&live, "todos");
    assert_eq!(live.value(seen), "one");
}

#[test]
fn a_product_for_many_organizations() {
    let project = Project::empty();
    let source = import(&project, "saas", &[]);
    says(
        &source,
        "role = [authenticated, anonymous],\n        read = is_public || auth_uid(owner_id),",
    );
    says(&source, "using = exists(Members, |m| m.organization_id == id && auth_uid(m.user_id)),");
    says(&source, "default = next(invoice_number)");
    says(
        &source,
        "#[derive(PgEnum)]\npub enum MemberRole {\n    Owner,\n    Admin,\n    Member,\n}",
    );
    says(&source, "predicate = archived_at.is_null()");
    says(&source, "class(title, \"text_pattern_ops\")");
    let config = project.read("imported/rls.toml");
    says(&config, "roles = [\"saas_ops\", { name = \"saas_support\", inherit = false }]");

    let Some(live) = migrated("saas", NEON, "") else { return };
    needs_no_change(&live, "saas");
    is_improved(&live, "saas");
    makes_another(&live);
}

#[test]
fn every_type() {
    let project = Project::empty();
    let source = import(&project, "types", &[]);
    says(&source, "always,\n            sequence = \"always_numbers\",\n            start");
    says(&source, "#[rls(default = -1)]\n    pub a_smallint: Option<i16>,");
    says(&source, "sql_type = \"interval day to second(3)\"");
    says(&source, "pub grid_3: Option<Vec<i32>>");
    says(&project.read("imported/rls.toml"), "provider = \"postgres\"");

    let Some(live) = migrated("types", "provider = \"postgres\"\n", "") else { return };
    needs_no_change(&live, "types");
    is_improved(&live, "types");
    makes_another(&live);
}

#[test]
fn names_that_need_quotes() {
    let source = import(&Project::empty(), "names", &[]);
    says(
        &source,
        "crud_policy(role = \"Front Desk\", read = auth_uid(owner_id), modify = r#type == \"A b\")",
    );
    says(&source, "a rather long name of an index, which has more bytes than Post");

    let Some(live) = migrated("names", NEON, "") else { return };
    needs_no_change(&live, "names");
    is_improved(&live, "names");
    makes_another(&live);
}

#[test]
fn supabase() {
    let project = Project::empty();
    let source = import(&project, "supabase", &[]);
    says(&source, "using = auth_uid(id)");
    says(&source, "using = claim(\"org\") == org");
    says(&source, "references(auth.users(id), ");
    let config = project.read("imported/rls.toml");
    says(&config, "provider = \"supabase\"\ngrants = \"policies\"\nroles = [\"service_role\"]\n");

    let before = "create table auth.users (id uuid primary key)";
    let Some(live) = migrated("supabase", "provider = \"supabase\"\n", before) else { return };
    needs_no_change(&live, "supabase");
    is_improved(&live, "supabase");
}

#[test]
fn what_drizzle_gets_wrong_is_told() {
    let project = Project::empty();
    let folder = made("faults");
    let run = project.run(&["import", "drizzle", folder.to_str().unwrap(), "--out", "imported"]);
    let run = run
        .exits(0)
        .says("\"for whom\" on public.docs is for everyone")
        .says("\"whoever\" on public.docs is also for `current_user`")
        .says("the role `Night Desk` needs quotes, which Drizzle's ALTER POLICY leaves out")
        .says("\"nothing said\" on public.docs is restrictive and says nothing")
        .says("\"a comment at the end\" on public.docs has `--` in it")
        .says("columns.settings.default` has a quote inside that Drizzle does not double")
        .says("columns.tags.default` has a quote inside")
        .says("columns.place.default` is no SQL")
        .says("the check `no \"root\"` on public.docs has a quote in its name")
        .says("public.open has no policies, and row security is off")
        .says("the view public.past shows what its owner sees");
    let check = project.run(&["check", "--project", "imported"]).exits(1);
    check.says("error[rls_disabled_in_public]: row security is off on `public.open`");
    let source = project.read("imported/src/schema.rs");
    says(&source, "sql_type = \"numeric(30,4)\"");
    says(&source, r##"default = r#"{"it's","b"}"#"##);
    assert!(!run.err.contains("error"), "{run}");
    let on =
        project.run(&["import", "drizzle", made("supabase").to_str().unwrap(), "--out", "other"]);
    on.exits(0)
        .says("the policy \"own messages\" is on \"auth\".\"users\", which is not Drizzle's");
}

/// Imports a snapshot that was changed, from a file of its own.
#[track_caller]
fn changed(name: &str, changes: &[(&str, &str)]) -> (Project, support::Run) {
    let mut text = snapshot(name);
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let project = Project::empty();
    project.write("snapshot.json", text);
    let run = project.run(&["import", "drizzle", "snapshot.json", "--out", "imported"]);
    (project, run)
}

#[test]
fn all_mistakes_are_told_at_their_path() {
    let (project, run) = changed(
        "todos",
        &[
            ("\"type\": \"boolean\"", "\"type\": \"bool ean\""),
            ("\"for\": \"DELETE\"", "\"for\": \"REMOVE\""),
            ("\"increment\": \"1\"", "\"increment\": \"one\""),
            (
                "\"using\": \"(select auth.user_id() = \\\"todos\\\".\\\"user_id\\\")\"",
                "\"using\": \"user_id = $1\"",
            ),
            ("\"task\": {\n          \"name\"", "\"task\": {\n          \"nme\""),
        ],
    );
    let run = run
        .exits(1)
        .says("snapshot.json: `tables[\"public.todos\"].columns.is_complete.type` ")
        .says("`tables[\"public.todos\"].columns.id.identity.increment` has to be a whole number")
        .says(".policies[\"crud-authenticated-policy-delete\"].for` is `REMOVE`")
        .says("`$1` stands for a value that the snapshot does not have")
        .says("write the value into the SQL");
    assert!(!project.root().join("imported").exists(), "{run}");
    project.write("again.json", project.read("snapshot.json"));
    let (_, json) = project.both(&["import", "drizzle", "again.json"]);
    assert_eq!(messages(&json).len(), 6, "{json:#}");
}

#[test]
fn what_is_unknown_is_told_and_left_out() {
    let (_, run) = changed(
        "todos",
        &[("\"checkConstraints\": {},", "\"checkConstraints\": {}, \"tides\": 3,")],
    );
    run.exits(0).says("`tables[\"public.todos\"].tides` cannot be said here, and is left out");
}

#[test]
fn clauses_that_postgres_refuses_are_mistakes() {
    let (_, run) = changed("todos", &[("\"withCheck\"", "\"using\"")]);
    run.exits(1).says("`using` stands twice");
    let (_, run) = changed(
        "names",
        &[(
            "\"withCheck\": \"\\\"My App\\\".\\\"User List\\\".\\\"type\\\" = 'A b'\"\n        },\n        \"crud-Front Desk-policy-update",
            "\"using\": \"true\"\n        },\n        \"crud-Front Desk-policy-update",
        )],
    );
    run.exits(1).says("Postgres refuses `using` on this command").says("say it in `withCheck`");
}

#[test]
fn what_is_no_snapshot_of_this_version_says_what_to_do() {
    let (_, run) = changed("todos", &[("\"version\": \"7\"", "\"version\": \"6\"")]);
    run.exits(1).says("version 6, and version 7 is read").says("npx drizzle-kit up");
    let (_, run) = changed("todos", &[("\"version\": \"7\"", "\"version\": \"8\"")]);
    run.exits(1).says("version 8, and version 7 is read").says("cargo rls pull");
    let (_, run) = changed("todos", &[("\"dialect\": \"postgresql\"", "\"dialect\": \"mysql\"")]);
    run.exits(1).says("for mysql, and not for Postgres");

    let project = Project::empty();
    project.write("cut.json", &snapshot("todos")[..100]);
    project
        .run(&["import", "drizzle", "cut.json"])
        .exits(1)
        .says("cut.json:3:50: ")
        .says("EOF while parsing");
    project.write("list.json", "[]");
    project.run(&["import", "drizzle", "list.json"]).exits(1).says("no snapshot of drizzle-kit");
    project.run(&["import", "drizzle", "nowhere.json"]).exits(1).says("cannot read nowhere.json");
    project.write("empty/x", "");
    let (_, json) = project.both(&["import", "drizzle", "empty"]);
    assert!(messages(&json)[0].contains("no meta/_journal.json in empty"), "{json}");
}

#[test]
fn a_project_that_is_there_changes_with_leave_only() {
    let project = Project::empty();
    let folder = made("todos");
    let args = ["import", "drizzle", folder.to_str().unwrap()];
    let run = project.run(&[&args[..], &["--json"]].concat()).exits(0);
    assert_eq!(run.json()["written"], serde_json::json!(["rls.toml", "src/schema.rs"]));
    assert_eq!(run.json()["dependencies"], serde_json::json!(["chrono = \"0.4\""]));
    project.run(&args).exits(0).says("No difference");
    let edited = project.read("src/schema.rs").replace("auth_uid(user_id)", "false");
    project.write("src/schema.rs", &edited);
    let (_, json) = project.both(&args);
    assert_eq!(json["differs"], serde_json::json!(["src/schema.rs"]));
    project.run(&args).exits(2).says("+#[rls(crud_policy(").says("--write");
    assert_eq!(project.read("src/schema.rs"), edited);
    project.run(&[&args[..], &["--write"]].concat()).exits(0);
    project.run(&args).exits(0);
}

/// The latest of several, wherever in the folder one points.
#[test]
fn the_journal_names_the_snapshot() {
    let project = Project::empty();
    let later = snapshot("todos").replace("todos", "tasks");
    project.write("drizzle/meta/0000_snapshot.json", snapshot("todos"));
    project.write("drizzle/meta/0001_snapshot.json", later);
    let journal = r#"{"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "version": "7", "tag": "0000_init"}, {"idx": 1, "version": "7", "tag": "0001_tasks"}]}"#;
    project.write("drizzle/meta/_journal.json", journal);
    for folder in ["drizzle", "drizzle/meta"] {
        project.run(&["import", "drizzle", folder, "--out", folder]).exits(0);
        says(&project.read(&format!("{folder}/src/schema.rs")), "pub struct Tasks {");
    }
    project.run(&["import", "drizzle", "drizzle/meta/0000_snapshot.json"]).exits(0);
    says(&project.read("src/schema.rs"), "pub struct Todos {");
}
