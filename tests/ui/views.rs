use rls_schema::View;

#[derive(View)]
#[rls(query = "SELECT 1")]
struct WithFields {
    one: i32,
}

#[derive(View)]
struct Nothing;

#[derive(View)]
#[rls(query = "")]
struct Empty;

#[derive(View)]
#[rls(query = "SELECT 1; DROP TABLE users")]
struct TwoStatements;

#[derive(View)]
#[rls(query = "SELECT 'a")]
struct NotClosed;

#[derive(View)]
#[rls(query = "DELETE FROM users RETURNING id")]
struct NoQuery;

#[derive(View)]
#[rls(query = "SELECT 1", schema = "pg_catalog")]
struct NotYours;

#[derive(View)]
#[rls(qeury = "SELECT 1")]
struct Misspelt;

#[derive(View)]
#[rls(query = "SELECT 1 AS one", columns = [one, one], check_option = all)]
struct Unknown;

#[derive(View)]
#[rls(
    query = "SELECT 1 AS one",
    materialized,
    security_invoker,
    check_option = local,
    index(columns = [lower(one)]),
    index(columns = [one], name = "i"),
    index(columns = [one], name = "i"),
    trigger(name = "t", instead_of = insert, function = f),
)]
struct Kept;

#[derive(View)]
#[rls(
    query = "SELECT 1 AS one",
    index(columns = [one]),
    column(name = one),
    trigger(name = "a", before = insert, function = f),
    trigger(name = "b", instead_of = insert, each = statement, function = f),
    trigger(name = "c", instead_of = update, of = [one], function = f),
    trigger(name = "d", instead_of = update, when = sql("NEW.one > 1"), function = f),
    trigger(name = "e", instead_of = update, before = update, function = f),
    trigger(name = "f", before = truncate, each = statement, function = f),
    trigger(name = "g", after = update, each = statement, old_table = "was", function = f),
    grant(role = public, privileges = [usage]),
)]
struct Plain;

fn main() {}
