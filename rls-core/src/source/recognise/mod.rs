//! SQL as the server writes it, read in the words of the declaration. What is read is a proposal: whether
//! it compiles to what the server holds is asked of the server, and what does not stays `sql("..")`.
//!
//! So this reads generously, in every usual spelling, and gives up on what it does not know.

mod forms;
mod lookup;
mod parser;
mod tokens;

use std::collections::BTreeMap;

use super::declare::Names;
use crate::model::{BaseType, Column, Expr, Literal, QualifiedName, Schema, Sql, Table};
use crate::provider::Provider;
use parser::Parser;

/// What texts may speak of.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The tables.
    pub schema: &'a Schema,
    /// What they and their columns are called in Rust.
    pub names: &'a Names,
    /// What the functions of `definer(..)` ask, by their names.
    pub lookups: &'a BTreeMap<QualifiedName, String>,
    /// Whose functions say who is asking.
    pub provider: Provider,
}

/// A predicate of a table in the words of the declaration, the whole of it or some of its operands.
pub fn predicate(sql: &Sql, table: &Table<Sql>, words: Words<'_>) -> Option<Expr> {
    let mut parser = Parser::new(sql.as_str(), &table.name, words)?;
    let expr = parser.partly()?;
    // Nothing of it was known.
    (parser.is_done() && !matches!(expr, Expr::Sql(_))).then_some(expr)
}

/// A value that is made of a row, such as the key of an index.
pub fn value(sql: &Sql, table: &Table<Sql>, words: Words<'_>) -> Option<Expr> {
    let mut parser = Parser::new(sql.as_str(), &table.name, words)?;
    let expr = parser.whole()?;
    parser.is_done().then_some(expr)
}

/// The default of a column.
pub fn default(
    sql: &Sql,
    column: &Column<Sql>,
    table: &QualifiedName,
    words: Words<'_>,
) -> Option<Expr> {
    let mut parser = Parser::new(sql.as_str(), table, words)?;
    let expr = parser.whole()?;
    if !parser.is_done() {
        return None;
    }
    let number = |digits: &str| {
        let plain = digits.strip_prefix('-').unwrap_or(digits);
        !plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit())
    };
    match expr {
        // What is a number to the column is one here.
        Expr::Literal(Literal::Text(text))
            if [BaseType::SmallInt, BaseType::Integer, BaseType::BigInt]
                .contains(&column.ty.base)
                && !column.ty.array
                && number(&text) =>
        {
            Some(Expr::Literal(Literal::Number(text)))
        }
        Expr::Literal(_) | Expr::Now | Expr::AuthUid | Expr::Claim(_) => Some(expr),
        _ => None,
    }
}
