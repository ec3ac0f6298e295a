//! What was applied is compared as equal, and each change goes both ways.

use crate::support::{Live, NEON, TODOS};

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
            "--allow",
            "narrows-access",
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
