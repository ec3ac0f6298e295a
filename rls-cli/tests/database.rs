//! The commands that speak to a database: `diff`, `apply`, `migrate` and `query`, on a native server
//! where there is one, else on the Postgres inside the process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::net::TcpListener;

use serde_json::{Value, json};
use support::{Live, NEON, Project, Run, TODOS, messages, same_twice, several_connections};

const AS_USER_1: [&str; 5] = ["query", "--role", "authenticated", "--sub", "user_1"];
const AS_USER_2: [&str; 5] = ["query", "--role", "authenticated", "--sub", "user_2"];
const AS_NOBODY: [&str; 3] = ["query", "--role", "anonymous"];

/// What a query gives as JSON.
#[track_caller]
fn query(live: &Live, visitor: &[&str], sql: &str) -> Value {
    live.run(&[visitor, &[sql, "--json"]].concat()).exits(0).json()
}

#[track_caller]
fn tasks(live: &Live, visitor: &[&str]) -> Vec<String> {
    let rows = query(live, visitor, "select task from todos order by task")["rows"].clone();
    rows.as_array().unwrap().iter().map(|row| row["task"].as_str().unwrap().to_owned()).collect()
}

/// How many relations, policies and schemas a database has: what a failure must not change.
#[track_caller]
fn objects(live: &Live) -> String {
    live.value("select format('%s %s %s', (select count(*) from pg_class), (select count(*) from pg_policy), (select count(*) from pg_namespace))")
}

// diff and apply

#[test]
fn a_diff_is_empty_after_apply_and_a_second_apply_does_nothing() {
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let (text, json) = live.both(&["diff"]);
    let text = text.exits(2).says("CREATE TABLE public.todos");
    assert_eq!(json["difference"], json!(true));

    let applied = live.run(&["apply", "--json"]).exits(0).json();
    assert_eq!(applied["steps"], json["steps"]);
    assert_eq!(applied["applied"], json!(json["steps"].as_array().unwrap().len()));
    for step in json["steps"].as_array().unwrap() {
        for statement in step["statements"].as_array().unwrap() {
            assert!(text.out.contains(statement.as_str().unwrap()), "{statement}: {text}");
        }
    }

    let (text, json) = live.both(&["diff"]);
    text.exits(0).says("No difference");
    assert_eq!((&json["difference"], &json["steps"]), (&json!(false), &json!([])));
    let (text, json) = live.both(&["apply"]);
    text.exits(0).says("Nothing to do");
    assert_eq!((&json["applied"], &json["steps"]), (&json!(0), &json!([])));
}

#[test]
fn a_plan_is_told_before_the_stand_in_is_there() {
    let Some(_server) = several_connections() else { return };
    let live = Live::new(NEON, TODOS);
    let before = objects(&live);
    live.both(&["diff"]).0.exits(2).says("CREATE TABLE public.todos");
    assert_eq!(objects(&live), before);
}

#[test]
fn a_statement_that_fails_leaves_nothing_behind() {
    let live = Live::new(NEON, &TODOS.replace("pub task: String", "pub task: Option<String>"));
    live.apply(&[]).exits(0);
    live.sql("insert into todos (user_id) values ('user_1')");
    let before = objects(&live);
    live.declare(&format!("{TODOS}#[derive(Table)]\npub struct Added {{ pub id: i64 }}\n"));
    live.both(&["apply"]).0.exits(1).says("contains null values").says("task");
    assert_eq!(objects(&live), before);
    live.both(&["diff"]).0.exits(2).says("CREATE TABLE public.added");
}

#[test]
fn hazards_need_leave_by_name() {
    let live = Live::todos();
    live.sql("alter table todos add extra int; create policy backdoor on todos for select to anonymous using (true); drop policy \"crud-authenticated-policy-select\" on todos");
    let refused = |args: &[&str], kinds: &[&str]| {
        let (text, json) = live.both(args);
        text.exits(1).says("to go ahead, add");
        let message = messages(&json)[0];
        for kind in ["loses-data", "widens-access", "drops-undeclared"] {
            assert_eq!(message.contains(kind), kinds.contains(&kind), "{kind}: {message}");
        }
    };
    let before = objects(&live);
    refused(&["apply"], &["loses-data", "widens-access", "drops-undeclared"]);
    refused(&["apply", "--allow", "loses-data"], &["widens-access", "drops-undeclared"]);
    refused(&["apply", "--allow", "loses-data", "--allow", "drops-undeclared"], &["widens-access"]);
    live.run(&["apply"])
        .says("public.todos.extra")
        .says("\"backdoor\"")
        .says("crud-authenticated-policy-select");
    assert_eq!(objects(&live), before);
    live.run(&["diff"]).exits(2).says("-- loses-data:");
    live.run(&[
        "apply",
        "--allow",
        "loses-data",
        "--allow",
        "drops-undeclared",
        "--allow",
        "widens-access",
    ])
    .exits(0);
    live.assert_in_sync();
}

#[test]
fn what_the_server_says_is_told_once() {
    let live = Live::new(
        NEON,
        "#[derive(Table)]\npub struct A {\n    #[rls(sql_type = \"public.mood\")]\n    pub mood: String,\n}\n",
    );
    let run = live.apply(&[]).exits(1).says("42704").never_says("db error");
    assert_eq!(run.err.matches("does not exist").count(), 1, "{run}");
}

#[test]
fn a_role_that_is_missing_is_a_difference_too() {
    let Some(_server) = several_connections() else { return };
    let live = Live::todos();
    live.project.write("rls.toml", format!("{NEON}roles = [\"never_created\"]\n"));
    live.both(&["apply"]).0.exits(1).says("never_created");
    let diff = live.run(&["diff"]).says("never_created");
    assert_ne!(diff.code, 0, "{diff}");
}

