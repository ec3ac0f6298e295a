//! What fills a column: one thing, and what it can be made of.

use rls_schema::{Sequence, Table};

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = total > 0, write_columns = [price, total]))]
pub struct Item {
    #[rls(primary_key, identity(always, by_default, start = 5, max = 3))]
    pub id: i64,
    #[rls(serial, default = 1)]
    pub number: i64,
    #[rls(serial)]
    pub name: String,
    #[rls(identity(increment = 0, steps = 2))]
    pub place: i32,
    #[rls(default = next(1 + 1))]
    pub ticket: i32,
    pub price: i32,
    #[rls(generated = sql("price * 2"))]
    pub total: i32,
    #[rls(generated = total > 3)]
    pub is_large: bool,
    #[rls(generated(auth_uid(), kept))]
    pub owner: String,
    #[rls(generated = claim("o.id"))]
    pub org: String,
    #[rls(generated = price)]
    pub label: String,
    #[rls(generated)]
    pub nothing: String,
}

#[derive(Sequence)]
#[rls(sql_type = "text")]
pub struct Text;

#[derive(Sequence)]
pub struct Fields {
    pub start: i64,
}

fn main() {}
