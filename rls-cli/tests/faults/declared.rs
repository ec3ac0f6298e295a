//! Declarations, each with a plan of many kinds of steps to the next.

pub const FIRST: &str = r#"use rls_schema::{Function, Table};

#[derive(Table)]
#[rls(
    table = "todos",
    crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)),
)]
pub struct Todo {
    #[rls(primary_key, identity)]
    pub id: i64,
    #[rls(default = auth_uid(), index)]
    pub user_id: String,
    pub task: String,
    #[rls(default = 0)]
    pub rank: i32,
    #[rls(default = false)]
    pub is_complete: bool,
}

#[derive(Table)]
#[rls(table = "notes", crud_policy(role = authenticated, read = auth_uid(author)))]
pub struct Note {
    #[rls(primary_key)]
    pub id: i64,
    pub author: String,
    #[rls(index)]
    pub text: String,
}

#[derive(Function)]
#[rls(function = "twice", arguments = ["value integer"], returns = "integer", volatility = immutable, set(search_path = ""), body = "SELECT value * 2")]
pub struct Twice;
"#;

/// With a type, a table, an index and a column that the first does not have, and another type of a column.
pub fn second() -> String {
    let changed = replaced(
        FIRST,
        &[
            ("{Function, Table}", "{Function, PgEnum, Table}"),
            ("pub rank: i32,", "pub rank: i64,\n    pub mood: Option<Mood>,"),
            ("pub task: String,", "#[rls(index)]\n    pub task: String,"),
        ],
    );
    changed
        + r#"
#[derive(PgEnum)]
pub enum Mood {
    Fine,
    Sad,
}

/// What a todo is about.
#[derive(Table)]
#[rls(
    table = "tags",
    crud_policy(role = authenticated, read = exists(Todo, |t| t.id == todo_id && auth_uid(t.user_id))),
)]
pub struct Tag {
    #[rls(primary_key, references = todos(id))]
    pub todo_id: i64,
    #[rls(primary_key, check = name != "")]
    pub name: String,
}
"#
}

/// With other policies, privileges and functions, a trigger, and without a column and an index.
pub fn third() -> String {
    let changed = replaced(
        &second(),
        &[
            ("read = auth_uid(user_id),", "read = auth_uid(user_id) || is_complete,"),
            (
                "modify = auth_uid(user_id)),",
                "modify = auth_uid(user_id)),\n    crud_policy(role = anonymous, read = is_complete),\n    trigger(name = \"touch\", before = update, function = public.touch),",
            ),
            ("#[rls(index)]\n    pub text", "pub text"),
            (
                "    pub author: String,",
                "    #[rls(index)]\n    pub author: String,\n    #[rls(default = now())]\n    pub at: DateTime<Utc>,",
            ),
            (
                "    #[rls(index)]\n    pub task: String,",
                "    #[rls(check = task != \"\")]\n    pub task: String,",
            ),
            ("value * 2", "value + value"),
            ("    pub mood: Option<Mood>,\n", ""),
        ],
    );
    changed
        + r#"
#[derive(Function)]
#[rls(function = "touch", returns = "trigger", language = "plpgsql", set(search_path = ""), body = "BEGIN RETURN NEW; END")]
pub struct Touch;
"#
}

/// Two declarations for a plan with every kind of step that is done behind the transaction.
pub fn online() -> [String; 2] {
    let nullable = "pub task: Option<String>,\n    pub note: Option<i64>,";
    let old = replaced(FIRST, &[("pub task: String,", nullable)]);
    let new = replaced(
        &old,
        &[
            (
                "pub task: Option<String>,",
                "#[rls(unique, check = task != \"\")]\n    pub task: String,",
            ),
            ("pub note", "#[rls(references = notes(id), index)]\n    pub note"),
            ("read = auth_uid(user_id),", "read = auth_uid(user_id) || is_complete,"),
            ("read = auth_uid(author)", "read = false"),
        ],
    );
    [old, new]
}

#[track_caller]
fn replaced(source: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(source.to_owned(), |source, (from, to)| {
        assert!(source.contains(from), "{from}");
        source.replace(from, to)
    })
}

/// Rows that are there before anything is done to the first.
pub const ROWS: &str = "INSERT INTO todos (user_id, task, rank, is_complete)
    SELECT 'user_' || n % 3, 'task ' || n, n, n % 2 = 0 FROM generate_series(1, 50) AS n";
