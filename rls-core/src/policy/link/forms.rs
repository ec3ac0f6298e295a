//! Forms that have operands: comparisons, lists, text, containers, times and other types.

use super::{Linker, request, truth};
use crate::model::{BaseType, CompareOp, Expr, Literal, PgType, ShiftOp, TextForm, TypeFamily};
use crate::policy::kind::{Kind, Typed, castable, comparable, remedy, settle, subject_type};
use crate::policy::term::{JsonOutput, Request, Term};

impl Linker<'_> {
    pub(super) fn shift(&mut self, node: usize, op: ShiftOp, time: &Expr, by: &Expr) -> Typed {
        let typed = self.value(time);
        let amount = self.value(by);
        let moves = match &typed.kind {
            Kind::Unknown => true,
            kind => kind.family() == Some(TypeFamily::DateTime),
        };
        if !moves
            || !matches!(&amount.kind, Kind::Unknown)
                && amount.kind != Kind::base(BaseType::Interval)
        {
            let (time_is, by_is) = (typed.kind.describe(), amount.kind.describe());
            let (time, by) = (self.text(time), self.text(by));
            self.problem(
                node,
                format!("`{time}` is {time_is} and `{by}` is {by_is}: only times are moved, and only by intervals"),
                "write as in `now() - days(1)`",
            );
        }
        // A date that is moved by an interval becomes a timestamp.
        let kind = match typed.kind {
            Kind::Known(ty) if ty.base == BaseType::Date => Kind::base(BaseType::Timestamp),
            kind => kind,
        };
        let (time, by) = (Box::new(typed.term), Box::new(amount.term));
        Typed { term: Term::Shift { op, time, by }, kind }
    }

    pub(super) fn json(
        &mut self,
        node: usize,
        value: &Expr,
        path: &[String],
        output: JsonOutput,
    ) -> Typed {
        let typed = self.value(value);
        let jsonb = Kind::base(BaseType::Jsonb);
        if typed.kind != Kind::Unknown && typed.kind != jsonb {
            let is = typed.kind.describe();
            let shown = self.text(value);
            let message = format!("`{shown}` is {is}, and only `jsonb` has something at a path");
            let help = match value {
                Expr::Claim(_) => "write the whole path, as in `claim(\"a.b\")`",
                _ => "make the field a `serde_json::Value`",
            };
            self.problem(node, message, help);
        }
        let kind = match output {
            JsonOutput::Text => Kind::base(BaseType::Text),
            JsonOutput::Json => jsonb,
        };
        let term = Term::Json { value: Box::new(typed.term), path: path.to_vec(), output };
        Typed { term, kind }
    }

    pub(super) fn cast(&mut self, node: usize, value: &Expr, ty: &PgType) -> Typed {
        let mut typed = self.value(value);
        let kind = Kind::Known(ty.clone());
        if typed.kind == Kind::Subject && subject_type(ty).is_some() {
            let _ = settle(&mut typed, &kind);
            return typed;
        }
        if !castable(&typed.kind, ty) {
            let (value, is) = (self.text(value), typed.kind.describe());
            let message = format!("`{value}` is {is}, which does not become {ty}");
            self.problem(node, message, "write what does, or `sql(\"..\")`");
        }
        if typed.kind == kind {
            return typed;
        }
        Typed { term: Term::Cast { value: Box::new(typed.term), ty: ty.clone() }, kind }
    }

    pub(super) fn compare(
        &mut self,
        node: usize,
        op: CompareOp,
        left: &Expr,
        right: &Expr,
    ) -> Typed {
        let left_node = self.next;
        let mut one = self.value(left);
        let right_node = self.next;
        let mut other = self.value(right);
        self.unify(node, (left, left_node, &mut one), (right, right_node, &mut other));
        let (left, right) = (Box::new(one.term), Box::new(other.term));
        truth(Term::Compare { op, left, right })
    }

    /// Gives subjects their types and reports what does not compare.
    pub(super) fn unify(
        &mut self,
        node: usize,
        (left, left_node, one): (&Expr, usize, &mut Typed),
        (right, right_node, other): (&Expr, usize, &mut Typed),
    ) {
        let rows = self.rows.clone();
        let not_an_id = |expr: &Expr, kind: &Kind| {
            let (expr, is) = (expr.text_within(&rows), kind.describe());
            format!("the user's id is text or uuid, and `{expr}` is {is}")
        };
        let help = "make it a `String` or a `Uuid`";
        if settle(one, &other.kind).is_err() {
            return self.problem(right_node, not_an_id(right, &other.kind), help);
        }
        if settle(other, &one.kind).is_err() {
            return self.problem(left_node, not_an_id(left, &one.kind), help);
        }
        self.known_value(right_node, right, &one.kind);
        self.known_value(left_node, left, &other.kind);
        if !comparable(&one.kind, &other.kind) {
            let help = remedy((left, &one.kind), (right, &other.kind), &self.rows);
            let (left, right) = (self.text(left), self.text(right));
            let (left_is, right_is) = (one.kind.describe(), other.kind.describe());
            self.problem(
                node,
                format!("`{left}` is {left_is} and `{right}` is {right_is}, which Postgres does not compare"),
                help,
            );
        }
    }

    pub(super) fn is_in(&mut self, node: usize, value: &Expr, list: &[Expr]) -> Typed {
        let value_node = self.next;
        let mut one = self.value(value);
        let mut terms = Vec::new();
        for item in list {
            let item_node = self.next;
            let mut other = self.value(item);
            self.unify(item_node, (value, value_node, &mut one), (item, item_node, &mut other));
            terms.push(other.term);
        }
        if list.is_empty() {
            self.problem(node, "nothing is in an empty list", "write `false`");
        }
        let value = Box::new(one.term);
        truth(match terms.len() {
            1 => {
                let right = Box::new(terms.remove(0));
                Term::Compare { op: CompareOp::Eq, left: value, right }
            }
            _ => Term::In { value, list: terms },
        })
    }

    pub(super) fn matches(
        &mut self,
        node: usize,
        form: TextForm,
        value: &Expr,
        pattern: &Expr,
    ) -> Typed {
        let text = self.value(value);
        let wanted = self.value(pattern);
        for (expr, kind) in [(value, &text.kind), (pattern, &wanted.kind)] {
            let family = kind.family();
            if family.is_some_and(|family| family != TypeFamily::Text) {
                let shown = self.text(expr);
                let message = format!("`{shown}` is {}, and only text has a form", kind.describe());
                let help = match expr {
                    Expr::Literal(_) => "write a string".to_owned(),
                    _ => format!("write `{shown} as String`"),
                };
                self.problem(node, message, help);
            }
        }
        let constant = match pattern {
            Expr::Literal(Literal::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let (value, pattern) = (Box::new(text.term), Box::new(wanted.term));
        let like = |pattern: String| Box::new(Term::Constant(Literal::Text(pattern)));
        let term = match (form, constant) {
            (TextForm::StartsWith, Some(prefix)) => {
                let pattern = like(format!("{}%", escaped(&prefix)));
                Term::Like { value, pattern, case_sensitive: true }
            }
            (TextForm::StartsWith, None) => Term::StartsWith { value, prefix: pattern },
            (TextForm::EndsWith, Some(suffix)) => {
                let pattern = like(format!("%{}", escaped(&suffix)));
                Term::Like { value, pattern, case_sensitive: true }
            }
            (TextForm::EndsWith, None) => {
                self.problem(
                    node,
                    "the end of a text is compared with a constant",
                    "write a string",
                );
                Term::Bool(false)
            }
            (TextForm::Like, _) => Term::Like { value, pattern, case_sensitive: true },
            (TextForm::ILike, _) => Term::Like { value, pattern, case_sensitive: false },
        };
        truth(term)
    }

    pub(super) fn contains(&mut self, node: usize, container: &Expr, value: &Expr) -> Typed {
        let container_node = self.next;
        // A claim and what stands in a `jsonb` value are looked into as `jsonb`.
        let inside = match container {
            Expr::Claim(path) => {
                self.next += 1;
                request(Request::ClaimJson(path.clone()), Kind::base(BaseType::Jsonb))
            }
            Expr::Json { value, path } => {
                self.next += 1;
                self.json(container_node, value, path, JsonOutput::Json)
            }
            other => self.value(other),
        };
        let value_node = self.next;
        let mut wanted = self.value(value);
        let Kind::Known(ty) = &inside.kind else {
            if inside.kind != Kind::Unknown {
                let (container, is) = (self.text(container), inside.kind.describe());
                let message = format!("`{container}` is {is}, which contains nothing");
                self.problem(
                    node,
                    message,
                    "only arrays, `jsonb`, claims and text contain something",
                );
            }
            let (value, array) = (Box::new(wanted.term), Box::new(inside.term));
            return truth(Term::Any { value, array });
        };
        if ty.array {
            let element = PgType { array: false, ..ty.clone() };
            let mut each = Typed { term: Term::Bool(true), kind: Kind::Known(element) };
            self.unify(
                node,
                (value, value_node, &mut wanted),
                (container, container_node, &mut each),
            );
            let (value, array) = (Box::new(wanted.term), Box::new(inside.term));
            return truth(Term::Any { value, array });
        }
        let textual = wanted.kind.family().is_none_or(|family| family == TypeFamily::Text);
        if !textual {
            let (value, is) = (self.text(value), wanted.kind.describe());
            let message = format!("`{value}` is {is}, and what is looked for here is text");
            self.problem(value_node, message, "write a string");
        }
        if ty.base == BaseType::Jsonb {
            let (container, value) = (Box::new(inside.term), Box::new(wanted.term));
            return truth(Term::JsonContains { container, value });
        }
        if ty.family() != TypeFamily::Text {
            let container = self.text(container);
            let message = format!("`{container}` is {ty}, which contains nothing");
            self.problem(node, message, "only arrays, `jsonb`, claims and text contain something");
        }
        let (text, part) = (Box::new(inside.term), Box::new(wanted.term));
        truth(Term::TextContains { text, part })
    }
}

/// A text as a pattern that matches nothing but itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
