//! Expressions as SQL text for a provider.

use super::{ident, literal};
use crate::model::{CompareOp, Expr, Literal, Sql, SubjectType};
use crate::provider::Provider;

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// In a policy, where a scalar subquery makes a call run once for each statement and lets an
    /// index answer the comparison.
    Policy,
    /// In a column's default, where Postgres allows no subquery.
    Default,
}

/// Compiles an expression.
pub fn expr(expr: &Expr, position: Position, provider: Provider) -> Sql {
    Sql::new(Writer { position, provider }.write(expr, Binding::Loosest))
}

/// How tightly a context binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Loosest,
    Or,
    And,
    Not,
    Comparison,
    Tightest,
}

struct Writer {
    position: Position,
    provider: Provider,
}

impl Writer {
    /// The text of `expr`, in brackets where the context binds more tightly than it does.
    fn write(&self, expr: &Expr, context: Binding) -> String {
        let (binding, text) = match expr {
            Expr::Literal(value) => (Binding::Tightest, constant(value)),
            Expr::Column(name) => (Binding::Tightest, ident(name)),
            Expr::Now => (Binding::Tightest, "now()".to_owned()),
            Expr::AuthUid(ty) => (Binding::Tightest, self.once(self.subject(*ty))),
            Expr::Claim(path) => (Binding::Tightest, self.once(self.claim(path))),
            Expr::Compare { op, left, right } => {
                let left = self.write(left, Binding::Tightest);
                let right = self.write(right, Binding::Tightest);
                (Binding::Comparison, format!("{left} {} {right}", operator(*op)))
            }
            Expr::And(all) => (Binding::And, self.join(all, " AND ", Binding::Not)),
            Expr::Or(any) => (Binding::Or, self.join(any, " OR ", Binding::And)),
            // Not IS NOT NULL, which asks each field of a composite value.
            Expr::Not(inner) => {
                (Binding::Not, format!("NOT {}", self.write(inner, Binding::Tightest)))
            }
            Expr::IsNull(value) => {
                let value = self.write(value, Binding::Tightest);
                (Binding::Comparison, format!("{value} IS NULL"))
            }
            Expr::Sql(text) => (Binding::Loosest, text.clone()),
        };
        // Text written by hand may hold anything, so it stands alone or in brackets.
        let bare = if matches!(expr, Expr::Sql(_)) {
            context == Binding::Loosest
        } else {
            binding >= context
        };
        if bare { text } else { format!("({text})") }
    }

    fn join(&self, operands: &[Expr], operator: &str, context: Binding) -> String {
        let operands: Vec<_> =
            operands.iter().map(|operand| self.write(operand, context)).collect();
        operands.join(operator)
    }

    /// A call that does not depend on the row: one run for each statement, in a scalar subquery.
    fn once(&self, call: String) -> String {
        match self.position {
            Position::Policy => format!("(SELECT {call})"),
            Position::Default => call,
        }
    }

    fn subject(&self, ty: SubjectType) -> String {
        match (self.provider, ty) {
            (Provider::Neon, SubjectType::Text) => "auth.user_id()".to_owned(),
            (Provider::Neon | Provider::Supabase, SubjectType::Uuid) => "auth.uid()".to_owned(),
            (Provider::Supabase, SubjectType::Text) => "auth.uid()::text".to_owned(),
            (Provider::Postgres, SubjectType::Text) => format!("{CLAIMS} ->> 'sub'"),
            (Provider::Postgres, SubjectType::Uuid) => format!("({CLAIMS} ->> 'sub')::uuid"),
        }
    }

    fn claim(&self, path: &[String]) -> String {
        let claims = match self.provider {
            Provider::Neon => "auth.session()",
            Provider::Supabase => "auth.jwt()",
            Provider::Postgres => CLAIMS,
        };
        match path {
            [key] => format!("{claims} ->> {}", literal(key)),
            path => format!("{claims} #>> {}", literal(&array(path))),
        }
    }
}

/// An unset setting reads as NULL the first time and as an empty string after a transaction that
/// set it locally; both mean that nobody is asking.
const CLAIMS: &str = "NULLIF(current_setting('request.jwt.claims', true), '')::jsonb";

fn constant(value: &Literal) -> String {
    match value {
        Literal::Bool(true) => "true".to_owned(),
        Literal::Bool(false) => "false".to_owned(),
        Literal::Number(digits) => digits.clone(),
        Literal::Text(text) => literal(text),
    }
}

fn operator(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "=",
        CompareOp::Ne => "<>",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

/// A text array in Postgres's own notation, every element quoted that could be misread.
fn array(elements: &[String]) -> String {
    let elements: Vec<_> = elements
        .iter()
        .map(|element| {
            let plain = !element.is_empty()
                && element.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !element.eq_ignore_ascii_case("null");
            if plain {
                element.clone()
            } else {
                format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\""))
            }
        })
        .collect();
    format!("{{{}}}", elements.join(","))
}

#[cfg(test)]
mod tests {
    use super::{Position, expr};
    use crate::model::{CompareOp, Expr, Ident, Literal, SubjectType};
    use crate::provider::Provider;

    fn column(name: &str) -> Expr {
        Expr::Column(Ident::new(name).unwrap())
    }

    fn owner() -> Expr {
        Expr::Compare {
            op: CompareOp::Eq,
            left: Box::new(Expr::AuthUid(SubjectType::Text)),
            right: Box::new(column("user_id")),
        }
    }

    fn policy(e: &Expr) -> String {
        expr(e, Position::Policy, Provider::Neon).as_str().to_owned()
    }

    #[test]
    fn the_subject_is_asked_once_and_outside_the_comparison() {
        assert_eq!(policy(&owner()), "(SELECT auth.user_id()) = user_id");
        let default = expr(&Expr::AuthUid(SubjectType::Text), Position::Default, Provider::Neon);
        assert_eq!(default.as_str(), "auth.user_id()");
    }

    #[test]
    fn brackets_follow_precedence() {
        let either = Expr::Or(vec![owner(), column("is_public")]);
        let both = Expr::And(vec![either.clone(), Expr::Not(Box::new(column("hidden")))]);
        assert_eq!(
            policy(&both),
            "((SELECT auth.user_id()) = user_id OR is_public) AND NOT hidden"
        );
        assert_eq!(
            policy(&Expr::Not(Box::new(either))),
            "NOT ((SELECT auth.user_id()) = user_id OR is_public)"
        );
        let raw = Expr::And(vec![Expr::Sql("a OR b".into()), column("c")]);
        assert_eq!(policy(&raw), "(a OR b) AND c");
    }

    #[test]
    fn claim_paths_cannot_break_out_of_their_string() {
        assert_eq!(
            policy(&Expr::Claim(vec!["o".into(), "rol".into()])),
            "(SELECT auth.session() #>> '{o,rol}')"
        );
        assert_eq!(
            policy(&Expr::Claim(vec!["it's".into()])),
            "(SELECT auth.session() ->> 'it''s')"
        );
        assert_eq!(
            policy(&Expr::Claim(vec!["a\"},{b".into(), "c".into()])),
            r#"(SELECT auth.session() #>> '{"a\"},{b",c}')"#
        );
    }

    #[test]
    fn strings_are_constants() {
        let e = Expr::Compare {
            op: CompareOp::Ne,
            left: Box::new(column("Status")),
            right: Box::new(Expr::Literal(Literal::Text("it's; --".into()))),
        };
        assert_eq!(policy(&e), "\"Status\" <> 'it''s; --'");
    }
}
