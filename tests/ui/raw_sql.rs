//! SQL by hand that would not stay in its place.
use rls_schema::Table;

#[derive(Table)]
#[rls(
    crud_policy(role = a, read = sql("user_id = 'a' -- the owner"), modify = sql("user_id = 'a'; drop table users")),
    crud_policy(role = b, read = sql("(user_id = 'a'"), modify = sql("true) or (true")),
    crud_policy(role = c, read = sql("user_id = 'a"), modify = sql("user_id = $1")),
    crud_policy(role = d, read = sql("user_id == 'a'"), modify = sql("user_id = :user")),
    crud_policy(role = e, read = sql("usr_id = 'a'"), modify = sql("ownerId = 'a'")),
    crud_policy(role = f, read = sql(""), modify = sql(user_id)),
    crud_policy(role = g, read = sql("/* */ true"), modify = sql("public.raw.user_id = 'a'")),
    crud_policy(role = h, read = sql("row.user_id = 'a'"), modify = sql("others.user_id = 'a'")),
)]
struct Raw {
    user_id: String,
    #[rls(column = "ownerId")]
    owner: String,
}

#[derive(Table)]
#[rls(crud_policy(
    role = authenticated,
    read = id.is_in([sql("1, 2"), 3]),
    delete = exists(Inner, |row| sql("user = 'x'")),
))]
struct Inner {
    id: i64,
}

fn main() {}
