//! `generate --online`: the transaction of a plan is one migration, and each step behind it one of its own.

use crate::support::{Live, NEON, TODOS};
use crate::{history, migrate};

const BEFORE: &str = r#"use rls_schema::Table;

#[derive(Table)]
#[rls(table = "teams")]
pub struct Team {
    #[rls(primary_key)]
    pub id: i64,
}

#[derive(Table)]
#[rls(table = "notes")]
pub struct Note {
    pub id: i64,
    pub team_id: i64,
    pub title: Option<String>,
}
"#;

/// Whatever goes through all rows: a key, a unique constraint, an index, a check, a foreign key, NOT NULL; and
/// something that does not.
fn after() -> String {
    BEFORE
        .replace(
            "table = \"notes\"",
            "table = \"notes\", check(name = \"teamed\", expr = team_id > 0)",
        )
        .replace(
            "    pub id: i64,\n    pub team_id",
            "    #[rls(primary_key)]\n    pub id: i64,\n    pub team_id",
        )
        .replace(
            "    pub team_id",
            "    /// Whose it is.\n    #[rls(index, references = teams(id))]\n    pub team_id",
        )
        .replace(
            "pub title: Option<String>,",
            "#[rls(unique)]\n    pub title: String,\n    #[rls(default = 0)]\n    pub rank: i32,",
        )
}

fn filled() -> Live {
    let live = Live::new(NEON, BEFORE);
    live.run(&["generate", "first"]).exits(0);
    migrate(&live);
    live.sql(
        "insert into teams values (1), (2); insert into notes values (1, 1, 'one'), (2, 2, 'two')",
    );
    live.declare(&after());
    live
}

const ALLOW: [&str; 3] = ["migrate", "--allow", "outside-transaction"];

#[test]
fn what_takes_long_is_done_in_migrations_of_their_own() {
    let live = filled();
    live.run(&["generate", "--check"]).exits(2).says("blocks-writes").says("blocks-reads");
    let missing = live.both(&["generate", "--check", "--online"]);
    missing.0.exits(2).never_says("blocks-").says("outside-transaction");
    assert_eq!(missing.1["missing"], serde_json::json!(true));
    live.run(&["generate", "second", "--online"]).exits(0);
    let mut files = Vec::new();
    for file in live.project.list("migrations") {
        if let Some(name) = file.strip_suffix(".up.sql") {
            let text = live.project.read(&format!("migrations/{file}"));
            let (_, name) = name.split_once('_').unwrap();
            files.push((name.to_owned(), text));
        }
    }
    let [_, (_, within), behind @ ..] = files.as_slice() else { panic!("{files:?}") };
    assert!(within.contains("NOT VALID") && within.contains("ADD COLUMN rank"), "{within}");
    assert!(!within.contains("-- no-transaction") && !within.contains("CREATE INDEX"), "{within}");
    assert_eq!(behind.len(), 8, "{files:#?}");
    for (name, text) in behind {
        let alone = text.starts_with("-- no-transaction\n-- outside-transaction: ");
        assert_eq!(alone, text.contains("INDEX CONCURRENTLY"), "{name}: {text}");
        assert!(!alone || text.matches(';').count() == 1, "a tool sends it as a whole: {text}");
        assert!(!text.contains("blocks-"), "{text}");
    }
    live.run(&["migrate"]).exits(1).says("outside-transaction").says("second_");
    live.run(&ALLOW).exits(0);
    live.assert_in_sync();
    live.run(&["generate", "--check"]).exits(0);
    live.run(&["replay", "--undo"]).exits(0);

    // One after the other is taken back; what lies between two is a state like any other.
    let names = history(&live);
    for at in (0..behind.len()).rev() {
        live.run(&["undo", "--allow", "blocks-writes,blocks-reads"]).exits(0);
        assert_eq!(history(&live).split(',').count(), at + 2);
    }
    live.run(&["undo", "--allow", "loses-data"]).exits(0).says("_second");
    live.declare(BEFORE);
    live.assert_in_sync();
    assert_eq!(live.value("select string_agg(title, ',' order by id) from notes"), "one,two");
    live.run(&ALLOW).exits(0);
    live.declare(&after());
    live.assert_in_sync();
    assert_eq!(history(&live), names);
}

#[test]
fn where_a_row_is_in_the_way_the_next_run_goes_on() {
    let live = filled();
    live.sql("insert into notes values (3, 1, 'two'), (4, 9, null)");
    live.run(&["generate", "second", "--online"]).exits(0);
    let mends = [
        ("could not create unique index", "update notes set title = 'three' where id = 3"),
        ("is violated by some row", "update notes set title = 'four' where id = 4"),
        ("violates foreign key", "update notes set team_id = 2 where id = 4"),
    ];
    let mut waiting = mends.to_vec();
    while !waiting.is_empty() {
        let stopped = live.run(&ALLOW);
        let at = waiting.iter().position(|(says, _)| stopped.err.contains(says));
        let (_, mend) = waiting.remove(at.unwrap_or_else(|| panic!("{stopped}")));
        stopped.exits(1);
        live.sql(mend);
    }
    live.run(&ALLOW).exits(0);
    live.assert_in_sync();
    assert_eq!(live.value("select count(*) from pg_index where not indisvalid"), "0");
    assert_eq!(live.value("select count(*) from rls.migrations where duration_ms is null"), "0");
}

fn indexed() -> String {
    TODOS.replace("    pub task", "    #[rls(index)]\n    pub task")
}

