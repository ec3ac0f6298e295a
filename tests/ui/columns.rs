//! Columns that are not there.
use rls_schema::Table;

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = auth_uid(usr_id), modify = statuss == "open" && nothing_like_it))]
struct Unknown {
    user_id: String,
    status: String,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = auth_uid(owner_id) || auth_uid(cache)))]
struct OtherName {
    #[rls(column = "owner_id")]
    owner: String,
    #[rls(skip)]
    cache: String,
}

#[derive(Table)]
struct SameColumn {
    name: String,
    #[rls(column = "name")]
    title: String,
    ctid: i64,
}

fn main() {}
