//! Each kind of thing by itself, there and back again.

use super::{only_renames, stage, walk};

const FILL: &str = "INSERT INTO public.notes VALUES (1, 'one', true), (2, 'two', false)";

fn notes(on_table: &str, name: &str, title: &str, policy: &str) -> String {
    format!(
        "#[derive(Table)]
        #[rls(table = \"{name}\" {on_table}, policy({policy}, role = reader, command = select, using = shown))]
        struct Note {{ #[rls(primary_key)] id: i64, {title}, shown: bool }}"
    )
}

const SHOWN: &str = "name = \"shown ones\"";

#[tokio::test]
async fn a_table() {
    let title = "title: String";
    let there = [("reader: SELECT string_agg(title, ',') FROM public.notes", "one")];
    let moved = [
        ("reader: SELECT string_agg(title, ',') FROM public.memos", "one"),
        ("SELECT count(*) FROM public.memos", "2"),
    ];
    let stages = [
        stage(notes("", "notes", title, SHOWN), &there),
        stage(notes(", was = \"notes\"", "memos", title, SHOWN), &moved),
        stage(notes(", was = \"memos\"", "notes", title, SHOWN), &there),
    ];
    let (live, files) = walk("table", FILL, &stages).await;
    for plan in live[1..].iter().chain(&files[1..]) {
        only_renames(plan);
    }
}

#[tokio::test]
async fn a_column() {
    let there = [("reader: SELECT string_agg(title, ',') FROM public.notes", "one")];
    let moved = [("reader: SELECT string_agg(\"Head line\", ',') FROM public.notes", "one")];
    let other = "#[rls(column = \"Head line\", was = \"title\")] title: String";
    let back = "#[rls(was = \"Head line\")] title: String";
    let stages = [
        stage(notes("", "notes", "title: String", SHOWN), &there),
        stage(notes("", "notes", other, SHOWN), &moved),
        stage(notes("", "notes", back, SHOWN), &there),
    ];
    let (live, files) = walk("column", FILL, &stages).await;
    for plan in live[1..].iter().chain(&files[1..]) {
        only_renames(plan);
    }
}

#[tokio::test]
async fn a_policy() {
    let there = [
        ("reader: SELECT string_agg(title, ',') FROM public.notes", "one"),
        ("SELECT string_agg(polname, ',') FROM pg_policy", "shown ones"),
    ];
    let moved = [
        ("reader: SELECT string_agg(title, ',') FROM public.notes", "one"),
        ("SELECT string_agg(polname, ',') FROM pg_policy", "seen"),
    ];
    let stages = [
        stage(notes("", "notes", "title: String", SHOWN), &there),
        stage(notes("", "notes", "title: String", "name = \"seen\", was = \"shown ones\""), &moved),
        stage(notes("", "notes", "title: String", "name = \"shown ones\", was = \"seen\""), &there),
    ];
    let (live, files) = walk("policy", FILL, &stages).await;
    for plan in live[1..].iter().chain(&files[1..]) {
        only_renames(plan);
    }
}

fn tasks(variants: &str, open: &str) -> String {
    format!(
        "#[derive(PgEnum)] #[rls(name = \"state\")] enum State {{ {variants} }}
        #[derive(Table)]
        #[rls(table = \"tasks\",
            policy(name = \"open ones\", role = reader, command = select, using = sql(\"state = '{open}'\")),
            index(columns = [id], predicate = sql(\"state = '{open}'\")),
            check(name = \"known\", expr = sql(\"state <> '{open}' OR id > 0\")))]
        struct Task {{ #[rls(primary_key)] id: i64, #[rls(default = sql(\"'{open}'\"))] state: State }}"
    )
}

#[tokio::test]
async fn a_value_of_an_enum() {
    let fill = "INSERT INTO public.tasks VALUES (1, 'open'), (2, 'done'), (3, 'open')";
    let there = [("reader: SELECT count(*) FROM public.tasks WHERE state = 'open'", "2")];
    let moved = [
        ("reader: SELECT count(*) FROM public.tasks WHERE state = 'in progress'", "2"),
        (
            "SELECT string_agg(state::text, ',' ORDER BY id) FROM public.tasks",
            "in progress,done,in progress",
        ),
    ];
    let stages = [
        stage(tasks("Open, Done", "open"), &there),
        stage(
            tasks("#[rls(value = \"in progress\", was = \"open\")] Open, Done", "in progress"),
            &moved,
        ),
        stage(tasks("#[rls(was = \"in progress\")] Open, Done", "open"), &there),
    ];
    let (live, _) = walk("value", fill, &stages).await;
    live[1..].iter().for_each(only_renames);
}
