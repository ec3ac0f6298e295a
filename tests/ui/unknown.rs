//! What is nowhere declared.
use rls_schema::Table;

#[derive(Table)]
#[rls(crud_policy(
    role = authenticated,
    read = exists(Row, |r| r.status == title),
    modify = crate::is_owner(title),
))]
pub struct Document {
    title: String,
}

fn main() {}
