//! Every form of the language, written wrongly.
use rls_schema::{Table, predicate};

pub struct Uuid;
pub struct Value;

#[derive(Table)]
#[rls(crud_policy(
    role = authenticated,
    read = status.is_in(..) || (1..=5).contains(amount),
    insert = status.start_with("a") || claim::<Nothing>("x") == status,
    update = amount.starts_with("a") || tags.contains(1) || seen + 1 > now() || status["a"] == "b" || status.is_in([]) || claim("n") == amount || id == claim("id"),
    delete = seen > now() - day(1) || seen > now() - days("x"),
))]
struct Values {
    id: Uuid,
    status: String,
    amount: i64,
    tags: Vec<String>,
    seen: DateTime<Utc>,
    data: Value,
}

#[derive(Table)]
#[rls(
    crud_policy(
        role = authenticated,
        read = old.status == "x",
        insert = old.status == "x" && new.status == "y",
        update = old.status == new.status && auth_uid(old.stat),
        delete = other.status == "x",
        read_columns = [status, statu],
        write_columns = status,
    ),
    tenant = status,
)]
struct Rows {
    status: String,
}

#[derive(Table)]
#[rls(
    crud_policy(role = authenticated, read = exists(Rows), modify = exists(Rows, |a, b| a.status == "x")),
    policy(command = selct, role = authenticated, using = true),
    policy(name = "a", command = insert, role = authenticated, using = true),
    policy(name = "b", command = select, role = authenticated, using = true, with_check = true),
    policy(name = "c", command = update, role = authenticated, restrictive, with_check = true),
    policy(name = "d", command = select, role = authenticated, permissive, restrictive, using = true),
    policy(name = "e", command = select, using = definer(title == "x")),
    allow(some_lint),
    allow(some_lint, reason = " "),
)]
struct Policies {
    title: String,
}

#[predicate]
fn numbers(a: i64) -> i64 {
    a
}

#[predicate]
fn unknown(a: i64) -> bool {
    b == a && status == "x"
}

#[predicate]
fn itself(a: i64) -> bool {
    a == 1 || itself(a)
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, modify = auth_id(title)))]
struct Named {
    title: String,
}

fn main() {}
