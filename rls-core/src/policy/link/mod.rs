//! Linking: a declared expression becomes a [`Term`]. Fields are found in their tables, types are
//! inferred and checked, and what is only a way of writing is written out. Every problem carries the
//! number of the node it is about, counted in preorder, so that whoever has the source can point at
//! the token.

mod forms;
mod names;
mod types;

pub use types::{default_of_type, of_value};

use super::kind::{Kind, Typed, settle};
use super::term::{JsonOutput, Request, Term};
use crate::model::{
    BaseType, DeclaredTable, DeclaredType, Expr, Ident, Literal, NamedPredicate, PgType,
    QualifiedName, TypeFamily,
};

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The node it is about: its number in preorder.
    pub node: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// A table as expressions see it.
#[derive(Clone, Debug)]
pub struct Shape<'a> {
    /// The struct's name.
    pub rust_name: &'a str,
    /// The table's name.
    pub table: &'a QualifiedName,
    /// The columns by field.
    pub columns: Vec<ShapeColumn<'a>>,
    /// Fields that are no columns.
    pub skipped: Vec<&'a str>,
    /// The types of the schema's own that its columns have.
    pub types: &'a [DeclaredType],
}

/// A column as expressions see it.
#[derive(Clone, Debug)]
pub struct ShapeColumn<'a> {
    /// The field.
    pub field: &'a str,
    /// The column's name.
    pub name: &'a Ident,
    /// Its type. None where the declaration of the type was a mistake: it then fits everything.
    pub ty: Option<&'a PgType>,
    /// Whether it may hold NULL.
    pub nullable: bool,
}

impl<'a> From<&'a DeclaredTable> for Shape<'a> {
    fn from(declared: &'a DeclaredTable) -> Self {
        let columns = declared.table.columns.iter().zip(&declared.fields);
        Shape {
            rust_name: &declared.rust_name,
            table: &declared.table.name,
            columns: columns
                .map(|(column, field)| ShapeColumn {
                    field,
                    name: &column.name,
                    ty: Some(&column.ty),
                    nullable: column.nullable,
                })
                .collect(),
            skipped: declared.skipped.iter().map(String::as_str).collect(),
            types: &declared.types,
        }
    }
}

/// The tables that `exists` can look in.
#[derive(Clone, Copy, Debug)]
pub enum Others<'a> {
    /// Every table there is.
    All(&'a [Shape<'a>]),
    /// They cannot be seen from here: what is said about them is believed.
    Unseen,
}

/// Links a predicate of a table. The term is worthless where there are problems, or where other
/// tables are unseen.
pub fn predicate(expr: &Expr, own: &Shape<'_>, others: Others<'_>) -> (Term, Vec<Problem>) {
    let mut linker = Linker::new(others);
    linker.scope.push(Some(own.clone()));
    linker.called.push(own.table.name.as_str().to_owned());
    let term = linker.boolean(expr);
    (term, linker.problems)
}

/// Links the body of a named predicate, which sees its parameters and no table.
pub fn named(predicate: &NamedPredicate, others: Others<'_>) -> Vec<Problem> {
    let mut linker = Linker::new(others);
    linker.parameters = predicate
        .parameters
        .iter()
        .map(|(name, ty)| {
            let term = Term::Bool(true);
            (name.clone(), 0, Typed { term, kind: Kind::Known(ty.clone()) })
        })
        .collect();
    linker.boolean(&predicate.body);
    linker.problems
}

/// Links the default of a column of type `ty`.
pub fn default(expr: &Expr, ty: Option<&PgType>, own: &Shape<'_>) -> (Term, Vec<Problem>) {
    let mut linker = Linker::new(Others::Unseen);
    linker.scope.push(Some(own.clone()));
    let reads = expr.nodes().enumerate().find_map(|(node, part)| match part {
        Expr::Column(column) => {
            let name = &column.field;
            Some((node, format!("a default cannot read another column, and `{name}` is one")))
        }
        Expr::Exists { .. } => Some((node, "a default cannot look into tables".to_owned())),
        _ => None,
    });
    if let Some((node, message)) = reads {
        return (Term::Bool(false), vec![Problem { node, message, help: None }]);
    }
    linker.for_column(expr, ty)
}

