use rls_schema::{Function, PgEnum, PgType, Sequence, Table, View, predicate};

/// What is to be done.
#[derive(Table)]
#[rls(
    table = "todos",
    schema = "public",
    crud_policy(role = authenticated, read = auth_uid(user_id) || is_member(team), modify = auth_uid(user_id)),
    crud_policy(role = [anonymous, "Front Desk"], read = is_complete && rank >= -1),
    policy(name = "never at night", command = select, role = public, restrictive, using = task.starts_with("a_")),
    grant(role = authenticated, privileges = [references], columns = [task]),
    check(name = "some rank", expr = rank < 10),
    unique(columns = [task, user_id], nulls_not_distinct),
    index(columns = [desc(rank)], predicate = is_complete),
    trigger(name = "touch", before = update, function = public.touch),
)]
pub struct Todo {
    #[rls(primary_key, identity(always, start = 100))]
    pub id: i64,
    #[rls(default = auth_uid(), index)]
    pub user_id: String,
    #[rls(references(team(id), on_delete = cascade))]
    pub team: Uuid,
    #[rls(sql_type = "varchar(20)", default = "it's")]
    pub task: String,
    #[rls(default = next(number))]
    pub rank: i32,
    #[rls(default = false, comment = "when it is done")]
    pub is_complete: bool,
    #[rls(generated = sql("rank * 2"))]
    pub twice: i32,
    pub mood: Option<Mood>,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = exists(Member, |m| m.team_id == id && auth_uid(m.user_id))))]
pub struct Team {
    #[rls(primary_key, default = sql("gen_random_uuid()"))]
    pub id: Uuid,
}

#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = auth_uid(user_id)))]
pub struct Member {
    #[rls(primary_key, references = team(id))]
    pub team_id: Uuid,
    #[rls(primary_key)]
    pub user_id: String,
}

#[predicate]
pub fn is_member(team: Uuid) -> bool {
    exists(Member, |m| m.team_id == team && auth_uid(m.user_id))
}

#[derive(PgEnum)]
pub enum Mood {
    Fine,
    #[rls(value = "so so")]
    SoSo,
}

#[derive(Sequence)]
#[rls(start = 1000, grant(role = authenticated, privileges = [usage]))]
pub struct Number;

#[derive(Function)]
#[rls(returns = "trigger", language = "plpgsql", body = "BEGIN RETURN NEW; END")]
pub struct Touch;

#[derive(View)]
#[rls(view = "open", query = "SELECT id, task FROM todos WHERE NOT is_complete")]
pub struct Open;
