//! Linking: a declared expression becomes a [`Term`]. Fields are found in their tables, types are
//! inferred and checked, and what is only a way of writing is written out. Every problem carries the
//! number of the node it is about, counted in preorder, so that whoever has the source can point at
//! the token.

use super::kind::{Kind, Typed, castable, comparable, remedy, settle, subject_type};
use super::term::{Column, JsonOutput, Lookup, Request, Term};
use crate::model::{
    BaseType, ColumnRef, CompareOp, DeclaredTable, Expr, Ident, Literal, NamedPredicate, PgType,
    QualifiedName, ShiftOp, TextForm, TypeFamily,
};
use crate::resolve::nearest;

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
    let mut typed = linker.value(expr);
    if let Some(ty) = ty {
        let settled = settle(&mut typed, &Kind::Known(ty.clone())).is_ok();
        let fits = match &typed.kind {
            Kind::Unknown => true,
            Kind::Untyped => {
                ty.array || ![TypeFamily::Number, TypeFamily::Boolean].contains(&ty.family())
            }
            Kind::Number => ty.family() == TypeFamily::Number && !ty.array,
            Kind::Known(default) => default.family() == ty.family(),
            Kind::Subject => false,
        };
        if linker.problems.is_empty() && !(settled && fits) {
            linker.problem(
                0,
                format!("the column is {ty}, and `{expr}` is not"),
                "write a value of that type, or `sql(\"..\")`",
            );
        }
    }
    (typed.term, linker.problems)
}

struct Linker<'a> {
    others: Others<'a>,
    /// The tables in scope, the innermost last; none for one that is unseen or unknown.
    scope: Vec<Option<Shape<'a>>>,
    /// Parameters with the number of tables in scope where their arguments were linked.
    parameters: Vec<(String, usize, Typed)>,
    /// Whether we are in a function that runs as its owner.
    in_definer: bool,
    /// The next node's number.
    next: usize,
    problems: Vec<Problem>,
}