/// Links what a column of type `ty` is computed from.
pub fn generated(expr: &Expr, ty: Option<&PgType>, own: &Shape<'_>) -> (Term, Vec<Problem>) {
    let mut linker = Linker::new(Others::Unseen);
    linker.scope.push(Some(own.clone()));
    linker.called.push(own.table.name.as_str().to_owned());
    if let Some((node, part)) = beyond_the_row(expr) {
        let message =
            format!("a column is generated from its own row alone, and `{part}` asks for more");
        let help = Some("give it a `default`, or compute it when you read".to_owned());
        return (Term::Bool(false), vec![Problem { node, message, help }]);
    }
    linker.for_column(expr, ty)
}

/// Links a condition that every row has to fulfil, or that tells which rows an index is about.
pub fn row(expr: &Expr, own: &Shape<'_>, others: Others<'_>) -> (Term, Vec<Problem>) {
    match beyond_the_row(expr) {
        Some(beyond) => (Term::Bool(false), vec![asks_for_more(beyond)]),
        None => predicate(expr, own, others),
    }
}

/// Links a value that is made of a row alone, and of type `ty`, if one is asked for.
pub fn value_of_row(expr: &Expr, ty: Option<&PgType>, own: &Shape<'_>) -> (Term, Vec<Problem>) {
    if let Some(beyond) = beyond_the_row(expr) {
        return (Term::Bool(false), vec![asks_for_more(beyond)]);
    }
    let mut linker = Linker::new(Others::Unseen);
    linker.scope.push(Some(own.clone()));
    linker.called.push(own.table.name.as_str().to_owned());
    linker.for_column(expr, ty)
}

fn asks_for_more((node, part): (usize, &Expr)) -> Problem {
    let message = format!("this is about a row alone, and `{part}` asks for more");
    let help = Some("say that in a policy, or in `sql(\"..\")`".to_owned());
    Problem { node, message, help }
}

/// The first node that asks for more than the row that is at hand.
fn beyond_the_row(expr: &Expr) -> Option<(usize, &Expr)> {
    let beyond = |part: &Expr| {
        matches!(
            part,
            Expr::Now
                | Expr::AuthUid
                | Expr::Claim(_)
                | Expr::Role
                | Expr::Exists { .. }
                | Expr::Definer(_)
                | Expr::Named { .. }
        )
    };
    expr.nodes().enumerate().find(|(_, part)| beyond(part))
}

impl Linker<'_> {
    /// A value that has to fit a column.
    fn for_column(mut self, expr: &Expr, ty: Option<&PgType>) -> (Term, Vec<Problem>) {
        let mut typed = self.value(expr);
        let Some(declared) = ty else { return (typed.term, self.problems) };
        let ty = &self.compared_as(declared);
        self.known_value(0, expr, &Kind::Known(ty.clone()));
        let settled = settle(&mut typed, &Kind::Known(ty.clone())).is_ok();
        let fits = match &typed.kind {
            Kind::Unknown => true,
            Kind::Untyped => {
                ty.array || ![TypeFamily::Number, TypeFamily::Boolean].contains(&ty.family())
            }
            Kind::Number => ty.family() == TypeFamily::Number && !ty.array,
            Kind::Known(known) => known.family() == ty.family(),
            Kind::Subject => false,
        };
        if self.problems.is_empty() && !(settled && fits) {
            self.problem(
                0,
                format!("the column is {declared}, and `{expr}` is not"),
                "write a value of that type, or `sql(\"..\")`",
            );
        }
        (typed.term, self.problems)
    }
}

struct Linker<'a> {
    others: Others<'a>,
    /// The tables in scope, the innermost last; none for one that is unseen or unknown.
    scope: Vec<Option<Shape<'a>>>,
    /// What they are called in SQL, as far as it is known.
    called: Vec<String>,
    /// The rows of the lookups that we are in, the innermost last.
    rows: Vec<String>,
    /// Parameters with the number of tables in scope where their arguments were linked.
    parameters: Vec<(String, usize, Typed)>,
    /// Whether we are in a function that runs as its owner.
    in_definer: bool,
    /// Whether an argument with SQL written by hand came to stand in a lookup of a predicate's body.
    raw_moved: bool,
    /// Types of the schema's own that no table in scope brings along.
    types: &'a [DeclaredType],
    /// The next node's number.
    next: usize,
    problems: Vec<Problem>,
}

