//! Linked expressions as SQL text for a provider.

use super::{ident, literal, qualified};
use crate::model::{
    CompareOp, Ident, Interval, Literal, QualifiedName, ShiftOp, Sql, SubjectType, unit_name,
};
use crate::policy::term::{Column, JsonOutput, Lookup, MemberForm, Request, Term};
use crate::provider::Provider;

/// Writes a term. `table` is the one that it belongs to; none in a function's body.
pub fn term(term: &Term, table: Option<&QualifiedName>, provider: Provider) -> Sql {
    let scope = table.iter().map(|table| table.name.clone()).collect();
    Sql::new(Writer { provider, scope }.write(term, Binding::Loosest))
}

/// The body of a function that answers whether a term without a table holds.
pub(crate) fn answer_body(term: &Term, provider: Provider) -> Sql {
    let mut writer = Writer { provider, scope: Vec::new() };
    Sql::new(format!("SELECT {}", writer.write(term, Binding::Loosest)))
}

/// The body of a function that gives a column of the lookup's rows.
pub(crate) fn array_body(lookup: &Lookup, output: &Column, provider: Provider) -> Sql {
    let mut writer = Writer { provider, scope: Vec::new() };
    Sql::new(format!("SELECT ARRAY({})", writer.select(lookup, Some(output))))
}

/// How tightly a context binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Loosest,
    Or,
    And,
    Not,
    /// Operators of every kind: an operand of one is bracketed unless it is tight.
    Operator,
    Tightest,
}

struct Writer {
    provider: Provider,
    /// What the tables in scope are called, the innermost last.
    scope: Vec<Ident>,
}

impl Writer {
    /// The text of `term`, in brackets where the context binds more tightly than it does.
    fn write(&mut self, term: &Term, context: Binding) -> String {
        let (binding, text) = self.unbracketed(term);
        if binding >= context { text } else { format!("({text})") }
    }

