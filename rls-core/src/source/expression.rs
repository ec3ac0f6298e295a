//! Expressions as code.

use super::attribute::Code;
use super::text;
use crate::model::{Expr, Literal};

/// An expression of the declaration. What rustfmt knows are literals without a sign.
pub(super) fn code(expr: &Expr) -> Code {
    match expr {
        Expr::Literal(Literal::Number(digits)) if digits.starts_with('-') => {
            Code::other(digits.clone())
        }
        Expr::Literal(Literal::Text(value)) => Code::literal(text::literal(value)),
        Expr::Literal(_) => Code::literal(expr.to_string()),
        Expr::Sql(sql) => Code::other(raw(sql)),
        Expr::And(operands) => Code::joined("&&", operands.iter().map(operand).collect()),
        Expr::Or(operands) => Code::joined("||", operands.iter().map(operand).collect()),
        expr => Code::other(expr.to_string()),
    }
}

/// One of several operands: it binds more tightly than they do, or stands in brackets.
fn operand(expr: &Expr) -> String {
    match expr {
        Expr::Sql(sql) => raw(sql),
        Expr::And(_) | Expr::Or(_) => format!("({expr})"),
        expr => expr.to_string(),
    }
}

/// `sql("..")`
pub(super) fn raw(sql: &str) -> String {
    format!("sql({})", text::block(sql))
}
