//! Defaults of columns: SQL that drizzle-kit keeps as text, or plain JSON. Where Drizzle forgets to double
//! the quotes inside, they are doubled here.

use super::json::{At, Node};
use super::text;
use crate::lex::{self, TokenKind};
use crate::model::{BaseType, PgType, Sql};
use crate::render;

/// The default at a place, for a column of that type.
pub(super) fn read(at: &At<'_>, ty: &PgType) -> Option<Sql> {
    match at.node {
        Node::Null => None,
        Node::Bool(value) => Some(Sql::new(value.to_string())),
        Node::Number(digits) => Some(Sql::new(digits.as_str())),
        Node::Text(sql) => match repaired(sql, ty) {
            Some(repaired) => {
                at.report.note(format!(
                    "`{}` has a quote inside that Drizzle does not double, so that Postgres refuses its \
                     migration: it is doubled here",
                    at.path
                ));
                text::expression_in(&repaired, at)
            }
            None => text::expression(at),
        },
        Node::List(_) | Node::Object(_) => {
            at.report.note(format!(
                "`{}` is no SQL, and Drizzle's migration writes `[object Object]` for it: the column has no \
                 default here",
                at.path
            ));
            None
        }
    }
}

/// `'{"it's": 1}'::jsonb` and `'{"it's"}'` with the quotes inside doubled; none where nothing is wrong.
fn repaired(sql: &str, ty: &PgType) -> Option<String> {
    let json = [BaseType::Json, BaseType::Jsonb].contains(&ty.base) && !ty.array;
    let (inside, cast) = if json {
        let (value, cast) = sql.rsplit_once("::")?;
        (value, format!("::{cast}"))
    } else if ty.array {
        (sql, String::new())
    } else {
        return None;
    };
    let inside = inside.strip_prefix('\'')?.strip_suffix('\'')?;
    let meant = if json {
        serde_json::from_str::<serde_json::Value>(inside).is_ok()
    } else {
        inside.starts_with('{') && inside.ends_with('}')
    };
    (meant && !is_one_string(&sql[..inside.len() + 2]))
        .then(|| format!("{}{cast}", render::literal(inside)))
}

fn is_one_string(sql: &str) -> bool {
    let tokens = lex::tokens(sql);
    tokens.is_ok_and(|tokens| matches!(&tokens[..], [only] if only.kind == TokenKind::String))
}

#[cfg(test)]
mod tests {
    use super::repaired;
    use crate::model::PgType;

    fn of(sql: &str, ty: &str) -> Option<String> {
        repaired(sql, &PgType::parse(ty).unwrap())
    }

    #[test]
    fn quotes_that_were_forgotten_are_doubled() {
        assert_eq!(of(r#"'{"it's":1}'::jsonb"#, "jsonb").unwrap(), r#"'{"it''s":1}'::jsonb"#);
        assert_eq!(of(r#"'{"a","b's"}'"#, "text[]").unwrap(), r#"'{"a","b''s"}'"#);
    }

    #[test]
    fn what_is_sql_stays_as_it_is() {
        for (sql, ty) in [
            (r#"'{"it''s":1}'::jsonb"#, "jsonb"),
            ("'{}'::jsonb", "jsonb"),
            ("'{}'", "text[]"),
            ("jsonb_build_object('a', 1)", "jsonb"),
            ("'it' || 's'", "text"),
        ] {
            assert_eq!(of(sql, ty), None, "{sql}");
        }
    }
}
