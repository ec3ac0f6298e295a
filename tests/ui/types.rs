//! Types that Postgres does not have, or that do not fit.
use rls_schema::Table;

#[derive(Table)]
struct Unknown {
    unsigned: u64,
    #[rls(sql_type = "citext")]
    no_schema: String,
    #[rls(sql_type = "varchar(x)")]
    no_length: String,
    #[rls(sql_type = "text; drop table users")]
    no_type: String,
}

#[derive(Table)]
struct Identity {
    #[rls(identity)]
    text: String,
    #[rls(primary_key, identity)]
    id: Option<i64>,
    #[rls(identity, default = 1)]
    both: i64,
}

fn main() {}