#[test]
fn values_survive_a_change_of_type() {
    let live = Live::todos();
    live.sql("insert into todos (user_id, task) values ('user_1', '42')");
    live.declare(&TODOS.replace("task: String", "task: i64"));
    live.both(&["apply"]).0.exits(1).says("public.todos.task").says("--allow loses-data");
    live.run(&["apply", "--allow", "loses-data"]).exits(0);
    live.assert_in_sync();
    assert_eq!(live.value("select task + 1 from todos"), "43");
}

#[test]
fn two_who_apply_at_once_both_succeed() {
    let Some(_server) = several_connections() else { return };
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let applied: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| live.run(&["apply", "--json"]).exits(0).json()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()["applied"].as_u64().unwrap()).collect()
    });
    assert_eq!(applied.iter().filter(|steps| **steps > 0).count(), 1, "{applied:?}");
}

#[test]
fn who_owns_the_database_needs_to_be_no_superuser() {
    let Some(server) = several_connections() else { return };
    let config = "provider = \"postgres\"\nroles = [\"plain_visitor\"]\n";
    let live = Live::new(config, &TODOS.replace("authenticated", "plain_visitor"));
    live.run(&["diff", "--install-stand-in"]).exits(2);
    live.sql("create role plain_owner login");
    let name = live.value("select current_database()");
    live.sql(&format!(
        "alter database {name} owner to plain_owner; grant all on schema public to plain_owner"
    ));
    let url = server.url("plain_owner", &name);
    live.project.run(&["apply", "--database-url", &url]).exits(0);
    live.project.run(&["diff", "--database-url", &url]).exits(0);
    // It may not become the visitor, and says so.
    live.project
        .both(&["query", "--role", "plain_visitor", "select 1", "--database-url", &url])
        .0
        .exits(1)
        .says("plain_visitor");
}

// query

