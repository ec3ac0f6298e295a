//! Partitions that Postgres would refuse, and that say nothing.
use rls_schema::Table;

#[derive(Table)]
#[rls(
    partition_by(range, columns = [creatd_at]),
    partition(name = "a", from = "2024-01-01", to = "2025-01-01"),
)]
struct Misspelt {
    created_at: DateTime<Utc>,
}

#[derive(Table)]
#[rls(
    partition_by(range, columns = [id, desc(region)]),
    unique(columns = [id, owner]),
    index(columns = [id], unique),
    exclude(elements = [(id, "=")]),
    check(name = "alone", expr = id > 0, no_inherit),
    partition(name = "a", from = [1], to = [minvalue, maxvalue]),
    partition(name = "b", from = ["one", "a"], to = [2, null]),
    partition(name = "c", from = [3, owner], to = [4, lower("b")]),
    partition(name = "d", values = [1]),
    partition(name = "e", default),
    partition(name = "f", default),
    partition(name = "f", from = [minvalue, minvalue], to = [5, "a"]),
    partition(from = [6, "a"], to = [7, "a"]),
    partition(name = "h", from = [6, "a"]),
    partition(name = "i", from = [6, "a"], to = [7, "b"], default),
    partition(name = "j"),
    partition(name = "k", form = 1),
    partition(name = "l", schema = "pg_catalog", default),
)]
struct Ranges {
    #[rls(primary_key)]
    id: i64,
    region: String,
    owner: String,
}

#[derive(Table)]
#[rls(
    partition_by(hash, columns = [sql("lower(region)")]),
    primary_key(columns = [region]),
    partition(name = "a", modulus = 4, remainder = 4),
    partition(name = "b", modulus = "four", remainder = 0),
    partition(name = "c", default),
    partition(
        name = "d",
        modulus = 4,
        remainder = 0,
        partition(name = "d_rest", default),
    ),
)]
struct Hashed {
    region: String,
}

#[derive(Table)]
#[rls(partition_by(list, range, columns = [kind]))]
struct Both {
    kind: String,
}

#[derive(Table)]
#[rls(partition_by(list, columns = [kind, other]), partition(name = "a", values = [true, null]))]
struct Lists {
    kind: bool,
    #[rls(generated = sql("upper('a')"))]
    other: String,
}

#[derive(Table)]
#[rls(partition_by(columns = [kind]))]
struct How {
    kind: String,
}

#[derive(Table)]
#[rls(partition_by(list), partition(name = "a", values = ["x"]))]
struct What {
    kind: String,
}

#[derive(Table)]
#[rls(partition_by = range, partition(name = "a", values = ["x"]))]
struct Alone {
    kind: String,
}

#[derive(Table)]
#[rls(
    partition_by(list, columns = [kind]),
    partition(name = "a", values = ["x"], force, row_security = false),
    partition(name = "b", values = ["y"], grant(role = anonymous, privileges = usage)),
    partition(
        name = "c",
        default,
        grant(role = anonymous, privileges = select),
        grant(role = anonymous, privileges = [insert, select]),
        grant(role = anonymous, privileges = update, columns = [knd]),
    ),
)]
struct Said {
    kind: String,
}

struct DateTime<T>(T);
struct Utc;

fn main() {}
