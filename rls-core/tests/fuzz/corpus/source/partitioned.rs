#[derive(rls_schema::Table)]
#[rls(
    table = "events",
    partition_by(range, columns = [at]),
    partition(name = "events_old", from = minvalue, to = "2024-01-01"),
    partition(name = "events_new", from = "2024-01-01", to = "2025-01-01"),
    partition(name = "events_rest", default),
    crud_policy(role = authenticated, read = org == claim("o.id"), insert = org == claim("o.id")),
)]
pub struct Event {
    pub org: String,
    #[rls(sql_type = "date")]
    pub at: String,
}
