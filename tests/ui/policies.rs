//! Policies that collide, or that are for nobody.
use rls_schema::Table;

#[derive(Table)]
#[rls(
    crud_policy(role = authenticated, read = true),
    crud_policy(role = authenticated, modify = true),
)]
struct SameRole {
    id: i64,
}

#[derive(Table)]
#[rls(
    crud_policy(role = [anonymous, authenticated], read = true),
    crud_policy(role = authenticated, read = false),
)]
struct Overlap {
    id: i64,
}

#[derive(Table)]
#[rls(crud_policy(role = [a, b, a], read = true), crud_policy(read = true), crud_policy(role = c))]
struct Roles {
    id: i64,
}

#[derive(Table)]
#[rls(crud_policy(role = [], read = true), crud_policy(role = 1, read = true), crud_policy(role = current_user, read = true))]
struct NoRole {
    id: i64,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, modify = true, insert = true, update = true, delete = true))]
struct Nothing {
    id: i64,
}

fn main() {}
