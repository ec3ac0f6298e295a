//! Keys, constraints and indexes that cannot be what was meant.
use rls_schema::Table;

#[derive(Table)]
#[rls(
    unique(columns = [user_id, titel]),
    unique(colums = [user_id]),
    unique(include = [title]),
    unique(columns = [title, title]),
    check(name = "nameless"),
    check = title,
    check = auth_uid(user_id),
    check(name = "old", expr = created_at > now()),
    foreign_key(columns = [user_id, title], references = users(id)),
    foreign_key(references = users(id)),
    foreign_key(columns = [user_id]),
    exclude(elements = [(user_id, "= OR true")]),
    exclude(name = "nothing"),
    index(columns = []),
    index(columns = [desc(titel)]),
    index(columns = [title], predicate = title),
    index(columns = [title], methd = gin),
    index(columns = [title], name = "one"),
    index(columns = [user_id], name = "one"),
)]
struct Document {
    #[rls(primary_key)]
    id: i64,
    #[rls(references(users(id), on_delete = explode, sometimes))]
    user_id: i64,
    #[rls(unique(columns = [title]), index(with = 3))]
    title: String,
    #[rls(collation = "C")]
    created_at: DateTime<Utc>,
}

#[derive(Table)]
#[rls(primary_key(columns = [a, b]))]
struct TwoKeys {
    #[rls(primary_key)]
    a: i64,
    b: i64,
}

struct DateTime<T>(T);
struct Utc;

fn main() {}
