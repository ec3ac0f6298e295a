//! Types of fields that nobody declares.
use rls_schema::Table;

struct Mine;

#[derive(Table)]
struct Unknown {
    mine: Mine,
    list: Option<Vec<Mine>>,
    nested: Vec<std::collections::HashMap<String, i64>>,
}

fn main() {}