impl<'a> Linker<'a> {
    fn new(others: Others<'a>) -> Self {
        Linker {
            others,
            scope: Vec::new(),
            parameters: Vec::new(),
            in_definer: false,
            next: 0,
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, node: usize, message: impl Into<String>, help: impl Into<String>) {
        let help = Some(help.into()).filter(|help| !help.is_empty());
        self.problems.push(Problem { node, message: message.into(), help });
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
            Expr::Column(column) => self.column(node, column),
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

    fn column(&mut self, node: usize, column: &ColumnRef) -> Typed {
        let unknown = |name: &str| Typed {
            term: Ident::new(name).map_or(Term::Bool(false), |name| {
                Term::Column(Column { up: column.up, name, ty: None, nullable: true })
            }),
            kind: Kind::Unknown,
        };
        let place = self.scope.len().checked_sub(column.up + 1);
        let Some(Some(shape)) = place.and_then(|place| self.scope.get(place)) else {
            if place.is_none() {
                let message = format!("there is no column `{}` here", column.field);
                self.problem(node, message, "a named predicate sees its parameters and no table");
            }
            return unknown(&column.field);
        };
        match shape.columns.iter().find(|known| known.field == column.field) {
            Some(found) => Typed {
                term: Term::Column(Column {
                    up: column.up,
                    name: found.name.clone(),
                    ty: found.ty.cloned(),
                    nullable: found.nullable,
                }),
                kind: found.ty.map_or(Kind::Unknown, |ty| Kind::Known(ty.clone())),
            },
            None => {
                let (message, help) =
                    unknown_column(shape, &column.field, column.up > 0 || self.scope.len() > 1);
                self.problem(node, message, help);
                unknown(&column.field)
            }
        }
    }

    /// What the parameter stands for, seen from the lookups that are around it now.
    fn parameter(&mut self, node: usize, name: &str) -> Typed {
        let depth = self.scope.len();
        let found = self.parameters.iter().rev().find(|(known, ..)| known == name);
        let found = found.map(|(_, linked_at, argument)| {
            let by = isize::try_from(depth - linked_at).unwrap_or_default();
            Typed { term: argument.term.clone().shifted(by), kind: argument.kind.clone() }
        });
        found.unwrap_or_else(|| {
            let known = self.parameters.iter().map(|(known, ..)| known.as_str());
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a named predicate sees its parameters and no table".to_owned(),
            };
            self.problem(node, format!("unknown parameter `{name}`"), help);
            Typed { term: Term::Bool(false), kind: Kind::Unknown }
        })
    }

    fn shift(&mut self, node: usize, op: ShiftOp, time: &Expr, by: &Expr) -> Typed {
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

    fn json(&mut self, node: usize, value: &Expr, path: &[String], output: JsonOutput) -> Typed {
        let typed = self.value(value);
        let jsonb = Kind::base(BaseType::Jsonb);
        if typed.kind != Kind::Unknown && typed.kind != jsonb {
            let is = typed.kind.describe();
            let message = format!("`{value}` is {is}, and only `jsonb` has something at a path");
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

    fn cast(&mut self, node: usize, value: &Expr, ty: &PgType) -> Typed {
        let mut typed = self.value(value);
        let kind = Kind::Known(ty.clone());
        if typed.kind == Kind::Subject && subject_type(ty).is_some() {
            let _ = settle(&mut typed, &kind);
            return typed;
        }
        if !castable(&typed.kind, ty) {
            let message =
                format!("`{value}` is {}, which does not become {ty}", typed.kind.describe());
            self.problem(node, message, "write what does, or `sql(\"..\")`");
        }
        if typed.kind == kind {
            return typed;
        }
        Typed { term: Term::Cast { value: Box::new(typed.term), ty: ty.clone() }, kind }
    }

    fn compare(&mut self, node: usize, op: CompareOp, left: &Expr, right: &Expr) -> Typed {
        let left_node = self.next;
        let mut one = self.value(left);
        let right_node = self.next;
        let mut other = self.value(right);
        self.unify(node, (left, left_node, &mut one), (right, right_node, &mut other));
        let (left, right) = (Box::new(one.term), Box::new(other.term));
        truth(Term::Compare { op, left, right })
    }

    /// Gives subjects their types and reports what does not compare.
    fn unify(
        &mut self,
        node: usize,
        (left, left_node, one): (&Expr, usize, &mut Typed),
        (right, right_node, other): (&Expr, usize, &mut Typed),
    ) {
        let not_an_id = |expr: &Expr, kind: &Kind| {
            format!("the user's id is text or uuid, and `{expr}` is {}", kind.describe())
        };
        let help = "make it a `String` or a `Uuid`";
        if settle(one, &other.kind).is_err() {
            return self.problem(right_node, not_an_id(right, &other.kind), help);
        }
        if settle(other, &one.kind).is_err() {
            return self.problem(left_node, not_an_id(left, &one.kind), help);
        }
        if !comparable(&one.kind, &other.kind) {
            let (left_is, right_is) = (one.kind.describe(), other.kind.describe());
            self.problem(
                node,
                format!("`{left}` is {left_is} and `{right}` is {right_is}, which Postgres does not compare"),
                remedy((left, &one.kind), (right, &other.kind)),
            );
        }
    }

    fn is_in(&mut self, node: usize, value: &Expr, list: &[Expr]) -> Typed {
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

    fn matches(&mut self, node: usize, form: TextForm, value: &Expr, pattern: &Expr) -> Typed {
        let text = self.value(value);
        let wanted = self.value(pattern);
        for (expr, kind) in [(value, &text.kind), (pattern, &wanted.kind)] {
            let family = kind.family();
            if family.is_some_and(|family| family != TypeFamily::Text) {
                let message = format!("`{expr}` is {}, and only text has a form", kind.describe());
                self.problem(node, message, format!("write `{expr} as String`"));
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

    fn contains(&mut self, node: usize, container: &Expr, value: &Expr) -> Typed {
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
                let is = inside.kind.describe();
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
            let message = format!(
                "`{value}` is {}, and what is looked for here is text",
                wanted.kind.describe()
            );
            self.problem(value_node, message, "write a string");
        }
        if ty.base == BaseType::Jsonb {
            let (container, value) = (Box::new(inside.term), Box::new(wanted.term));
            return truth(Term::JsonContains { container, value });
        }
        if ty.family() != TypeFamily::Text {
            let message = format!("`{container}` is {ty}, which contains nothing");
            self.problem(node, message, "only arrays, `jsonb`, claims and text contain something");
        }
        let (text, part) = (Box::new(inside.term), Box::new(wanted.term));
        truth(Term::TextContains { text, part })
    }

    fn exists(&mut self, node: usize, table: &str, alias: &str, filter: &Expr) -> Term {
        let shape = self.table(node, table);
        let name = shape.as_ref().map(|shape| shape.table.clone());
        self.scope.push(shape);
        let filter = self.boolean(filter);
        self.scope.pop();
        match name {
            Some(table) => Term::Exists(Box::new(Lookup {
                table,
                alias: alias.to_owned(),
                filter,
                probe: false,
            })),
            None => Term::Bool(false),
        }
    }

    fn table(&mut self, node: usize, path: &str) -> Option<Shape<'a>> {
        let name = Expr::last_segment(path);
        let shapes = match self.others {
            Others::All(shapes) => shapes,
            Others::Unseen => {
                // A table sees itself.
                let own = self.scope.first().cloned().flatten();
                return own.filter(|own| own.rust_name == name);
            }
        };
        let found: Vec<_> = shapes.iter().filter(|shape| shape.rust_name == name).collect();
        match found.as_slice() {
            [one] => Some((*one).clone()),
            [] => {
                let known = shapes.iter().map(|shape| shape.rust_name);
                let help = match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a struct that derives `Table`".to_owned(),
                };
                self.problem(node, format!("unknown table `{name}`"), help);
                None
            }
            [one, other, ..] => {
                let message = format!(
                    "`{name}` declares both the table `{}` and the table `{}`",
                    one.table, other.table
                );
                self.problem(node, message, "give one of the structs another name");
                None
            }
        }
    }

    fn definer(&mut self, node: usize, lookup: &Expr) -> Typed {
        let outer = std::mem::replace(&mut self.in_definer, true);
        let term = self.boolean(lookup);
        self.in_definer = outer;
        if outer {
            self.problem(
                node,
                "this is inside of a `definer(..)` already",
                "take one of the two away",
            );
        }
        match term {
            Term::Exists(lookup) => truth(Term::Definer(lookup)),
            term => {
                // Of an unseen table, nothing is known.
                if !matches!(lookup, Expr::Exists { .. }) {
                    let message = "`definer` takes a lookup";
                    self.problem(node, message, "write `definer(exists(Table, |row| ..))`");
                }
                truth(term)
            }
        }
    }

    fn named(
        &mut self,
        node: usize,
        path: &str,
        predicate: Option<&NamedPredicate>,
        arguments: &[Expr],
    ) -> Typed {
        let Some(predicate) = predicate else {
            for argument in arguments {
                self.value(argument);
            }
            if matches!(self.others, Others::All(_)) {
                let message = format!("unknown predicate `{path}`");
                self.problem(node, message, "declare it with `#[rls_schema::predicate]`");
            }
            return truth(Term::Bool(false));
        };
        let depth = self.scope.len();
        let (name, wanted) = (&predicate.name, predicate.parameters.len());
        if wanted != arguments.len() {
            let plural = if wanted == 1 { "" } else { "s" };
            let message =
                format!("`{name}` takes {wanted} argument{plural}, here: {}", arguments.len());
            self.problem(node, message, "");
            for argument in arguments {
                self.value(argument);
            }
            return truth(Term::Bool(false));
        }
        let mut linked = Vec::new();
        for (at, argument) in arguments.iter().enumerate() {
            let argument_node = self.next;
            let mut typed = self.value(argument);
            let Some((parameter, ty)) = predicate.parameters.get(at) else { continue };
            let kind = Kind::Known(ty.clone());
            if settle(&mut typed, &kind).is_err() || !comparable(&typed.kind, &kind) {
                let is = typed.kind.describe();
                let message =
                    format!("`{parameter}` of `{name}` is {ty}, and `{argument}` is {is}");
                self.problem(argument_node, message, "");
            }
            linked.push((parameter.clone(), depth, Typed { term: typed.term, kind }));
        }
        // The body's own problems are told where it is declared, once.
        let (next, problems) = (self.next, self.problems.len());
        let outer = std::mem::replace(&mut self.parameters, linked);
        let term = self.boolean(&predicate.body);
        self.parameters = outer;
        self.next = next;
        if self.problems.len() > problems {
            self.problems.truncate(problems);
            self.problem(node, format!("the predicate `{name}` has a mistake of its own"), "");
        }
        truth(term)
    }
}

fn truth(term: Term) -> Typed {
    Typed { term, kind: Kind::base(BaseType::Boolean) }
}

fn request(request: Request, kind: Kind) -> Typed {
    Typed { term: Term::Request(request), kind }
}

/// A text as a pattern that matches nothing but itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn unknown_column(shape: &Shape<'_>, field: &str, qualify: bool) -> (String, String) {
    let fields = || shape.columns.iter().map(|column| column.field);
    let renamed = shape.columns.iter().find(|column| column.name.as_str() == field);
    let help = if shape.skipped.contains(&field) {
        "the field is marked `skip`".to_owned()
    } else if let Some(column) = renamed {
        format!("the field of that column is called `{}`", column.field)
    } else if let Some(near) = nearest(field, fields()) {
        format!("did you mean `{near}`?")
    } else {
        let names: Vec<_> = fields().map(|name| format!("`{name}`")).collect();
        format!("the columns are {}", names.join(", "))
    };
    let of = if qualify { format!(" of `{}`", shape.rust_name) } else { String::new() };
    (format!("unknown column `{field}`{of}"), help)
}
