//! What `check` says of declarations that compile, in every form; `lint` and `explain`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{Live, NEON, Project, Run, TODOS};

/// Anybody takes over documents, and somebody trusts what users say of themselves.
const HOLES: &str = r#"#[derive(Table)]
#[rls(
    table = "docs",
    policy(name = "read", command = select, role = authenticated, using = true),
    policy(
        name = "edit",
        command = update,
        role = authenticated,
        using = true,
        with_check = auth_uid(owner),
    ),
    policy(
        name = "remove",
        command = delete,
        role = authenticated,
        using = claim("user_metadata.role") == "admin",
    ),
    policy(name = "add", command = insert, role = authenticated, with_check = true),
    allow(rls_policy_always_true, reason = "anybody may, 100%"),
)]
pub struct Doc {
    #[rls(primary_key)]
    pub id: i64,
    pub owner: String,
}
"#;

/// `HOLES` without the error.
fn warnings() -> String {
    HOLES.replace("user_metadata", "app_metadata")
}

fn lints(json: &Value) -> Vec<(&str, &str)> {
    let findings = json["findings"].as_array().unwrap().iter();
    findings.map(|it| (it["lint"].as_str().unwrap(), it["severity"].as_str().unwrap())).collect()
}

// check

#[test]
fn a_hole_fails_and_is_shown_where_it_is() {
    let project = Project::new(NEON, HOLES);
    let run = project.run(&["check"]).exits(1);
    assert_eq!(run.out, "", "{run}");
    let run = run
        .says("error[rls_references_user_metadata]: ")
        .says(" --> src/schema.rs:16:17")
        .says("warning[row_can_be_stolen]: ")
        .says(" --> src/schema.rs:9:17")
        .says("1 error, 1 warning, 1 allowed in 1 table with 4 policies");
    run.never_says("rls_policy_always_true");
}

#[test]
fn a_warning_fails_only_where_it_is_denied() {
    let project = Project::new(NEON, &warnings());
    let run = project.run(&["check"]).exits(0).says("warning[row_can_be_stolen]: ");
    assert_eq!(run.err, "", "{run}");
    for deny in [["-D", "warnings"], ["--deny", "warnings"]] {
        let run = project.run(&[&["check"], &deny[..]].concat()).exits(1);
        assert_eq!(run.out, "", "{run}");
    }
    project.run(&["check", "-D", "everything"]).exits(1).says("warnings");
}

#[test]
fn the_todos_of_the_guide_have_no_warning() {
    let project = Project::new(NEON, TODOS);
    let run = project.run(&["check", "-D", "warnings"]).exits(0);
    run.says("note[user_settable_identity]: src/schema.rs:10:9: ").says("No mistakes: 1 table");
}

/// What is left of findings, notes too, has been allowed with a reason.
#[test]
fn the_examples_are_free_of_lints() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&examples).unwrap() {
        let example = entry.unwrap().path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-rls"));
        command.args(["rls", "check", "--json", "--project"]).arg(&example);
        let json = Run::of(command).exits(0).json();
        let findings = json["findings"].as_array().unwrap();
        let open: Vec<_> = findings.iter().filter(|it| it["allowed"].is_null()).collect();
        assert!(open.is_empty(), "{}: {open:#?}", example.display());
        names.push(example.file_name().unwrap().to_owned());
    }
    assert!(names.len() >= 2, "{names:?}");
}

#[test]
fn json_has_every_finding_and_what_is_allowed() {
    let project = Project::new(NEON, HOLES);
    let json = project.run(&["check", "--json"]).exits(1).json();
    assert_eq!(json, project.run(&["check", "--format", "json"]).exits(1).json());
    assert_eq!(
        lints(&json),
        [
            ("row_can_be_stolen", "warning"),
            ("rls_references_user_metadata", "error"),
            ("rls_policy_always_true", "warning"),
        ]
    );
    assert_eq!(json["errors"], json!([]));
    assert_eq!((&json["tables"], &json["policies"]), (&json!(1), &json!(4)));
    let [stolen, metadata, allowed] = json["findings"].as_array().unwrap().as_slice() else {
        panic!("{json:#}")
    };
    assert_eq!(stolen["allowed"], Value::Null);
    assert_eq!(allowed["allowed"], "anybody may, 100%");
    let place = ["line", "column", "end_line", "end_column"].map(|key| metadata[key].as_u64());
    assert_eq!(place, [Some(16), Some(17), Some(16), Some(44)], "{metadata:#}");
}

