//! `query`: as whom, what comes back, and what it may not do.

use serde_json::json;

use crate::support::{Live, NEON, TODOS, several_connections};
use crate::{AS_NOBODY, AS_USER_1, AS_USER_2, query, tasks};

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
