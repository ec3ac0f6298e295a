//! Expressions in the words of the declaration, for messages and for `cargo rls explain`.

use std::fmt;

use super::{
    BaseType, CompareOp, Expr, Interval, Literal, PgType, ShiftOp, TextForm, TimeUnit, in_rust,
};

/// How tightly a form binds in Rust, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Comparison,
    Sum,
    Cast,
    Prefix,
    Call,
}

impl Expr {
    /// How it is written inside of lookups whose rows have these names, the innermost last.
    pub fn text_within(&self, rows: &[String]) -> String {
        text(self, &mut rows.iter().map(String::as_str).collect())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, &mut Vec::new()))
    }
}

fn text<'a>(expr: &'a Expr, rows: &mut Vec<&'a str>) -> String {
    let inner = |expr: &'a Expr, at_least: Binding, rows: &mut Vec<&'a str>| {
        let text = text(expr, rows);
        if binding(expr) >= at_least { text } else { format!("({text})") }
    };
    match expr {
        Expr::Literal(literal) => constant(literal),
        Expr::Column(column) => match (rows.is_empty(), column.up) {
            (true, _) => in_rust(&column.field),
            // The policy's own table needs no name.
            (false, up) if up >= rows.len() => in_rust(&column.field),
            (false, up) => format!("{}.{}", rows[rows.len() - 1 - up], in_rust(&column.field)),
        },
        Expr::Parameter(name) => name.clone(),
        Expr::Now => "now()".to_owned(),
        Expr::Interval(Interval { count, unit }) => format!("{}({count})", unit_name(*unit)),
        Expr::Shift { op, time, by } => {
            let sign = match op {
                ShiftOp::Later => '+',
                ShiftOp::Earlier => '-',
            };
            let time = inner(time, Binding::Sum, rows);
            format!("{time} {sign} {}", inner(by, Binding::Cast, rows))
        }
        Expr::AuthUid => "auth_uid()".to_owned(),
        Expr::Claim(path) if path.iter().any(|key| key.contains('.')) => {
            let keys: Vec<_> = path.iter().map(|key| format!("{key:?}")).collect();
            format!("claim([{}])", keys.join(", "))
        }
        Expr::Claim(path) => format!("claim({:?})", path.join(".")),
        Expr::Role => "role()".to_owned(),
        Expr::Json { value, path } => {
            let keys: String = path.iter().map(|key| format!("[{key:?}]")).collect();
            format!("{}{keys}", inner(value, Binding::Call, rows))
        }
        Expr::Cast { value, ty } => {
            format!("{} as {}", inner(value, Binding::Cast, rows), rust_name(ty))
        }
        Expr::Compare { op: CompareOp::Eq, left, right } if **left == Expr::AuthUid => {
            format!("auth_uid({})", text(right, rows))
        }
        Expr::Compare { op, left, right } => {
            let left = inner(left, Binding::Sum, rows);
            format!("{left} {} {}", operator(*op), inner(right, Binding::Sum, rows))
        }
        Expr::In { value, list } => {
            let list: Vec<_> = list.iter().map(|item| text(item, rows)).collect();
            format!("{}.is_in([{}])", inner(value, Binding::Call, rows), list.join(", "))
        }
        Expr::Matches { form, value, pattern } => {
            let method = match form {
                TextForm::StartsWith => "starts_with",
                TextForm::EndsWith => "ends_with",
                TextForm::Like => "like",
                TextForm::ILike => "ilike",
            };
            let value = inner(value, Binding::Call, rows);
            format!("{value}.{method}({})", text(pattern, rows))
        }
        Expr::Contains { container, value } => {
            let container = inner(container, Binding::Call, rows);
            format!("{container}.contains({})", text(value, rows))
        }
        Expr::And(all) => joined(all, " && ", Binding::Comparison, rows),
        Expr::Or(any) => joined(any, " || ", Binding::And, rows),
        Expr::Not(value) => match &**value {
            Expr::IsNull(value) => format!("{}.is_some()", inner(value, Binding::Call, rows)),
            value => format!("!{}", inner(value, Binding::Prefix, rows)),
        },
        Expr::IsNull(value) => format!("{}.is_null()", inner(value, Binding::Call, rows)),
        Expr::Exists { table, alias, filter } => {
            rows.push(alias);
            let filter = text(filter, rows);
            rows.pop();
            format!("exists({table}, |{alias}| {filter})")
        }
        Expr::Definer(lookup) => format!("definer({})", text(lookup, rows)),
        Expr::Named { path, predicate: _, arguments } => {
            let arguments: Vec<_> = arguments.iter().map(|value| text(value, rows)).collect();
            format!("{path}({})", arguments.join(", "))
        }
        Expr::Sql(sql) => format!("sql({sql:?})"),
    }
}

fn joined<'a>(
    operands: &'a [Expr],
    separator: &str,
    at_least: Binding,
    rows: &mut Vec<&'a str>,
) -> String {
    let texts: Vec<_> = operands
        .iter()
        .map(|operand| {
            let text = text(operand, rows);
            if binding(operand) >= at_least { text } else { format!("({text})") }
        })
        .collect();
    texts.join(separator)
}

fn binding(expr: &Expr) -> Binding {
    match expr {
        Expr::Or(_) => Binding::Or,
        Expr::And(_) => Binding::And,
        Expr::Compare { op: CompareOp::Eq, left, .. } if **left == Expr::AuthUid => Binding::Call,
        Expr::Compare { .. } => Binding::Comparison,
        Expr::Shift { .. } => Binding::Sum,
        Expr::Cast { .. } => Binding::Cast,
        Expr::Not(value) if matches!(**value, Expr::IsNull(_)) => Binding::Call,
        Expr::Not(_) => Binding::Prefix,
        Expr::Literal(Literal::Number(digits)) if digits.starts_with('-') => Binding::Prefix,
        Expr::Literal(_)
        | Expr::Column(_)
        | Expr::Parameter(_)
        | Expr::Now
        | Expr::Interval(_)
        | Expr::AuthUid
        | Expr::Claim(_)
        | Expr::Role
        | Expr::Json { .. }
        | Expr::In { .. }
        | Expr::Matches { .. }
        | Expr::Contains { .. }
        | Expr::IsNull(_)
        | Expr::Exists { .. }
        | Expr::Definer(_)
        | Expr::Named { .. }
        | Expr::Sql(_) => Binding::Call,
    }
}

fn constant(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Number(digits) => digits.clone(),
        Literal::Text(text) => format!("{text:?}"),
    }
}

fn operator(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

/// The function that makes such an interval.
pub(crate) fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Seconds => "seconds",
        TimeUnit::Minutes => "minutes",
        TimeUnit::Hours => "hours",
        TimeUnit::Days => "days",
        TimeUnit::Weeks => "weeks",
        TimeUnit::Months => "months",
        TimeUnit::Years => "years",
    }
}

/// The Rust type that a cast to `ty` is written with.
fn rust_name(ty: &PgType) -> String {
    let name = match &ty.base {
        BaseType::SmallInt => "i16",
        BaseType::Integer => "i32",
        BaseType::BigInt => "i64",
        BaseType::Real => "f32",
        BaseType::DoublePrecision => "f64",
        BaseType::Boolean => "bool",
        BaseType::Text => "String",
        BaseType::Uuid => "Uuid",
        _ => return ty.to_string(),
    };
    if ty.array { format!("Vec<{name}>") } else { name.to_owned() }
}