#[test]
fn github_gets_workflow_commands_from_the_root_of_the_repository() {
    let project = Project::empty();
    project.write(".git/HEAD", "");
    project.write("a, b/rls.toml", NEON);
    project.write("a, b/src/schema.rs", HOLES);
    let run = project.run(&["check", "--format", "github", "--project", "a, b"]).exits(1);
    let lines: Vec<_> = run.out.lines().collect();
    let places = [
        "::warning file=a%2C b/src/schema.rs,line=9,endLine=9,col=17,endColumn=21,title=row_can_be_stolen::",
        "::error file=a%2C b/src/schema.rs,line=16,endLine=16,col=17,endColumn=44,title=rls_references_user_metadata::",
    ];
    assert_eq!(lines.len(), places.len(), "{run}");
    for (line, place) in lines.iter().zip(places) {
        assert!(line.starts_with(place), "{run}");
        assert!(line.contains("%0Ahelp: "), "{run}");
    }
}

#[test]
fn sarif_names_rules_by_their_place_and_keeps_what_is_allowed() {
    let project = Project::new(NEON, HOLES);
    let run = project.run(&["check", "--format", "sarif"]).exits(1);
    let sarif = run.json();
    assert_eq!(sarif["version"], "2.1.0");
    let sarif = &sarif["runs"][0];
    let rules = sarif["tool"]["driver"]["rules"].as_array().unwrap();
    let results = sarif["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "src/schema.rs");
    }
    let region = &results[1]["locations"][0]["physicalLocation"]["region"];
    let wanted = json!({ "startLine": 16, "startColumn": 17, "endLine": 16, "endColumn": 44 });
    assert_eq!(region, &wanted);
    let suppressed: Vec<_> = results.iter().map(|it| &it["suppressions"]).collect();
    let reason = json!([{ "kind": "inSource", "justification": "anybody may, 100%" }]);
    assert_eq!(suppressed, [&Value::Null, &Value::Null, &reason]);
}

#[test]
fn mistakes_come_in_the_form_that_was_asked_for() {
    let project = Project::new(NEON, &TODOS.replace("read = auth_uid", "read = auth_uidd"));
    let run = project.run(&["check", "--format", "github"]).exits(1);
    assert!(run.out.starts_with("::error file=src/schema.rs,line=6,"), "{run}");
    assert!(run.out.contains(",title=declaration::"), "{run}");
    let sarif = project.run(&["check", "--format", "sarif"]).exits(1).json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("declaration"), &json!("error")));
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(
        rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"],
        "declaration"
    );
    let json = project.run(&["check", "--format", "json"]).exits(1).json();
    assert_eq!(json["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn the_two_ways_to_ask_for_json_say_the_same_of_what_is_before_the_declaration() {
    let project = Project::new("provider = \"neno\"", TODOS);
    let json = project.run(&["check", "--json"]).exits(1).json();
    assert_eq!(json, project.run(&["check", "--format", "json"]).exits(1).json());
}

#[test]
fn one_predicate_of_a_crud_policy_is_told_once() {
    let schema = TODOS.replace("auth_uid(user_id)", r#"claim("unsafe_metadata.id") == user_id"#);
    let json = Project::new(NEON, &schema).run(&["check", "--json"]).exits(1).json();
    let metadata = lints(&json).into_iter().filter(|(it, _)| *it == "rls_references_user_metadata");
    assert_eq!(metadata.count(), 2, "{json:#}");
}

#[test]
fn an_allow_that_is_not_needed_is_told() {
    let allow = r#"    allow(row_can_be_stolen, reason = "it cannot"),
    allow(row_can_be_stollen, reason = "it cannot"),
)]
pub struct Todo"#;
    let schema = TODOS.replace(")]\npub struct Todo", allow);
    let run = Project::new(NEON, &schema).run(&["check", "-D", "warnings"]).exits(1);
    run.says("warning[unused_allow]: ")
        .says(" --> src/schema.rs:7:5")
        .says("warning[unknown_lint]: ")
        .says("did you mean `row_can_be_stolen`?");
}

// lint

#[test]
fn lints_are_listed_and_explained() {
    let nowhere = Project::empty();
    let list = nowhere.run(&["lint"]).exits(0).says("row_can_be_stolen");
    let json = nowhere.run(&["lint", "--json"]).exits(0).json();
    let lints = json["lints"].as_array().unwrap();
    assert_eq!(list.out.lines().count(), lints.len());
    for lint in lints {
        let name = lint["name"].as_str().unwrap();
        let explained = nowhere.run(&["lint", "--explain", name]).exits(0);
        assert!(explained.out.contains(lint["explanation"].as_str().unwrap()), "{explained}");
        assert_eq!(&nowhere.run(&["lint", "--explain", name, "--json"]).exits(0).json(), lint);
    }
    let (run, _) = nowhere.both(&["lint", "--explain", "row_can_be_stollen"]);
    run.exits(1).says("did you mean `row_can_be_stolen`?");
}

