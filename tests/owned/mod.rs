//! Things of every kind that say to whom they belong.

#![allow(dead_code, missing_docs, reason = "read by tests, never used")]

use rls_schema::{Function, PgEnum, PgType, Sequence, Table, View};

#[derive(PgEnum)]
#[rls(owner = app_owner)]
pub enum Mood {
    Well,
}

#[derive(PgType)]
#[rls(domain = "word", owner = "App Owner")]
pub struct Word(pub String);

#[derive(PgType)]
#[rls(composite = "pair", owner = app_owner)]
pub struct Pair {
    pub word: Word,
}

#[derive(Sequence)]
#[rls(owner = app_owner)]
pub struct Number;

#[derive(Function)]
#[rls(function = "two", returns = "integer", owner = "App Owner", body = "SELECT 2")]
pub struct Two;

#[derive(View)]
#[rls(query = "SELECT 1 AS one", owner = app_owner)]
pub struct One;

#[derive(Table)]
#[rls(
    table = "things",
    owner = r#type,
    partition_by(hash, columns = [id]),
    partition(name = "things_0", modulus = 1, remainder = 0, owner = "App Owner"),
)]
pub struct Thing {
    pub id: i64,
    pub mood: Mood,
    pub pair: Pair,
}
