//! Mistakes in declarations: all at once, each at its place.

use crate::support::{NEON, Project, messages, places};
use crate::{mistake, table};

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

#[test]
fn an_unknown_role_of_a_partition_is_told_where_it_stands() {
    let schema = "#[derive(Table)]
#[rls(
    partition_by(list, columns = [kind]),
    partition(name = \"rest\", default, grant(role = anonymos, privileges = select)),
)]
pub struct A { pub kind: String }
";
    let run = Project::new(NEON, schema).both(&["check"]).0;
    run.exits(1).says("unknown role `anonymos`").says("schema.rs:4:52");
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
