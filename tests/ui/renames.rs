//! Names before that cannot have been.
use rls_schema::{PgEnum, PgType, Table, View};

#[derive(Table)]
#[rls(
    table = "notes",
    was = "notes",
    policy(name = "seen", was = "seen", role = authenticated, command = select, using = true),
    policy(name = "own", was = "kept", role = authenticated, command = insert, with_check = true),
    policy(name = "kept", role = authenticated, command = delete, using = true),
    crud_policy(role = anonymous, was = "old", read = true),
)]
struct Note {
    #[rls(was = "id")]
    id: i64,
    #[rls(was = "text")]
    title: String,
    #[rls(was = "text")]
    body: String,
    #[rls(was = "at")]
    begins: i64,
    at: i64,
    #[rls(was = "to")]
    from: i64,
    #[rls(was = "from")]
    to: i64,
    #[rls(was = "")]
    empty: i64,
    #[rls(was = "a_name_that_is_longer_than_any_name_that_postgres_keeps_in_its_catalog")]
    long: i64,
    #[rls(was = name)]
    bare: i64,
    #[rls(skip, was = "cached")]
    cache: i64,
}

#[derive(Table)]
#[rls(table = "memos", was = "public.remarks")]
struct Memo {
    /// It moves up into the place of one that moves up.
    #[rls(was = "second")]
    first: i64,
    #[rls(was = "third")]
    second: i64,
}

#[derive(PgEnum)]
enum State {
    #[rls(was = "done")]
    Open,
    Done,
    #[rls(was = "late")]
    Late,
}

#[derive(PgType)]
#[rls(composite, was = "addresses")]
struct Address {
    street: String,
}

#[derive(View)]
#[rls(view = "seen_notes", was = "notes_seen", query = "SELECT id FROM public.notes")]
struct SeenNotes;

fn main() {}