#[test]
fn owners_see_their_rows_and_nobody_else_does() {
    let live = Live::todos();
    live.sql("insert into todos (user_id, task) values ('user_1', 'mine'), ('user_2', 'theirs')");
    assert_eq!(tasks(&live, &AS_USER_1), ["mine"]);
    assert_eq!(tasks(&live, &AS_USER_2), ["theirs"]);
    let claims = ["query", "--role", "authenticated", "--claims", r#"{"sub": "user_2"}"#];
    assert_eq!(tasks(&live, &claims), ["theirs"]);
    // A role without a token, and a token without a privilege.
    assert_eq!(tasks(&live, &["query", "--role", "authenticated"]), [""; 0]);
    live.both(&[&AS_NOBODY[..], &["select * from todos"]].concat())
        .0
        .exits(1)
        .says("permission denied");
}

#[test]
fn an_insert_takes_the_user_by_default_and_is_rolled_back() {
    let live = Live::todos();
    let insert = "insert into todos (task) values ('new') returning user_id, task, is_complete";
    let done = query(&live, &AS_USER_1, insert);
    let row = json!({ "user_id": "user_1", "task": "new", "is_complete": false });
    assert_eq!(
        (&done["rows"], &done["affected"], &done["committed"]),
        (&json!([row]), &json!(1), &json!(false))
    );
    assert_eq!(live.value("select count(*) from todos"), "0");

    live.run(&[&AS_USER_1[..], &[insert, "--commit"]].concat())
        .exits(0)
        .says("user_1")
        .says("(1 row, committed)");
    assert_eq!(live.value("select string_agg(task, ',') from todos"), "new");

    let done = query(&live, &[&AS_USER_1[..], &["--commit"]].concat(), "delete from todos");
    assert_eq!(
        (&done["rows"], &done["affected"], &done["committed"]),
        (&json!([]), &json!(1), &json!(true))
    );
    assert_eq!(live.value("select count(*) from todos"), "0");
}

#[test]
fn rows_cannot_be_given_away_or_taken() {
    let live = Live::todos();
    live.sql("insert into todos (user_id, task) values ('user_1', 'mine')");
    let refused = |visitor: &[&str], sql: &str| {
        live.run(&[visitor, &["--commit", sql]].concat())
            .exits(1)
            .says("row-level security")
            .says("42501");
    };
    refused(&AS_USER_1, "insert into todos (user_id, task) values ('user_2', 'gift')");
    refused(&AS_USER_1, "update todos set user_id = 'user_2'");
    refused(&["query", "--role", "authenticated"], "insert into todos (task) values ('whose?')");
    for sql in ["update todos set task = 'stolen'", "delete from todos where user_id = 'user_1'"] {
        assert_eq!(
            query(&live, &[&AS_USER_2[..], &["--commit"]].concat(), sql)["affected"],
            json!(0)
        );
    }
    assert_eq!(live.value("select string_agg(user_id || task, ',') from todos"), "user_1mine");
}

#[test]
fn a_query_cannot_end_its_transaction() {
    let live = Live::todos();
    let smuggled = [
        "commit",
        "insert into todos (task) values ('x'); commit",
        "/* ; */ COMMIT",
        "-- x\ncommit;",
        "End",
        "insert into todos (task) values ('x');;commit;",
        "insert into todos (task) values (E'\\';commit;--'); commit",
        "begin",
        "savepoint a",
        "prepare transaction 'x'",
        "set role postgres",
        "reset role",
        "do $$ begin insert into todos (task) values ('x'); commit; end $$",
        "",
        ";",
        "select 'unfinished",
    ];
    for sql in smuggled {
        let run = live.run(&[&AS_USER_1[..], &["--", sql]].concat());
        assert_eq!(run.code, 1, "{sql}: {run}");
    }
    assert_eq!(live.value("select count(*) from todos"), "0");
    let fine = [
        "select 'commit; begin'",
        "select 1;",
        "with t as (select 1) select * from t",
        "explain select * from todos",
    ];
    for sql in fine {
        let run = live.run(&[&AS_USER_1[..], &["--", sql]].concat());
        assert_eq!(run.code, 0, "{sql}: {run}");
    }
}

#[test]
fn a_database_that_reads_strings_otherwise_does_not_let_a_commit_through() {
    let Some(_server) = several_connections() else { return };
    let live = Live::todos();
    let name = live.value("select current_database()");
    live.sql(&format!("alter database {name} set standard_conforming_strings = off"));
    let sql = r"insert into todos (task) values ('\'); commit; --')";
    live.run(&[&AS_USER_1[..], &[sql]].concat());
    let sql = r"insert into todos (task) values ('a\''); commit; --')";
    live.run(&[&AS_USER_1[..], &[sql]].concat());
    assert_eq!(live.value("select count(*) from todos"), "0");
}

#[test]
fn answers_are_typed_in_json_and_aligned_in_text() {
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let sql = "select 1 as n, 9007199254740993 as big, 1.50 as exact, true as yes, null::text as nothing, \
        '' as empty, '{\"a\": [1]}'::jsonb as doc, 'NULL' as word, array[1, 2] as list";
    let rows = query(&live, &AS_NOBODY, sql)["rows"].clone();
    let row = json!({
        "n": 1, "big": 9_007_199_254_740_993_i64, "exact": "1.50", "yes": true, "nothing": null,
        "empty": "", "doc": { "a": [1] }, "word": "NULL", "list": "{1,2}",
    });
    assert_eq!(rows, json!([row]));
    let text = live
        .run(
            &[&AS_NOBODY[..], &["select 'ä' as a, 22 as bb union all select 'aaa', 1 order by 2"]]
                .concat(),
        )
        .exits(0)
        .out;
    assert_eq!(text, "a   | bb\n----+---\naaa | 1\nä   | 22\n(2 rows, rolled back)\n");
}

#[test]
fn numbers_that_json_lacks_are_no_null() {
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let rows =
        query(&live, &AS_NOBODY, "select 'NaN'::float8 as a, 'Infinity'::float4 as b")["rows"]
            .clone();
    assert_eq!(rows, json!([{ "a": "NaN", "b": "Infinity" }]));
}

#[test]
fn json_has_two_columns_of_one_name_or_refuses_them() {
    let live = Live::new(NEON, TODOS);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    let twice = live.run(&[&AS_NOBODY[..], &["select 'one' as a, 'two' as a", "--json"]].concat());
    assert!(twice.code == 1 || twice.out.contains("one") && twice.out.contains("two"), "{twice}");
}

#[test]
fn none_is_no_role_to_run_as() {
    let live = Live::todos();
    // To Postgres, SET ROLE "none" means to stay who connected: a superuser.
    live.both(&["query", "--role", "none", "select current_user"]).0.exits(1).says("none");
}

#[test]
fn what_cannot_be_asked_is_an_error_and_no_hang() {
    let live = Live::todos();
    live.sql("grant select, insert on todos to anonymous");
    for sql in [
        "copy todos to stdout",
        "copy todos from stdin",
        "select $1",
        "select 1 / 0",
        "selekt 1",
        "vacuum",
    ] {
        let run = live.run(&[&AS_NOBODY[..], &[sql]].concat());
        assert_eq!(run.code, 1, "{sql}: {run}");
    }
    let (text, _) = live.both(&["query", "--role", "authenticted", "select 1"]);
    text.exits(1).says("authenticted");
    live.both(&["query", "--role", "", "select 1"]).0.exits(1).says("--role");
    for claims in ["user_1", "[]", "{"] {
        live.both(&["query", "--role", "anonymous", "--claims", claims, "select 1"])
            .0
            .exits(1)
            .says("--claims");
    }
    let two = ["--sub", "user_1", "--claims", r#"{"sub": "user_2"}"#, "select 1"];
    let both = live.both(&[&["query", "--role", "anonymous"][..], &two].concat()).0;
    both.exits(1).says("`--sub` is \"user_1\" and the `sub` of `--claims` is \"user_2\"");
}

// migrate

/// The todos as a migration, and then what a test adds.
fn migrated() -> Live {
    let live = Live::new(NEON, TODOS);
    live.run(&["generate", "first"]).exits(0);
    live.run_migrate(&["--install-stand-in"]).exits(0).says("_first (");
    live
}

trait Migrate {
    fn run_migrate(&self, args: &[&str]) -> Run;
    fn history(&self) -> String;
}

impl Migrate for Live {
    fn run_migrate(&self, args: &[&str]) -> Run {
        self.run(&[&["migrate"], args].concat())
    }

    fn history(&self) -> String {
        self.value("select string_agg(name, ',' order by version) from rls.migrations")
    }
}

#[test]
fn migrations_lead_to_what_is_declared() {
    let live = migrated();
    live.assert_in_sync();
    let (text, json) = live.both(&["migrate"]);
    text.exits(0).says("Nothing to do");
    assert_eq!(json["applied"], json!([]));

    live.declare(&TODOS.replace(
        "pub task: String",
        "pub task: String,\n    #[rls(default = 0)]\n    pub rank: i32",
    ));
    live.run(&["generate", "second"]).exits(0);
    live.run(&["diff"]).exits(2).says("rank");
    let applied = live.run_migrate(&["--json"]).exits(0).json()["applied"].clone();
    assert_eq!((applied.as_array().unwrap().len(), &applied[0]["name"]), (1, &json!("second")));
    assert_eq!(live.history(), "first,second");
    live.assert_in_sync();
}

#[test]
fn an_applied_migration_is_never_edited_lost_or_overtaken() {
    let live = migrated();
    let file = format!("migrations/{}", live.project.list("migrations")[0]);
    let text = live.project.read(&file);
    let refused = |says: &str| live.both(&["migrate"]).0.exits(1).says(says).says("_first");

    live.project.write(&file, format!("{text}\nSELECT 1;\n"));
    refused("was edited after it was applied");
    live.project.write(&file, text.replace('\n', "\r\n"));
    live.run_migrate(&[]).exits(0).says("Nothing to do");

    live.project.write("migrations/20990101000000_other.up.sql", "");
    std::fs::remove_file(live.project.root().join(&file)).unwrap();
    refused("its file is gone");
    live.project.write(&file, &text);
    std::fs::remove_file(live.project.root().join("migrations/20990101000000_other.up.sql"))
        .unwrap();

    live.project.write("migrations/20000101000000_earlier.up.sql", "CREATE TABLE earlier ();");
    refused("20000101000000_earlier is pending and comes before");
    assert_eq!(live.history(), "first");
}

#[test]
fn a_migration_that_fails_leaves_nothing_of_itself() {
    let live = migrated();
    live.project.write("migrations/20990101000000_good.up.sql", "CREATE TABLE good ();");
    live.project
        .write("migrations/20990101000001_bad.up.sql", "CREATE TABLE half ();\n\nSELECT 1 / 0;\n");
    live.project.write("migrations/20990101000002_never.up.sql", "CREATE TABLE never ();");
    let run = live.run_migrate(&["--json"]).exits(1);
    let json = run.json();
    let message = messages(&json)[0];
    assert!(
        message.contains("20990101000001_bad") && message.contains("division by zero"),
        "{message}"
    );
    assert_eq!(live.history(), "first,good");
    let there = "select concat(to_regclass('good'), to_regclass('half'), to_regclass('never'))";
    assert_eq!(live.value(there), "good");
    live.both(&["migrate"]).0.exits(1).says("20990101000001_bad").says("line 3");

    live.project.write("migrations/20990101000001_bad.up.sql", "CREATE TABLE half ();");
    live.run_migrate(&[]).exits(0).says("Applied 2 migrations");
    assert_eq!(live.value(there), "goodhalfnever");
}

#[test]
fn a_migration_cannot_end_its_transaction() {
    let live = migrated();
    for sql in [
        "CREATE TABLE a ();\nCOMMIT;",
        "BEGIN; CREATE TABLE a (); END;",
        "CREATE TABLE a (); SELECT 'open",
    ] {
        live.project.write("migrations/20990101000000_bad.up.sql", sql);
        live.both(&["migrate"]).0.exits(1).says("20990101000000_bad, line ");
    }
    live.project.write(
        "migrations/20990101000000_bad.up.sql",
        "CREATE TABLE a (); DO $$ BEGIN COMMIT; END $$;",
    );
    live.both(&["migrate"]).0.exits(1).says("20990101000000_bad");
    assert_eq!(live.value("select to_regclass('a')"), "");
    assert_eq!(live.history(), "first");
}

// Connections

/// Each command that connects.
const CONNECTING: [&[&str]; 4] =
    [&["diff"], &["apply"], &["migrate"], &["query", "--role", "anonymous", "select 1"]];

/// A project with a migration, and how each command that connects ends with a URL.
#[track_caller]
fn connecting(url: &str, says: &[&str]) {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate"]).exits(0);
    for args in CONNECTING {
        let (text, _) = project.both(&[args, &["--database-url", url]].concat());
        let mut text = text.exits(1).never_says("s3cret");
        for part in says {
            text = text.says(part);
        }
    }
}

#[test]
fn a_database_that_is_down_is_named_without_its_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let says = ["cannot connect to shop on 127.0.0.1", "help:"];
    connecting(&format!("postgres://ann:s3cret@127.0.0.1:{port}/shop"), &says);
    connecting(&format!("host=127.0.0.1 port={port} user=ann password=s3cret dbname=shop"), &says);
}

#[test]
fn a_url_that_is_none_is_told_without_its_password() {
    connecting("postgres://ann:s3cret@host:notaport/shop", &["not the URL of a database"]);
    connecting("ann:s3cret@host/shop", &["not the URL of a database"]);
    connecting("postgres://ann:s3cret@127.0.0.1/shop?sslmode=perhaps", &["sslmode=perhaps"]);
}

#[test]
fn a_database_that_does_not_exist_is_named() {
    let Some(server) = several_connections() else { return };
    connecting(
        &server.url("postgres", "no_such_database"),
        &["no_such_database", "does not exist", "help:"],
    );
    connecting(
        &server.url("no_such_user", "postgres"),
        &["no_such_user", "does not exist", "help:"],
    );
}

#[test]
fn a_refused_password_is_told_and_not_shown() {
    let Some(server) = several_connections() else { return };
    let admin = server.url("postgres", "postgres");
    server.value(&admin, "create role locked login password 'the right one'");
    let file = server.value(&admin, "show hba_file");
    let rules =
        "(values ('local all locked scram-sha-256'), ('local all all trust')) as rules (line)";
    server.value(&admin, &format!("copy (select line from {rules}) to '{file}'"));
    server.value(&admin, "select pg_reload_conf()");
    let (right, wrong) = (":the%20right%20one@", ":s3cret@");
    let url = |password: &str| server.url("locked", "postgres").replacen('@', password, 1);
    // The server reads its rules soon after it has been told to.
    assert!((0..10_000).any(|_| !server.lets_in(&url(wrong))), "the server lets everybody in");
    assert!(server.lets_in(&url(right)));
    connecting(&url(wrong), &["password authentication failed", "help:"]);
    connecting(&server.url("locked", "postgres"), &["password", "help:"]);
}

#[test]
fn the_flag_goes_before_rls_toml_before_the_environment_before_the_development_database() {
    let Some(server) = several_connections() else { return };
    let urls = ["flag", "config", "environment"].map(|name| {
        server.value(&server.url("postgres", "postgres"), &format!("create database by_{name}"));
        server.url("postgres", &format!("by_{name}"))
    });
    let [flag, config, environment] = &urls;
    let project =
        Project::new("provider = \"neon\"\ndatabase-url-env = \"RLS_TEST_SHOP\"\n", TODOS);
    let database = |args: &[&str], environment: &[(&str, &str)]| {
        let mut command = project.command(&[&["diff", "--json"], args].concat());
        command.envs(environment.iter().copied());
        let run = Run::of(command).exits(2);
        run.json()["database"].as_str().unwrap().split(" on ").next().unwrap().to_owned()
    };
    let all = [("RLS_TEST_SHOP", config.as_str()), ("DATABASE_URL", environment.as_str())];
    assert_eq!(database(&["--database-url", flag], &all), "by_flag");
    assert_eq!(database(&[], &all), "by_config");
    project.write("rls.toml", NEON);
    assert_eq!(database(&[], &all), "by_environment");
    assert!(database(&[], &[]).starts_with("the development database"));
    assert!(database(&[], &[("DATABASE_URL", "")]).starts_with("the development database"));
}

#[test]
fn a_variable_that_rls_toml_names_and_that_is_not_set_is_an_error() {
    let project =
        Project::new("provider = \"neon\"\ndatabase-url-env = \"RLS_TEST_SHOP\"\n", TODOS);
    for value in [None, Some("")] {
        let run = |args: &[&str]| {
            let mut command = project.command(args);
            command.env("DATABASE_URL", "postgres://127.0.0.1:1/not_this");
            if let Some(value) = value {
                command.env("RLS_TEST_SHOP", value);
            }
            Run::of(command)
        };
        same_twice(run(&["diff"]), run(&["--json", "diff"]))
            .0
            .exits(1)
            .says("RLS_TEST_SHOP")
            .says("not set");
    }
}

// The development database

#[cfg(feature = "embedded")]
#[test]
fn with_nothing_configured_there_is_a_postgres_inside_the_process() {
    let project = Project::new(NEON, TODOS);
    let run = |args: &[&str]| {
        let mut command = project.command(args);
        command.env("RLS_POSTGRES", "embedded");
        Run::of(command)
    };
    let applied = run(&["apply", "--json"]).exits(0).json();
    assert!(applied["database"].as_str().unwrap().contains("inside this process"), "{applied:#}");
    assert!(applied["notes"][0].as_str().unwrap().contains("stand-in"), "{applied:#}");
    let insert = [&AS_USER_1[..], &["insert into todos (task) values ('x')", "--commit"]].concat();
    run(&insert).exits(0).says("(1 row, committed)");
    let select = "select user_id, task from todos";
    run(&[&AS_USER_1[..], &[select]].concat()).exits(0).says("user_1  | x");
    run(&[&AS_USER_2[..], &[select]].concat()).exits(0).says("(0 rows, rolled back)");
    run(&[&AS_NOBODY[..], &[select]].concat()).exits(1).says("permission denied");
    run(&["diff"]).exits(0).says("No difference");
}

#[test]
fn the_development_database_is_kept_in_the_target_folder_of_cargo() {
    let project = Project::new(NEON, "");
    project.write(
        "Cargo.toml",
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    project.write("src/lib.rs", TODOS);
    let applied = project.run(&["apply", "--json"]).exits(0).json();
    assert!(applied["notes"][0].as_str().unwrap().contains("stand-in"), "{applied:#}");
    project.run(&["diff"]).exits(0);
    assert_eq!(project.list("target/rls"), ["shop"]);
    assert_eq!(project.list("."), ["Cargo.toml", "rls.toml", "src", "target"]);
}

// The stand-in

#[test]
fn a_stand_in_goes_elsewhere_only_when_asked() {
    let Some(_server) = several_connections() else { return };
    // A role that no other database of the server brings along.
    let config = format!("{NEON}roles = [\"only_here\"]\n");
    let live = Live::new(&config, TODOS);
    let before = objects(&live);
    live.both(&["apply"]).0.exits(1).says("only_here").says("--install-stand-in");
    assert_eq!(objects(&live), before);
    let (text, json) = (
        live.run(&["diff", "--install-stand-in"]),
        live.run(&["diff", "--install-stand-in", "--json"]),
    );
    assert_eq!((text.code, json.code), (2, 2), "{text}\n{json}");
    text.says("note: a stand-in for the provider's roles and functions was installed");
    live.run(&["apply"]).exits(0);
}

#[test]
fn a_stand_in_is_never_put_over_the_real_thing() {
    for provider in ["neon", "supabase"] {
        let live = Live::new(
            &format!("provider = \"{provider}\"\n"),
            &TODOS.replace("user_id: String", "user_id: Uuid"),
        );
        live.sql("create schema auth; create table auth.users (id uuid primary key)");
        let before = objects(&live);
        for args in CONNECTING.iter().filter(|args| args[0] != "migrate") {
            live.both(&[args, &["--install-stand-in"][..]].concat())
                .0
                .exits(1)
                .says("never put over the real thing");
        }
        assert_eq!(objects(&live), before);
        assert_eq!(
            live.value("select count(*) from pg_proc where pronamespace = 'auth'::regnamespace"),
            "0"
        );
    }
}

// Providers

const UUIDS: [&str; 2] =
    ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

/// Two owners by uuid, a visitor who reads what is public, and a claim.
#[track_caller]
fn owners_by_uuid(config: &str, user: &str, visitor: &str) {
    let schema = format!(
        "#[derive(Table)]\n#[rls(\n    crud_policy(role = {user}, read = auth_uid(owner) || is_public, modify = auth_uid(owner), \
         delete = auth_uid(owner) && claim(\"plan\") == \"paid\"),\n    crud_policy(role = {visitor}, read = is_public),\n)]\n\
         pub struct Note {{\n    #[rls(primary_key, default = sql(\"gen_random_uuid()\"))]\n    pub id: Uuid,\n    \
         #[rls(default = auth_uid(), index)]\n    pub owner: Uuid,\n    #[rls(default = false)]\n    pub is_public: bool,\n}}\n"
    );
    let live = Live::new(config, &schema);
    live.apply(&[]).exits(0);
    live.assert_in_sync();
    let as_owner = |sub| ["query", "--role", user, "--sub", sub];
    let as_visitor = ["query", "--role", visitor];
    let insert = query(
        &live,
        &[&as_owner(UUIDS[0])[..], &["--commit"]].concat(),
        "insert into note default values returning owner",
    );
    assert_eq!(insert["rows"], json!([{ "owner": UUIDS[0] }]));
    let count = |visitor: &[&str]| {
        query(&live, visitor, "select count(*) as n from note")["rows"][0]["n"].clone()
    };
    assert_eq!(
        [count(&as_owner(UUIDS[0])), count(&as_owner(UUIDS[1])), count(&as_visitor)],
        [1, 0, 0]
    );
    let publish = query(
        &live,
        &[&as_owner(UUIDS[0])[..], &["--commit"]].concat(),
        "update note set is_public = true",
    );
    assert_eq!(publish["affected"], json!(1));
    assert_eq!([count(&as_owner(UUIDS[1])), count(&as_visitor)], [1, 1]);
    live.run(&[&as_visitor[..], &["delete from note"]].concat()).exits(1).says("permission denied");
    live.run(
        &[&as_owner(UUIDS[0])[..], &[&format!("update note set owner = '{}'", UUIDS[1])]].concat(),
    )
    .exits(1)
    .says("row-level security");
    let delete = |plan: &str| {
        let claims = json!({ "sub": UUIDS[0], "plan": plan }).to_string();
        query(&live, &["query", "--role", user, "--claims", &claims], "delete from note")["affected"].clone()
    };
    assert_eq!([delete("free"), delete("paid")], [0, 1]);
}

#[test]
fn neon_end_to_end() {
    owners_by_uuid(NEON, "authenticated", "anonymous");
}

#[test]
fn supabase_end_to_end() {
    owners_by_uuid("provider = \"supabase\"\n", "authenticated", "anon");
}

#[test]
fn plain_postgres_end_to_end() {
    owners_by_uuid("provider = \"postgres\"\nroles = [\"member\", \"guest\"]\n", "member", "guest");
}

#[test]
fn a_table_of_the_provider_can_be_referenced() {
    let schema = "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = auth_uid(id), modify = auth_uid(id)))]\n\
        pub struct Profile {\n    #[rls(primary_key, references(auth.users(id), on_delete = cascade))]\n    pub id: Uuid,\n}\n";
    let live = Live::new("provider = \"supabase\"\n", schema);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    live.sql("create table auth.users (id uuid primary key)");
    live.run(&["apply"]).exits(0).says("auth.users");
    live.assert_in_sync();
}

#[test]
fn grants_of_a_schema_are_those_of_the_guide() {
    let live = Live::new("provider = \"neon\"\ngrants = \"schema\"\n", TODOS);
    let applied = live.apply(&[]).exits(0).out;
    let applied = applied.split_whitespace().collect::<Vec<_>>().join(" ");
    for role in ["authenticated", "anonymous"] {
        let rows = "GRANT SELECT, INSERT, UPDATE, DELETE ON";
        for statement in [
            format!("{rows} ALL TABLES IN SCHEMA public TO {role};"),
            format!("ALTER DEFAULT PRIVILEGES IN SCHEMA public {rows} TABLES TO {role};"),
        ] {
            assert!(applied.contains(&statement), "{statement}: {applied}");
        }
    }
    // Everybody may use `public` already where it is what the server made it.
    live.run(&["sql"])
        .exits(0)
        .says("GRANT USAGE ON SCHEMA public TO authenticated;")
        .says("GRANT USAGE ON SCHEMA public TO anonymous;");
    live.assert_in_sync();
    live.apply(&[]).exits(0).says("Nothing to do");
    live.sql("create table later (id int); alter table later enable row level security");
    let may = |role: &str, privilege: &str, table: &str| {
        live.value(&format!("select has_table_privilege('{role}', '{table}', '{privilege}')"))
    };
    for table in ["todos", "later"] {
        for role in ["authenticated", "anonymous"] {
            for privilege in ["select", "insert", "update", "delete"] {
                assert_eq!(may(role, privilege, table), "t", "{role} {privilege} {table}");
            }
            assert_eq!(may(role, "truncate", table), "f", "{role} {table}");
        }
    }
    live.assert_in_sync();
    // Back to what policies allow, and there again.
    live.project.write("rls.toml", NEON);
    live.apply(&[]).exits(0);
    live.assert_in_sync();
    assert_eq!(
        [may("anonymous", "select", "todos"), may("authenticated", "select", "todos")],
        ["f", "t"]
    );
    live.project.write("rls.toml", "provider = \"neon\"\ngrants = \"schema\"\n");
    live.run(&["apply", "--allow", "widens-access"]).exits(0);
    live.assert_in_sync();
}

// Round trips

#[test]
fn names_come_back_as_they_were_declared() {
    let (longest, unicode) = ("x".repeat(63), format!("{}y", "é".repeat(31)));
    let names = [
        "Mixed Case",
        "with \"quotes\"",
        "it's",
        "semi;colon",
        "back\\slash",
        "select",
        "user",
        "order",
        "ünïcödé",
        "日本語",
        "🦀",
        "dollar$1",
        "%s {} ?",
        "1digit",
        "a.b",
        "--comment",
        "/*c*/",
        "$$",
        "new\nline",
        "{a,\"b\"}",
        "NULL",
        longest.as_str(),
        unicode.as_str(),
    ];
    let list: Vec<_> = names.iter().map(|name| serde_json::to_string(name).unwrap()).collect();
    let config = format!("{NEON}roles = [{}]\n", list.join(", "));
    let mut schema =
        "#[derive(Table)]\npub struct Target { #[rls(primary_key)] pub id: i64 }\n".to_owned();
    for (at, name) in names.iter().enumerate() {
        schema += &format!(
            "#[derive(Table)]\n#[rls(table = {name:?}, crud_policy(role = {name:?}, read = auth_uid(odd), modify = odd == {name:?}))]\n\
             pub struct T{at} {{\n    #[rls(primary_key)]\n    pub id: i64,\n    #[rls(column = {name:?}, unique, index, default = {name:?})]\n    pub odd: String,\n    \
             #[rls(references = target(id), column = {other:?})]\n    pub target: i64,\n}}\n",
            other = format!(
                "{}2",
                &name[..name.char_indices().nth(30).map_or(name.len(), |(at, _)| at)]
            ),
        );
    }
    let mut other_schema =
        schema.replace("#[rls(table = ", "#[rls(schema = \"My \\\"Schema\\\"\", table = ");
    other_schema = other_schema.replacen(
        "#[derive(Table)]",
        "#[derive(Table)]\n#[rls(schema = \"My \\\"Schema\\\"\")]",
        1,
    );
    for schema in [schema, other_schema] {
        let live = Live::new(&config, &schema);
        live.apply(&[]).exits(0);
        live.assert_in_sync();
        live.run(&["query", "--role", "Mixed Case", "--sub", "x", "select 1 as \"a b\""])
            .exits(0)
            .says("a b");
    }
}

#[test]
fn the_gallery_comes_back_as_it_was_declared() {
    let live = Live::gallery();
    live.assert_in_sync();
}

#[test]
fn every_type_that_can_be_named_comes_back() {
    let types = [
        "smallint",
        "int2",
        "integer",
        "int",
        "int4",
        "bigint",
        "int8",
        "real",
        "float4",
        "double precision",
        "float8",
        "float",
        "numeric",
        "decimal",
        "numeric(10)",
        "numeric(10, 2)",
        "boolean",
        "bool",
        "text",
        "character varying",
        "varchar",
        "varchar(20)",
        "character",
        "char",
        "char(3)",
        "bpchar",
        "bytea",
        "uuid",
        "timestamptz",
        "timestamp",
        "timestamptz(3)",
        "timestamp(3) with time zone",
        "timestamp(0)",
        "date",
        "time",
        "time(3)",
        "timetz",
        "time(3) with time zone",
        "interval",
        "interval(3)",
        "json",
        "jsonb",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "tsvector",
        "tsquery",
        "xml",
        "money",
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
        "bit",
        "bit(8)",
        "bit varying",
        "varbit",
        "varbit(8)",
        "jsonpath",
        "oid",
        "pg_lsn",
        "int4range",
        "int8range",
        "numrange",
        "tsrange",
        "tstzrange",
        "daterange",
    ];
    let mut schema = "#[derive(Table)]\npub struct Types {\n".to_owned();
    for (at, name) in types.iter().enumerate() {
        schema += &format!(
            "    #[rls(sql_type = {name:?})]\n    pub a{at}: T,\n    #[rls(sql_type = \"{name}[]\")]\n    pub b{at}: Option<T>,\n"
        );
    }
    let live = Live::new(NEON, &(schema + "}\n"));
    live.apply(&[]).exits(0);
    live.assert_in_sync();
}

/// A table as it is and as it is to be; all of its names contain `todos`.
type Change = (String, String);

/// All changes at once, there and back again: each is seen, and nothing is left to do afterwards.
#[track_caller]
fn both_ways(changes: &[Change]) {
    let named = |schema: &str, at: usize| schema.replace("todos", &format!("todos_{at}x"));
    let all = |side: fn(&Change) -> &String| -> String {
        changes.iter().enumerate().map(|(at, change)| named(side(change), at)).collect()
    };
    let (one, other) = (all(|change| &change.0), all(|change| &change.1));
    let live = Live::new(NEON, &one);
    live.apply(&[]).exits(0);
    live.assert_in_sync();
    for schema in [other, one] {
        live.declare(&schema);
        let applied = live.run(&[
            "apply",
            "--allow",
            "loses-data",
            "--allow",
            "widens-access",
            "--allow",
            "drops-undeclared",
        ]);
        for (at, change) in changes.iter().enumerate() {
            assert!(
                applied.out.contains(&format!("todos_{at}x")),
                "not seen: {change:?}\n{applied}"
            );
        }
        applied.exits(0);
        live.assert_in_sync();
    }
}

/// The todos with one thing replaced.
#[track_caller]
fn replaced(from: &str, to: &str) -> Change {
    assert!(TODOS.contains(from), "{from}");
    (TODOS.to_owned(), TODOS.replace(from, to))
}

/// The todos with a further field, and with another one in its place.
fn fields(one: &str, other: &str) -> Change {
    let with =
        |fields: &str| TODOS.replace("pub task: String,", &format!("pub task: String,\n{fields}"));
    (with(one), with(other))
}

#[test]
fn columns_come_and_go() {
    both_ways(&[
        fields("", "pub note: Option<String>,"),
        fields("", "#[rls(default = 7)] pub rank: i32,"),
        fields("pub old_name: Option<String>,", "pub new_name: Option<String>,"),
        fields("", "#[rls(column = \"Odd Name\", default = \"it's\")] pub odd: String,"),
    ]);
}

#[test]
fn columns_change_their_type() {
    both_ways(&[
        fields("pub n: i32,", "pub n: i64,"),
        fields("pub n: String,", "#[rls(sql_type = \"varchar(20)\")] pub n: String,"),
        fields("pub n: String,", "pub n: i32,"),
        fields("pub n: Option<Uuid>,", "pub n: Option<String>,"),
        fields("#[rls(default = 1)] pub n: i32,", "#[rls(default = \"one\")] pub n: String,"),
        fields(
            "#[rls(default = 1, index)] pub n: i16,",
            "#[rls(default = 1, index)] pub n: Decimal,",
        ),
        fields("#[rls(unique)] pub n: i32,", "pub n: i64,"),
    ]);
}

#[test]
fn columns_change_what_they_hold() {
    both_ways(&[
        replaced("pub task: String", "pub task: Option<String>"),
        replaced("#[rls(default = false)]", ""),
        replaced("#[rls(default = false)]", "#[rls(default = true)]"),
        replaced("identity", "identity = always"),
        replaced(", identity", ""),
        replaced("primary_key, identity", "primary_key, default = 1"),
        replaced("default = auth_uid(), ", ""),
        fields("pub at: DateTime<Utc>,", "#[rls(default = now())] pub at: DateTime<Utc>,"),
    ]);
}

#[test]
fn keys_and_indexes_come_and_go() {
    both_ways(&[
        fields("pub code: String,", "#[rls(unique)] pub code: String,"),
        fields("pub code: String,", "#[rls(index)] pub code: String,"),
        fields("#[rls(unique)] pub code: String,", "#[rls(index)] pub code: String,"),
        fields("pub code: String,", "#[rls(primary_key)] pub code: String,"),
        replaced("#[rls(primary_key, identity)]", ""),
    ]);
}

#[test]
fn references_come_and_go() {
    let with = |references: &str, id: &str| {
        format!(
            "{TODOS}#[derive(Table)]\n#[rls(table = \"step_todos\")]\npub struct Step {{\n    #[rls(primary_key)] pub id: i64,\n    {references}\n    pub parent: Option<i64>,\n}}\n\
             #[derive(Table)]\n#[rls(table = \"team_todos\")]\npub struct Team {{ #[rls(primary_key)] pub id: {id}, #[rls(references = team_todos(id))] pub parent: Option<{id}> }}\n"
        )
    };
    let plain = with("#[rls(references = todos(id))]", "i32");
    both_ways(&[
        (with("", "i32"), plain.clone()),
        (
            plain.clone(),
            with("#[rls(references(todos(id), on_delete = cascade, on_update = restrict))]", "i32"),
        ),
        (plain.clone(), with("#[rls(references = step_todos(id))]", "i32")),
        (plain, with("#[rls(references = todos(id))]", "i64")),
    ]);
}

#[test]
fn policies_come_and_go() {
    let policy =
        "crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)),";
    both_ways(&[
        replaced(policy, ""),
        replaced(policy, &format!("{policy} crud_policy(role = anonymous, read = is_complete),")),
        replaced("read = auth_uid(user_id)", "read = true"),
        replaced(
            "read = auth_uid(user_id)",
            "read = auth_uid(user_id) || is_complete && task != \"it's\"",
        ),
        replaced("modify = auth_uid(user_id)", "insert = auth_uid(user_id), update = false"),
        replaced("role = authenticated", "role = [authenticated, anonymous]"),
        replaced("role = authenticated", "role = public"),
        replaced(
            "read = auth_uid(user_id)",
            "read = sql(\"task LIKE 'a%' AND id BETWEEN 1 AND 5\")",
        ),
    ]);
}

#[test]
fn policies_follow_the_columns_they_lean_on() {
    let reads = |sql: &str| TODOS.replace("read = auth_uid(user_id)", &format!("read = {sql}"));
    both_ways(&[
        replaced("pub user_id: String", "pub user_id: Uuid"),
        replaced("user_id", "owner_id"),
        (
            reads("is_complete"),
            reads("task == \"x\"")
                .replace("pub is_complete: bool", "pub is_complete: Option<bool>"),
        ),
        (reads("task == \"1\""), reads("task == 1").replace("pub task: String", "pub task: i64")),
    ]);
}

#[test]
fn what_is_no_longer_declared_is_left_alone() {
    let live =
        Live::new(NEON, &format!("{TODOS}#[derive(Table)]\npub struct Extra {{ pub id: i64 }}\n"));
    live.apply(&[]).exits(0);
    live.sql("insert into extra values (1)");
    live.declare(TODOS);
    live.assert_in_sync();
    live.run(&["apply"]).exits(0).says("Nothing to do");
    assert_eq!(live.value("select count(*) from extra"), "1");
}