    fn unbracketed(&mut self, term: &Term) -> (Binding, String) {
        use Binding::{Loosest, Operator, Tightest};
        match term {
            Term::Bool(value) => (Tightest, value.to_string()),
            Term::Constant(value) => (Tightest, constant(value)),
            Term::Column(column) => (Tightest, self.column(column)),
            Term::Argument(number) => (Tightest, format!("${number}")),
            Term::Request(request) => self.request(request),
            Term::Interval(Interval { count, unit }) => {
                (Tightest, format!("interval '{count} {}'", unit_name(*unit)))
            }
            Term::Shift { op, time, by } => {
                let sign = match op {
                    ShiftOp::Later => "+",
                    ShiftOp::Earlier => "-",
                };
                (Operator, self.infix(time, sign, by))
            }
            Term::Cast { value, ty } => {
                // The cast binds more tightly than a sign.
                let text = self.tight(value);
                let value = if text.starts_with('-') { format!("({text})") } else { text };
                (Tightest, format!("{value}::{ty}"))
            }
            Term::Json { value, path, output } => {
                (Operator, format!("{} {}", self.tight(value), at_path(path, *output)))
            }
            Term::Compare { op, left, right } => (Operator, self.infix(left, operator(*op), right)),
            Term::In { value, list } => {
                let value = self.tight(value);
                let list: Vec<_> = list.iter().map(|item| self.write(item, Loosest)).collect();
                (Operator, format!("{value} IN ({})", list.join(", ")))
            }
            Term::Like { value, pattern, case_sensitive } => {
                let operator = if *case_sensitive { "LIKE" } else { "ILIKE" };
                (Operator, self.infix(value, operator, pattern))
            }
            Term::StartsWith { value, prefix } => {
                let (value, prefix) = (self.write(value, Loosest), self.write(prefix, Loosest));
                (Tightest, format!("starts_with({value}, {prefix})"))
            }
            Term::Any { value, array } => {
                let (value, array) = (self.tight(value), self.write(array, Loosest));
                (Operator, format!("{value} = ANY ({array})"))
            }
            Term::JsonContains { container, value } => {
                let container = self.tight(container);
                let value = if let Term::Constant(Literal::Text(text)) = &**value {
                    literal(&json_string(text))
                } else {
                    format!("to_jsonb({}::text)", self.tight(value))
                };
                (Operator, format!("{container} @> {value}"))
            }
            Term::TextContains { text, part } => {
                let (text, part) = (self.write(text, Loosest), self.write(part, Loosest));
                (Operator, format!("strpos({text}, {part}) > 0"))
            }
            Term::And(all) => (Binding::And, self.join(all, " AND ", Binding::Not)),
            Term::Or(any) => (Binding::Or, self.join(any, " OR ", Binding::And)),
            // Not IS NOT NULL, which asks each field of a composite value.
            Term::Not(inner) => (Binding::Not, format!("NOT {}", self.tight(inner))),
            Term::IsNull(value) => (Operator, format!("{} IS NULL", self.tight(value))),
            Term::Exists(lookup) => (Tightest, format!("EXISTS ({})", self.select(lookup, None))),
            Term::Member { value, lookup, output, form } => {
                let value = self.tight(value);
                let select = self.select(lookup, Some(output));
                let text = match form {
                    MemberForm::Array => format!("{value} = ANY (ARRAY({select}))"),
                    MemberForm::Hashed => format!("{value} IN ({select})"),
                };
                (Operator, text)
            }
            // The compiler puts a call in its place; what is left of one allows nothing.
            Term::Definer(_) => (Tightest, "false".to_owned()),
            Term::Call { function, arguments } => {
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| self.write(argument, Loosest)).collect();
                (Tightest, format!("{}({})", qualified(function), arguments.join(", ")))
            }
            Term::AnyOfCall { value, function, ty } => {
                let value = self.tight(value);
                // The cast makes it an array, and not a subquery that ANY would look through.
                (Operator, format!("{value} = ANY ((SELECT {}())::{ty})", qualified(function)))
            }
            Term::Once(inner) => (Tightest, format!("(SELECT {})", self.write(inner, Loosest))),
            // Text written by hand may hold anything, so it stands alone or in brackets.
            Term::Raw(text) => (Loosest, text.clone()),
        }
    }

    fn tight(&mut self, term: &Term) -> String {
        self.write(term, Binding::Tightest)
    }

    fn infix(&mut self, left: &Term, operator: &str, right: &Term) -> String {
        let left = self.tight(left);
        format!("{left} {operator} {}", self.tight(right))
    }

    fn join(&mut self, operands: &[Term], operator: &str, context: Binding) -> String {
        let operands: Vec<_> =
            operands.iter().map(|operand| self.write(operand, context)).collect();
        operands.join(operator)
    }

    /// Where there is but one table its columns need no name in front; a column of an inner table
    /// would otherwise be taken for one of an outer.
    fn column(&self, column: &Column) -> String {
        let name = ident(&column.name);
        match self.scope.len().checked_sub(column.up + 1) {
            Some(place) if self.scope.len() > 1 => format!("{}.{name}", ident(&self.scope[place])),
            Some(_) | None => name,
        }
    }

    /// `SELECT output FROM table AS alias WHERE filter`.
    fn select(&mut self, lookup: &Lookup, output: Option<&Column>) -> String {
        let alias = self.alias(&lookup.alias);
        self.scope.push(alias);
        let name = self.scope.last().map(ident).unwrap_or_default();
        let output =
            output.map_or("1".to_owned(), |column| format!("{name}.{}", ident(&column.name)));
        let filter = if lookup.filter == Term::Bool(true) {
            String::new()
        } else {
            format!(" WHERE {}", self.write(&lookup.filter, Binding::Loosest))
        };
        self.scope.pop();
        let probe = if lookup.probe { " OFFSET 0" } else { "" };
        format!("SELECT {output} FROM {} AS {name}{filter}{probe}", qualified(&lookup.table))
    }

    /// The name from the declaration, with a number where another table in scope has it.
    fn alias(&self, wanted: &str) -> Ident {
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        let free = names.find_map(|name| {
            Ident::shortened(&name).ok().filter(|name| !self.scope.contains(name))
        });
        // A closure's parameter is never empty.
        free.unwrap_or_else(|| self.scope[0].clone())
    }

    fn request(&self, request: &Request) -> (Binding, String) {
        match request {
            Request::Now => (Binding::Tightest, "now()".to_owned()),
            Request::Role => (Binding::Tightest, "current_user::text".to_owned()),
            Request::Subject(ty) => self.subject(*ty),
            Request::Claim(path) => (
                Binding::Operator,
                format!("{} {}", self.claims(), at_path(path, JsonOutput::Text)),
            ),
            Request::ClaimJson(path) => (
                Binding::Operator,
                format!("{} {}", self.claims(), at_path(path, JsonOutput::Json)),
            ),
        }
    }

    fn subject(&self, ty: SubjectType) -> (Binding, String) {
        let (binding, text) = match (self.provider, ty) {
            (Provider::Neon, SubjectType::Text) => (Binding::Tightest, "auth.user_id()"),
            (Provider::Neon | Provider::Supabase, SubjectType::Uuid) => {
                (Binding::Tightest, "auth.uid()")
            }
            (Provider::Supabase, SubjectType::Text) => (Binding::Tightest, "auth.uid()::text"),
            (Provider::Postgres, SubjectType::Text) => {
                return (Binding::Operator, format!("{CLAIMS} ->> 'sub'"));
            }
            (Provider::Postgres, SubjectType::Uuid) => {
                return (Binding::Tightest, format!("({CLAIMS} ->> 'sub')::uuid"));
            }
        };
        (binding, text.to_owned())
    }

    fn claims(&self) -> &'static str {
        match self.provider {
            Provider::Neon => "auth.session()",
            Provider::Supabase => "auth.jwt()",
            Provider::Postgres => CLAIMS,
        }
    }
}

/// An unset setting reads as NULL the first time and as an empty string after a transaction that
/// set it locally; both mean that nobody is asking.
const CLAIMS: &str = "NULLIF(current_setting('request.jwt.claims', true), '')::jsonb";

/// `->> 'key'` or `#>> '{a,b}'`. A number is a place in an array only in the second form.
fn at_path(path: &[String], output: JsonOutput) -> String {
    let (one, many) = match output {
        JsonOutput::Text => ("->>", "#>>"),
        JsonOutput::Json => ("->", "#>"),
    };
    match path {
        [key] if key.parse::<i64>().is_err() => format!("{one} {}", literal(key)),
        path => format!("{many} {}", literal(&array(path))),
    }
}

fn constant(value: &Literal) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
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

/// A text as JSON writes it. Source: RFC 8259, section 7.
fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json += &format!("\\u{:04x}", u32::from(c)),
            c => json.push(c),
        }
    }
    json + "\""
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
