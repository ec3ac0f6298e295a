//! Enums, domains, composite types and newtypes that are none.
use rls_schema::{PgEnum, PgType, Table};

#[derive(PgEnum)]
#[rls(rename_all = "snakecase", nme = "mood")]
enum Mood {
    Fine,
    #[rls(value = "sad")]
    Sad,
    #[rls(value = "sad")]
    AlsoSad,
    Holds(i32),
}

#[derive(PgEnum)]
struct NoEnum;

#[derive(PgType)]
enum NoStruct {}

#[derive(PgType)]
struct Nothing(String);

#[derive(PgType)]
#[rls(transparent, domain)]
struct Both(String);

#[derive(PgType)]
#[rls(transparent, check = value != "")]
struct Checked(String);

#[derive(PgType)]
#[rls(domain, check = valu != "", check = value > 1, default = 5)]
struct Email(String);

#[derive(PgType)]
#[rls(domain, check = now() > value)]
struct Past(NaiveDate);

#[derive(PgType)]
#[rls(composite)]
struct Address(String, String);

#[derive(PgType)]
#[rls(transparent)]
struct Inside(std::cell::Cell<i32>);

struct NaiveDate;

/// What has a mistake is told where it stands, and not again where it is used.
#[derive(Table)]
struct Uses {
    mood: Mood,
    email: Option<Email>,
}

fn main() {}
