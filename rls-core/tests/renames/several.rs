//! Several things in one step.

use super::{only_renames, stage, walk};

fn notes(table: &str, columns: &str, policy: &str, rest: &str) -> String {
    format!(
        "#[derive(Table)]
        #[rls(table = {table}, policy({policy}, role = reader, command = select, using = sql(\"{rest}\")))]
        struct Note {{ #[rls(primary_key)] id: i64, {columns} }}"
    )
}

#[tokio::test]
async fn a_table_and_what_is_on_it() {
    let fill = "INSERT INTO public.notes VALUES (1, 'one', true), (2, 'two', false)";
    let stages = [
        stage(notes("\"notes\"", "title: String, shown: bool", "name = \"p\"", "shown"), &[]),
        stage(
            notes(
                "\"memos\", was = \"notes\"",
                "#[rls(was = \"title\")] name: String, #[rls(was = \"shown\")] seen: bool",
                "name = \"q\", was = \"p\"",
                "seen",
            ),
            &[("reader: SELECT string_agg(name, ',') FROM public.memos", "one")],
        ),
    ];
    let (live, files) = walk("all_at_once", fill, &stages).await;
    only_renames(&live[1]);
    only_renames(&files[1]);
    assert_eq!(live[1].to_sql(), files[1].to_sql());
}

/// `a` was `b`, and `b` was `c`: texts that read the same mean something else.
#[tokio::test]
async fn columns_that_move_up() {
    let fill =
        "INSERT INTO public.notes VALUES (1, true, false), (2, false, true), (3, false, true)";
    let counts = |name: &str| format!("SELECT (count(*) FILTER (WHERE {name})) FROM public.notes");
    let (first, second) = (counts("a"), counts("b"));
    let first = [
        (first.as_str(), "1"),
        (second.as_str(), "2"),
        ("reader: SELECT count(*) FROM public.notes", "2"),
    ];
    let stages = [
        stage(notes("\"notes\"", "b: bool, c: bool", "name = \"p\"", "c"), &[]),
        // The same column, and then the other one under the same text.
        stage(
            notes(
                "\"notes\"",
                "#[rls(was = \"b\")] a: bool, #[rls(was = \"c\")] b: bool",
                "name = \"p\"",
                "b",
            ),
            &first,
        ),
    ];
    let (live, files) = walk("moving_up", fill, &stages).await;
    only_renames(&live[1]);
    only_renames(&files[1]);

    let allowed: &[_] = &[rls_core::plan::HazardKind::WidensAccess];
    // In a query with FROM nothing is certain but that it cannot be compared.
    let asks = "EXISTS (SELECT 1 FROM pg_catalog.pg_am AS o WHERE b)";
    for (name, using) in [("same_text", "b"), ("same_query", asks)] {
        let before = [("reader: SELECT count(*) FROM public.notes", "1")];
        let after = [("reader: SELECT count(*) FROM public.notes", "2")];
        let stages = [
            // `b` of the rows is asked.
            stage(notes("\"notes\"", "b: bool, c: bool", "name = \"p\"", using), &before),
            super::Stage {
                source: notes(
                    "\"notes\"",
                    "#[rls(was = \"b\")] a: bool, #[rls(was = \"c\")] b: bool",
                    "name = \"p\"",
                    using,
                ),
                answers: &after,
                allowed,
            },
        ];
        let (live, files) = walk(name, fill, &stages).await;
        for plan in [&live[1], &files[1]] {
            assert!(plan.to_sql().contains("CREATE POLICY p"), "{}", plan.to_sql());
        }
    }
}

#[tokio::test]
async fn tables_policies_and_values_that_move_up() {
    let source = |one: &str, two: &str, three: &str, four: &str| {
        format!(
            "#[derive(PgEnum)] #[rls(name = \"level\")] enum Level {{ {four} }}
            #[derive(Table)] #[rls(table = {one}, policy({three}, role = reader, command = select, using = true))]
            struct One {{ #[rls(primary_key)] id: i64, level: Level }}
            #[derive(Table)] #[rls(table = {two}, policy(name = \"looks\", role = reader, command = select, using = exists(One, |one| one.id == id)))]
            struct Two {{ #[rls(primary_key)] id: i64 }}"
        )
    };
    let policies =
        "name = \"p\", role = reader, command = insert, with_check = true), policy(name = \"q\"";
    let moved = "name = \"o\", was = \"p\", role = reader, command = insert, with_check = true), policy(name = \"p\", was = \"q\"";
    let stages = [
        stage(
            source(
                "\"b\"",
                "\"c\"",
                policies,
                "#[rls(value = \"low\")] Low, #[rls(value = \"high\")] High",
            ),
            &[],
        ),
        stage(
            source(
                "\"a\", was = \"b\"",
                "\"b\", was = \"c\"",
                moved,
                "#[rls(value = \"least\", was = \"low\")] Low, #[rls(value = \"low\", was = \"high\")] High",
            ),
            &[
                ("SELECT string_agg(level::text, ',' ORDER BY id) FROM public.a", "least,low,low"),
                ("reader: SELECT string_agg(id::text, ',' ORDER BY id) FROM public.b", "2,3"),
                (
                    "SELECT string_agg(polname::text || polcmd::text, ',' ORDER BY polname) FROM pg_policy WHERE polrelid = 'public.a'::regclass",
                    "oa,pr",
                ),
            ],
        ),
    ];
    let fill = "INSERT INTO public.b VALUES (1, 'low'), (2, 'high'), (3, 'high'); INSERT INTO public.c VALUES (2), (3), (4)";
    let (live, _) = walk("moving_tables", fill, &stages).await;
    only_renames(&live[1]);
}

#[tokio::test]
async fn a_column_that_gets_another_type_too() {
    let fill = "INSERT INTO public.notes VALUES (1, 7, true), (2, 8, false)";
    let stages = [
        stage(notes("\"notes\"", "n: i32, shown: bool", "name = \"p\"", "shown AND n > 0"), &[]),
        stage(
            notes(
                "\"notes\"",
                "#[rls(was = \"n\")] number: i64, shown: bool",
                "name = \"p\"",
                "shown AND number > 0",
            ),
            &[
                ("reader: SELECT sum(number) FROM public.notes", "7"),
                ("SELECT pg_typeof(number) FROM public.notes LIMIT 1", "bigint"),
            ],
        ),
    ];
    let (live, files) = walk("retyped", fill, &stages).await;
    assert!(live[1].to_sql().starts_with("ALTER TABLE public.notes RENAME COLUMN n TO number;\n"));
    assert!(files[1].to_sql().contains("ALTER COLUMN number TYPE bigint"));
}
