//! Names that Postgres would refuse or cut.
use rls_schema::Table;

#[derive(Table)]
#[rls(table = "")]
struct NoName {
    id: i64,
}

#[derive(Table)]
#[rls(table = "a_name_of_65_bytes_which_is_one_byte_more_than_postgres_will_keep")]
struct LongName {
    #[rls(column = "a\0b")]
    id: i64,
}

#[derive(Table)]
#[rls(schema = "pg_catalog")]
struct NotOurs {
    id: i64,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = sql("user = 'a'")))]
struct WhoIsUser {
    user: String,
}

fn main() {}
