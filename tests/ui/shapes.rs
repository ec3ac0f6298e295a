//! What is no table.
use rls_schema::Table;

#[derive(Table)]
enum Choice {
    One,
}

#[derive(Table)]
struct Tuple(i64, String);

#[derive(Table)]
struct Unit;

#[derive(Table)]
struct Empty {}

#[derive(Table)]
struct AllSkipped {
    #[rls(skip)]
    cache: String,
}

#[derive(Table)]
struct Generic<T> {
    id: T,
}

#[derive(Table)]
union Either {
    a: i64,
    b: f64,
}

fn main() {
    // One mistake is one message: the trait is there all the same.
    let _ = Choice::table;
    let _ = Tuple::table;
}
