//! To whom something belongs: one role, by its name.
use rls_schema::{Function, PgType, Sequence, Table};

#[derive(Table)]
#[rls(owner = public)]
struct Everyone {
    id: i64,
}

#[derive(Table)]
#[rls(owner = [a, b])]
struct Several {
    id: i64,
}

#[derive(Table)]
#[rls(owner = current_user, owner = "a")]
struct Whoever {
    id: i64,
}

#[derive(Table)]
#[rls(ownr = app_owner)]
struct Misspelt {
    id: i64,
}

#[derive(Sequence)]
#[rls(owned_by = everyone(id), owner = app_owner)]
struct Number;

#[derive(PgType)]
#[rls(transparent, owner = app_owner)]
struct Inner(i64);

#[derive(Function)]
#[rls(returns = "integer", owner = "", body = "SELECT 1")]
struct One;

fn main() {}