#[test]
fn an_index_that_was_built_before_the_run_was_killed_is_not_built_again() {
    let live = Live::new(NEON, TODOS);
    live.run(&["generate", "first"]).exits(0);
    migrate(&live);
    live.declare(&indexed());
    live.run(&["generate", "second", "--online"]).exits(0);

    // One that somebody else has made is not taken for it, however often that is tried.
    live.sql("create index todos_task_idx on todos (user_id)");
    for _ in 0..2 {
        live.run(&ALLOW).exits(1).says("already exists");
        assert_eq!(history(&live), "first");
    }
    live.sql("drop index todos_task_idx");
    live.run(&ALLOW).exits(0);
    live.assert_in_sync();
    live.sql("update rls.migrations set duration_ms = null where name = 'second'");
    live.run(&["status"]).exits(2).says("begun");
    live.run(&ALLOW).exits(0);
    live.run(&["status"]).exits(0);
    live.assert_in_sync();
}

#[test]
fn a_plan_that_reads_no_rows_is_one_migration() {
    let live = Live::new(NEON, TODOS);
    live.run(&["generate", "first", "--online"]).exits(0);
    assert_eq!(live.project.list("migrations").len(), 3);
    live.run(&["generate", "--online"]).exits(0).says("Nothing to do");
    live.run(&["generate", "--online", "--format", "markdown"]).exits(1).says("--check");
    let markdown = live.run(&["generate", "--check", "--format", "markdown"]).exits(0);
    markdown.says("### Migrations").says("nothing to do");
    live.declare(&crate::support::ranked());
    let markdown = live.run(&["generate", "--check", "--format", "markdown"]).exits(2);
    markdown.says("### A migration is missing").says("```sql\nALTER TABLE public.todos");
}

#[test]
fn refinery_is_told_that_it_cannot() {
    let live = Live::new(&format!("{NEON}layout = \"refinery\"\n"), TODOS);
    live.run(&["generate", "first"]).exits(0);
    live.declare(&indexed());
    let before = live.project.list("migrations");
    live.run(&["generate", "--online"]).exits(1).says("cannot run in a transaction, and refinery");
    assert_eq!(live.project.list("migrations"), before);
}

/// What a table is before and after, with what else comes with it.
const LEANING: [(&str, &str, &str); 6] = [
    (
        "a new table refers to a key that is new",
        "#[rls(table = \"t\")] struct T { #[rls(primary_key)] id: i64, a: i64 }",
        "#[rls(table = \"t\")] struct T { #[rls(primary_key)] id: i64, #[rls(unique)] a: i64 }
        #[derive(Table)] #[rls(table = \"n\")] struct N { #[rls(references = t(a))] t_a: i64 }",
    ),
    (
        "so do one with partitions, and one that leaves its rows unproven",
        "#[rls(table = \"t\")] struct T { #[rls(primary_key)] id: i64, a: i64 }",
        "#[rls(table = \"t\")] struct T { #[rls(primary_key)] id: i64, #[rls(unique)] a: i64 }
        #[derive(Table)] #[rls(table = \"n\", partition_by(hash, columns = [t_a]),
            partition(name = \"n0\", modulus = 1, remainder = 0))]
        struct N { #[rls(references = t(a))] t_a: i64 }
        #[derive(Table)] #[rls(table = \"m\",
            foreign_key(columns = [t_a], references = t(a), not_valid))]
        struct M { t_a: i64 }",
    ),
    (
        "a view groups by a primary key that is new",
        "#[rls(table = \"t\")] struct T { id: i64, a: Option<i64> }",
        "#[rls(table = \"t\")] struct T { #[rls(primary_key)] id: i64, a: Option<i64> }
        #[derive(View)] #[rls(view = \"v\", security_invoker = false,
            query = \"SELECT id, a, count(*) AS n FROM public.t GROUP BY id\")]
        struct V;",
    ),
    (
        "another column becomes the primary key",
        "#[rls(table = \"t\")] struct T { #[rls(primary_key)] id: i64, a: Option<i64> }",
        "#[rls(table = \"t\")] struct T { id: i64, #[rls(primary_key)] a: i64 }",
    ),
    (
        "a check has the name of the one that stands in for NOT NULL",
        "#[rls(table = \"t\", check(name = \"rls_not_null_a\", expr = a > 0))]
        struct T { id: i64, a: Option<i64> }",
        "#[rls(table = \"t\", check(name = \"rls_not_null_a\", expr = a > 0))]
        struct T { id: i64, a: i64 }",
    ),
    (
        "a materialized view gets an index",
        "#[rls(table = \"t\")] struct T { id: i64, a: i64 }
        #[derive(View)] #[rls(view = \"v\", materialized, query = \"SELECT a FROM public.t\")]
        struct V;",
        "#[rls(table = \"t\")] struct T { id: i64, a: i64 }
        #[derive(View)] #[rls(view = \"v\", materialized, query = \"SELECT a FROM public.t\",
            index(columns = [a]))]
        struct V;",
    ),
];

#[test]
fn what_leans_on_what_is_built_later_waits_for_it_or_keeps_it_in_the_transaction() {
    for (what, before, after) in LEANING {
        let declared =
            |tables| format!("use rls_schema::{{Table, View}};\n#[derive(Table)] {tables}");
        let live = Live::new(NEON, &declared(before));
        live.apply(&[]).exits(0);
        live.sql("insert into t (id, a) values (1, 1), (2, 2)");
        live.run(&["generate", "first"]).exits(0);
        live.declare(&declared(after));
        live.run(&["generate", "second", "--online"]).exits(0);
        let led = live.run(&["replay", "--undo"]);
        assert_eq!(led.code, 0, "{what}: {led}");
        let applied = live.run(&[
            "apply",
            "--online",
            "--allow",
            "outside-transaction,widens-access,drops-undeclared",
        ]);
        assert_eq!(applied.code, 0, "{what}: {applied}");
        live.assert_in_sync();
    }
}