impl<'a> Linker<'a> {
    fn new(others: Others<'a>) -> Self {
        Linker {
            others,
            scope: Vec::new(),
            called: Vec::new(),
            rows: Vec::new(),
            parameters: Vec::new(),
            in_definer: false,
            raw_moved: false,
            types: &[],
            next: 0,
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, node: usize, message: impl Into<String>, help: impl Into<String>) {
        let help = Some(help.into()).filter(|help| !help.is_empty());
        self.problems.push(Problem { node, message: message.into(), help });
    }

    /// The expression as it is written here.
    fn text(&self, expr: &Expr) -> String {
        expr.text_within(&self.rows)
    }

    /// An expression that has to be true or false.
    fn boolean(&mut self, expr: &Expr) -> Term {
        let (node, before) = (self.next, self.problems.len());
        let typed = self.value(expr);
        let boolean = match &typed.kind {
            Kind::Unknown => true,
            Kind::Known(ty) => ty.family() == TypeFamily::Boolean,
            Kind::Number | Kind::Untyped | Kind::Subject => false,
        };
        if !boolean && self.problems.len() == before {
            let expr = self.text(expr);
            let help = match typed.kind {
                Kind::Subject => "write `auth_uid(column)`".to_owned(),
                _ => format!("compare it, as in `{expr} == ..`"),
            };
            let is = typed.kind.describe();
            self.problem(node, format!("a predicate is true or false, and `{expr}` is {is}"), help);
        }
        typed.term
    }

    fn booleans(&mut self, operands: &[Expr]) -> Vec<Term> {
        operands.iter().map(|operand| self.boolean(operand)).collect()
    }

    /// An expression of any type.
    fn value(&mut self, expr: &Expr) -> Typed {
        let node = self.next;
        self.next += 1;
        match expr {
            Expr::Literal(Literal::Bool(value)) => truth(Term::Bool(*value)),
            Expr::Literal(literal @ Literal::Number(_)) => {
                Typed { term: Term::Constant(literal.clone()), kind: Kind::Number }
            }
            Expr::Literal(literal @ Literal::Text(_)) => {
                Typed { term: Term::Constant(literal.clone()), kind: Kind::Untyped }
            }
            Expr::Column(column) => {
                let typed = self.column(node, column);
                self.no_citext_in_definer(node, &typed.kind);
                typed
            }
            Expr::Parameter(name) => self.parameter(node, name),
            Expr::Now => request(Request::Now, Kind::base(BaseType::Timestamptz)),
            Expr::Interval(interval) => {
                let kind = Kind::base(BaseType::Interval);
                Typed { term: Term::Interval(*interval), kind }
            }
            Expr::Shift { op, time, by } => self.shift(node, *op, time, by),
            Expr::AuthUid => {
                let term = Term::Request(Request::Subject(crate::model::SubjectType::Text));
                Typed { term, kind: Kind::Subject }
            }
            Expr::Claim(path) => request(Request::Claim(path.clone()), Kind::base(BaseType::Text)),
            Expr::Role => {
                if self.in_definer {
                    let message = "in `definer(..)` the role is the function's owner";
                    self.problem(node, message, "ask for `role()` outside of it");
                }
                request(Request::Role, Kind::base(BaseType::Text))
            }
            Expr::Json { value, path } => self.json(node, value, path, JsonOutput::Text),
            Expr::Cast { value, ty } => self.cast(node, value, ty),
            Expr::Compare { op, left, right } => self.compare(node, *op, left, right),
            Expr::In { value, list } => self.is_in(node, value, list),
            Expr::Matches { form, value, pattern } => self.matches(node, *form, value, pattern),
            Expr::Contains { container, value } => self.contains(node, container, value),
            Expr::And(operands) => truth(Term::And(self.booleans(operands))),
            Expr::Or(operands) => truth(Term::Or(self.booleans(operands))),
            Expr::Not(inner) => truth(Term::Not(Box::new(self.boolean(inner)))),
            Expr::IsNull(inner) => truth(Term::IsNull(Box::new(self.value(inner).term))),
            Expr::Exists { table, alias, filter } => truth(self.exists(node, table, alias, filter)),
            Expr::Definer(lookup) => self.definer(node, lookup),
            Expr::Named { path, predicate, arguments } => {
                self.named(node, path, predicate.as_deref(), arguments)
            }
            Expr::Sql(text) => {
                if self.in_definer {
                    let message = "a function that runs as its owner holds no SQL written by hand";
                    self.problem(node, message, "take the `sql(\"..\")` out of the `definer(..)`");
                }
                Typed { term: Term::Raw(text.clone()), kind: Kind::Unknown }
            }
        }
    }
}

fn truth(term: Term) -> Typed {
    Typed { term, kind: Kind::base(BaseType::Boolean) }
}

fn request(request: Request, kind: Kind) -> Typed {
    Typed { term: Term::Request(request), kind }
}
