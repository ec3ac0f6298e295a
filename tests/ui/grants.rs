//! Privileges by name: each word is checked where it stands.
use rls_schema::{Sequence, Table};

#[derive(Table)]
#[rls(
    grant(role = authenticated, privileges = [select, isnert]),
    grant(role = authenticated, privileges = [select, frobnicate, usage]),
    grant(role = authenticated),
    grant(privileges = all),
    grant(role = authenticated, privilege = [select]),
    grant(role = authenticated, privileges = []),
    grant(role = [], privileges = select),
    grant(role = authenticated, privileges = [update, update]),
    grant,
)]
struct Words {
    id: i64,
}

#[derive(Table)]
#[rls(
    grant(role = authenticated, privileges = delete, columns = [id]),
    grant(role = authenticated, privileges = select, columns = [idd]),
    grant(role = authenticated, privileges = select, columns = id),
    grant(role = public, privileges = select, grantable),
    grant(role = [anonymous, public], privileges = insert, grantable = true),
)]
struct Columns {
    id: i64,
}

#[derive(Table)]
#[rls(
    grant(role = [authenticated, anonymous], privileges = [select, insert]),
    grant(role = anonymous, privileges = all),
    grant(role = authenticated, privileges = select, columns = [id]),
    grant(role = authenticated, privileges = select, columns = [id, other]),
)]
struct Twice {
    id: i64,
    other: i64,
}

#[derive(Sequence)]
#[rls(
    grant(role = authenticated, privileges = [usage, insert]),
    grant(role = authenticated, privileges = select, columns = [id]),
)]
struct Numbers;

fn main() {}
