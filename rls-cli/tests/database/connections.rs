//! Which database is meant, and what is said where nobody answers.

use std::net::TcpListener;

use crate::support::{Live, NEON, Project, Run, TODOS, same_twice, several_connections};
use crate::{AS_NOBODY, AS_USER_1, AS_USER_2, objects};

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
