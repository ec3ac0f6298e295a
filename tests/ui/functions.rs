//! Functions that cannot be what was meant.
use rls_schema::Function;

#[derive(Function)]
#[rls(returns = "text")]
struct NoBody;

#[derive(Function)]
#[rls(body = "SELECT 1", returns = "strange")]
struct UnknownType;

#[derive(Function)]
#[rls(body = "SELECT 1", arguments = ["a strange", "b integer DEFAULT", 7, "c text -- all"])]
struct Arguments;

#[derive(Function)]
#[rls(body = "SELECT 1", arguments = ["a integer DEFAULT 1", "OUT b integer", "c integer"])]
struct Defaults;

#[derive(Function)]
#[rls(body = "SELECT 1", returns = "table(id, title text)")]
struct Columns;

#[derive(Function)]
#[rls(body = "SELECT 1", volatility = stabel, parallel = often, cost = 0, rows = 5)]
struct Attributes;

#[derive(Function)]
#[rls(body = sql("SELECT 1; DROP TABLE a"), language = "plpgsql")]
struct Standard;

#[derive(Function)]
#[rls(body = "SELECT 1", set(search_path = "a b"), set_path = "")]
struct Settings;

#[derive(Function)]
#[rls(procedure = "p", returns = "text", body = "SELECT 1")]
struct Procedure;

#[derive(Function)]
#[rls(body = "SELECT 1", grant(role = authenticated, privileges = [select]))]
struct Grants;

#[derive(Function)]
#[rls(body = "SELECT 1")]
struct Fields {
    a: i32,
}

fn main() {}
