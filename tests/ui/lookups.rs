//! Lookups in other tables, which the compiler checks where they are written.
use rls_schema::{Table, predicate};

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = auth_uid(user_id)))]
pub struct Member {
    user_id: String,
    team_id: i64,
    #[rls(skip)]
    cached: bool,
}

#[derive(Table)]
#[rls(crud_policy(
    role = authenticated,
    read = exists(Member, |m| m.team == team_id),
    insert = exists(Member, |m| m.team_id == team),
    delete = exists(NotATable, |m| m.team_id == team_id),
))]
pub struct Document {
    team_id: i64,
}

pub struct NotATable;

#[derive(Table)]
#[rls(crud_policy(
    role = authenticated,
    read = tru,
))]
pub struct Folder {
    team_id: i64,
}

#[predicate]
pub fn is_member(team: i64) -> bool {
    exists(Member, |m| m.team_id == team && m.user == "x")
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = is_member(), modify = is_member(team_id, id)))]
pub struct Label {
    id: i64,
    team_id: i64,
}

fn main() {}
