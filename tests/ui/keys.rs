//! Keys that are unknown, given twice, or given in the wrong form.
use rls_schema::Table;

#[derive(Table)]
#[rls(tabel = "todos")]
struct UnknownOnStruct {
    id: i64,
}

#[derive(Table)]
struct UnknownOnField {
    #[rls(primry_key)]
    id: i64,
    #[rls(frobnicate)]
    other: i64,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, raed = true))]
struct UnknownInPolicy {
    id: i64,
}

#[derive(Table)]
#[rls(table = "a", table = "b")]
struct Twice {
    id: i64,
}

#[derive(Table)]
#[rls]
struct NoList {
    id: i64,
}

#[derive(Table)]
#[rls(table = todos, schema)]
struct NoString {
    #[rls(unique = true)]
    id: i64,
    #[rls(identity = sometimes)]
    number: i64,
}

#[derive(Table)]
#[rls(table = "todos" crud_policy())]
struct NoComma {
    id: i64,
}

fn main() {}