// explain

#[test]
fn a_table_is_explained_by_any_of_its_names() {
    let project = Project::new(NEON, TODOS);
    let names = ["todos", "public.todos", "Todo"];
    let explained = names.map(|name| project.both(&["explain", name]));
    let [(text, json), ..] = &explained;
    assert!(explained.iter().all(|(other, _)| other.out == text.out));
    for part in [
        "public.todos (Todo, src/schema.rs:8)",
        "crud-authenticated-policy-select permissive, SELECT, to authenticated",
        "declared  auth_uid(user_id)",
        "compiled  (SELECT auth.user_id()) = user_id",
        "hoist: ",
        "rewritten as above",
        "public.todos (user_id)  declared todos_user_id_idx",
    ] {
        assert!(text.out.contains(part), "no `{part}` in\n{text}");
    }
    let gate = &json["policies"][0]["gates"][0];
    assert_eq!(gate["declared"], "auth_uid(user_id)");
    assert_eq!(gate["rewrites"][0]["before"], "auth.user_id()");
    let (run, _) = project.both(&["explain", "todoz"]);
    run.exits(1).says("no table is called `todoz`").says("did you mean `todos`?");
}

#[test]
fn mistakes_are_told_before_anything_is_explained() {
    let project = Project::new(NEON, &TODOS.replace("read = auth_uid", "read = auth_uidd"));
    project.both(&["explain", "todos"]).0.exits(1).says("1 mistake in the declaration");
}

#[test]
fn a_plan_is_that_of_the_role_under_its_policies() {
    let live = Live::todos();
    let run = live.run(&["explain", "todos", "--plan", "--sub", "user_1"]).exits(0);
    let run = run.says("SELECT * FROM public.todos as authenticated").says("auth.user_id()");
    run.says("DELETE FROM public.todos as authenticated").says("Update on todos");
    let json = live.run(&["explain", "todos", "--plan", "--json"]).exits(0).json();
    let plans = json["plans"].as_array().unwrap();
    assert_eq!(plans.len(), 3, "{json:#}");
    assert!(plans.iter().all(|plan| plan["refused"].is_null()), "{json:#}");
}

