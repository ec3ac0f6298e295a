//! Names that Rust takes only with `r#`, wherever a declaration can have them.

#![allow(dead_code, reason = "only the declarations are looked at")]

use rls_schema::{Table, predicate};

/// Whether the document is of a type.
#[predicate]
pub fn r#match(r#type: String) -> bool {
    exists(Kind, |r#in| r#in.r#type == r#type)
}

/// A table with a column that is called like a keyword.
#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = self::r#match(r#type), modify = false))]
pub struct Paper {
    #[rls(primary_key)]
    pub id: i64,
    pub r#type: String,
}

/// What kinds there are.
#[derive(Table)]
#[rls(crud_policy(role = authenticated, read = true, modify = false))]
pub struct Kind {
    #[rls(primary_key)]
    pub r#type: String,
}
