//! Foreign keys and defaults that cannot be.
use rls_schema::Table;

#[derive(Table)]
struct Keys {
    #[rls(references = users)]
    no_column: i64,
    #[rls(references)]
    nothing: i64,
    #[rls(references(users(id), on_delete = explode))]
    no_action: i64,
    #[rls(references(users(id), on_remove = cascade))]
    no_event: i64,
}

#[derive(Table)]
struct Defaults {
    #[rls(default = "one")]
    number: i64,
    #[rls(default = 1)]
    text: String,
    #[rls(default = text)]
    other: String,
    #[rls(default = auth_uid())]
    not_a_user: i64,
    #[rls(default = now())]
    not_a_time: bool,
    #[rls(default)]
    nothing: bool,
}

fn main() {}