#[test]
fn names_of_indexes_are_written_as_sql_writes_them() {
    let schema = TODOS.replace("default = auth_uid(), index", r#"column = "User, Id", index"#);
    let project = Project::new(NEON, &schema.replace(r#""todos""#, r#""To Dos""#));
    project.both(&["explain", "Todo"]).0.says(r#"public."To Dos" ("User, Id")  declared"#);
}

#[test]
fn a_policy_for_everyone_is_planned_for_every_role() {
    let schema = TODOS.replace("role = authenticated", "role = public");
    let live = Live::new(NEON, &schema);
    live.apply(&["--allow", "widens-access"]).exits(0);
    let json = live.run(&["explain", "todos", "--plan", "--json"]).exits(0).json();
    let plans = json["plans"].as_array().unwrap();
    let of = |role: &str| plans.iter().filter(|plan| plan["role"] == role).count();
    assert_eq!((of("authenticated"), of("anonymous")), (3, 3), "{json:#}");
}

#[test]
fn a_function_is_explained_with_what_it_asks() {
    let schema = TODOS.replace("modify = auth_uid(user_id)", LOOKUP) + FRIENDS;
    let (text, json) = Project::new(NEON, &schema).both(&["explain", "todos"]);
    text.says("functions")
        .says("returns boolean")
        .says("    SELECT EXISTS (SELECT 1 FROM public.friends");
    let functions = json["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 1, "{json:#}");
    let rewrites = json["policies"][1]["gates"][0]["rewrites"].as_array().unwrap();
    let before = rewrites.last().unwrap()["before"].as_str().unwrap();
    assert_eq!(before.matches("FROM public.friends").count(), 2, "{json:#}");
}

/// In WITH CHECK the outer lookup is rewritten, with the inner one in it.
const LOOKUP: &str =
    "modify = auth_uid(user_id), insert = exists(Friend, |f| f.me == user_id && friends(f.friend))";

const FRIENDS: &str = "
#[derive(Table)]
#[rls(table = \"friends\", crud_policy(role = authenticated, read = auth_uid(me)))]
pub struct Friend {
    #[rls(primary_key)]
    pub me: String,
    #[rls(primary_key)]
    pub friend: String,
}

#[rls_schema::predicate]
fn friends(user: String) -> bool {
    definer(exists(Friend, |f| f.friend == user && auth_uid(f.me)))
}
";

#[test]
fn what_the_server_refuses_is_an_answer() {
    let live = Live::new(NEON, TODOS);
    let run = live.run(&["explain", "todos", "--plan", "--install-stand-in"]).exits(0);
    run.says("refused: ").says("cargo rls apply");
}

// What the lints warn of, done.

/// A table of documents that are read by their owners only.
fn docs(policies: &str) -> String {
    format!(
        "#[derive(Table)]
#[rls(
    table = \"docs\",
    policy(name = \"read\", command = select, role = authenticated, using = auth_uid(owner)),
    policy(name = \"edit\", command = update, role = authenticated, {policies}),
)]
pub struct Doc {{ #[rls(primary_key)] pub id: i64, pub owner: String, pub is_public: bool }}
"
    )
}

/// Whose the rows of two people are after a statement by the second.
fn owners_after(statement: &str, policies: &str) -> String {
    let live = Live::new(NEON, &docs(policies));
    live.apply(&[]).exits(0);
    live.sql("INSERT INTO docs VALUES (1, 'one', true), (2, 'two', true)");
    let as_two = ["query", "--role", "authenticated", "--sub", "two", "--commit", statement];
    live.run(&as_two);
    live.value("SELECT string_agg(owner, ',' ORDER BY id) FROM docs")
}

#[test]
fn rows_can_be_stolen_that_cannot_be_read() {
    let take = "UPDATE docs SET owner = auth.user_id()";
    for policies in
        ["using = true, with_check = auth_uid(owner)", "using = auth_uid(owner) || is_public"]
    {
        let json = Project::new(NEON, &docs(policies)).run(&["check", "--json"]).json();
        assert!(lints(&json).contains(&("row_can_be_stolen", "warning")), "{json:#}");
        assert_eq!(owners_after(take, policies), "two,two");
    }
    assert_eq!(owners_after(take, "using = auth_uid(owner)"), "one,two");
}

#[test]
fn rows_can_be_given_to_somebody_else() {
    let give = "UPDATE docs SET owner = 'one'";
    let policies = "using = auth_uid(owner), with_check = is_public";
    let json = Project::new(NEON, &docs(policies)).run(&["check", "--json"]).json();
    assert!(lints(&json).contains(&("row_can_be_given_away", "warning")), "{json:#}");
    assert_eq!(owners_after(give, policies), "one,one");
    assert_eq!(owners_after(give, "using = auth_uid(owner)"), "one,two");
}

#[test]
fn anybody_makes_themselves_a_member() {
    let schema = r#"#[derive(Table)]
#[rls(
    table = "docs",
    crud_policy(
        role = authenticated,
        read = exists(Member, |m| m.team == team && auth_uid(m.user_id)),
    ),
)]
pub struct Doc { #[rls(primary_key)] pub id: i64, pub team: i64 }

#[derive(Table)]
#[rls(
    table = "members",
    crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)),
)]
pub struct Member { #[rls(primary_key)] pub id: i64, pub team: i64, pub user_id: String }
"#;
    let live = Live::new(NEON, schema);
    let json = live.run(&["check", "--json"]).json();
    assert!(lints(&json).contains(&("self_granted_access", "warning")), "{json:#}");
    live.apply(&[]).exits(0);
    live.sql("INSERT INTO docs VALUES (1, 7)");
    let query = |sql: &str| {
        let args = ["query", "--json", "--role", "authenticated", "--sub", "eve", "--commit", sql];
        live.run(&args).exits(0).json()
    };
    assert_eq!(query("SELECT id FROM docs")["rows"], json!([]));
    query("INSERT INTO members VALUES (1, 7, 'eve')");
    assert_eq!(query("SELECT id FROM docs")["rows"], json!([{ "id": 1 }]));
}

#[test]
fn an_update_that_hides_its_row_is_refused() {
    let schema = docs("using = auth_uid(owner)").replace(
        "using = auth_uid(owner)),\n    policy(name = \"edit\"",
        "using = auth_uid(owner) && is_public),\n    policy(name = \"edit\"",
    );
    let live = Live::new(NEON, &schema);
    let json = live.run(&["check", "--json"]).json();
    assert!(lints(&json).contains(&("update_hides_row", "info")), "{json:#}");
    live.apply(&[]).exits(0);
    live.sql("INSERT INTO docs VALUES (1, 'one', true)");
    let hide = |sql| live.run(&["query", "--role", "authenticated", "--sub", "one", sql]);
    hide("UPDATE docs SET is_public = false WHERE id = 1").exits(1).says("row-level security");
    hide("UPDATE docs SET is_public = false").exits(0);
}
