//! Predicates that mean nothing, or that Postgres would refuse.
use rls_schema::Table;

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = auth_id(user_id), insert = auth_uid(), update = auth_uid(amount), delete = user_id))]
struct Functions {
    user_id: String,
    amount: i64,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = user_id = "a", insert = deleted_at == None, update = amount + 1 == 2, delete = !amount))]
struct Operators {
    user_id: String,
    amount: i64,
    deleted_at: Option<String>,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = user_id == 1, insert = amount == "one", update = claim("n") == amount, delete = claim("a") == id))]
struct Types {
    user_id: String,
    amount: i64,
    #[rls(sql_type = "uuid")]
    id: String,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = claim("a..b") == "x", insert = claim(user_id) == "x", update = user_id.is_nul(), delete = if true { true } else { false }))]
struct Forms {
    user_id: String,
}

fn main() {}
