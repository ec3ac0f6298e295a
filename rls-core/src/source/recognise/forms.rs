//! What single forms mean.

use crate::model::{BaseType, Expr, Interval, Literal, PgType, ShiftOp, TimeUnit};

/// All claims, of which only parts can be said: a claim without a path.
pub(super) fn claims() -> Expr {
    Expr::Claim(Vec::new())
}

/// `value ->> 'key'`, `value #>> '{a,b}'`, and `->` as far as `->>` follows.
pub(super) fn at_path(value: Expr, operator: &str, key: &Expr) -> Option<Expr> {
    let key = match key {
        Expr::Literal(Literal::Text(text) | Literal::Number(text)) => text,
        _ => return None,
    };
    let keys = match operator {
        "->>" => vec![key.clone()],
        "#>>" => elements(key)?,
        _ => return None,
    };
    Some(match value {
        Expr::Claim(path) if path.is_empty() => {
            if keys == ["sub"] {
                Expr::AuthUid
            } else {
                Expr::Claim(keys)
            }
        }
        value @ Expr::Column(_) => Expr::Json { value: Box::new(value), path: keys },
        _ => return None,
    })
}

/// `{a,b}` without anything that would need quotes.
fn elements(array: &str) -> Option<Vec<String>> {
    let inside = array.strip_prefix('{')?.strip_suffix('}')?;
    let plain = !inside.is_empty() && !inside.contains(['"', '\\', '{', '}', ' ']);
    plain.then(|| inside.split(',').map(str::to_owned).collect())
}

/// A point in time moved by an interval.
pub(super) fn shift(time: Expr, operator: &str, by: Expr) -> Option<Expr> {
    let op = if operator == "+" { ShiftOp::Later } else { ShiftOp::Earlier };
    let moves = matches!(by, Expr::Interval(_));
    moves.then(|| Expr::Shift { op, time: Box::new(time), by: Box::new(by) })
}

/// `container @> '"text"'`: an element of a `jsonb` array.
pub(super) fn contains(container: Expr, value: Expr) -> Option<Expr> {
    let Expr::Literal(Literal::Text(text)) = value else { return None };
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    if text.contains(['"', '\\']) {
        return None;
    }
    let value = Box::new(Expr::Literal(Literal::Text(text.to_owned())));
    Some(Expr::Contains { container: Box::new(container), value })
}

/// An interval of one unit, in the server's usual spelling.
pub(super) fn interval(text: &str) -> Option<Interval> {
    if let Some((hours, rest)) = text.split_once(':') {
        let (minutes, seconds) = rest.split_once(':')?;
        let parts: Vec<i64> = [hours, minutes, seconds]
            .iter()
            .map(|part| part.parse())
            .collect::<Result<_, _>>()
            .ok()?;
        return Some(match parts.as_slice() {
            [hours, 0, 0] => Interval { count: *hours, unit: TimeUnit::Hours },
            [0, minutes, 0] => Interval { count: *minutes, unit: TimeUnit::Minutes },
            [0, 0, seconds] => Interval { count: *seconds, unit: TimeUnit::Seconds },
            _ => return None,
        });
    }
    let (count, unit) = text.split_once(' ')?;
    let unit = match unit {
        "day" | "days" => TimeUnit::Days,
        "mon" | "mons" => TimeUnit::Months,
        "year" | "years" => TimeUnit::Years,
        _ => return None,
    };
    Some(Interval { count: count.parse().ok()?, unit })
}

/// Digits, perhaps with a sign and a point.
pub(super) fn is_number(text: &str) -> bool {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = plain.split_once('.').unwrap_or((plain, "0"));
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    digits(whole) && digits(rest)
}

/// Whether the language has a cast to a type.
pub(super) fn is_castable(ty: &PgType) -> bool {
    let known = [
        BaseType::SmallInt,
        BaseType::Integer,
        BaseType::BigInt,
        BaseType::Real,
        BaseType::DoublePrecision,
        BaseType::Boolean,
        BaseType::Text,
        BaseType::Uuid,
    ];
    known.contains(&ty.base) && ty.modifiers.is_empty() && !ty.array
}

/// The columns of a value that comes to stand one lookup deeper.
pub(super) fn deepen(value: &mut Expr) {
    if let Expr::Column(column) = value {
        column.up += 1;
    }
    value.parts_mut().into_iter().for_each(deepen);
}

/// What a row is called in a closure: as in the SQL, where Rust and the language have no other use for it.
pub(super) fn row_name(alias: &str) -> Option<String> {
    let plain = alias.starts_with(|c: char| c.is_ascii_lowercase())
        && alias.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (plain && !["old", "new"].contains(&alias) && super::super::names::code(alias) == alias)
        .then(|| alias.to_owned())
}
