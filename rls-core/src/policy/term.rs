//! Expressions after linking: every name found, every type known, nothing left that is only a way of
//! writing. The optimizer works on these, and [`render`](crate::render) writes them as SQL.

use crate::model::{
    CompareOp, Ident, Interval, Literal, PgType, QualifiedName, ShiftOp, SubjectType,
};

/// A linked expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `true` or `false`.
    Bool(bool),
    /// A number or a string.
    Constant(Literal),
    /// A column of a table in scope.
    Column(Column),
    /// An argument of the function that the term is in, counted from 1.
    Argument(usize),
    /// Something about the request, the same for every row.
    Request(Request),
    /// A length of time.
    Interval(Interval),
    /// A point in time moved by a length of time.
    Shift {
        /// Which way.
        op: ShiftOp,
        /// The point in time.
        time: Box<Term>,
        /// By how much.
        by: Box<Term>,
    },
    /// A value as another type.
    Cast {
        /// The value.
        value: Box<Term>,
        /// The type.
        ty: PgType,
    },
    /// What stands in a `jsonb` value at a path.
    Json {
        /// The `jsonb` value.
        value: Box<Term>,
        /// The path.
        path: Vec<String>,
        /// Whether it comes out as text or as `jsonb`.
        output: JsonOutput,
    },
    /// A comparison.
    Compare {
        /// Which.
        op: CompareOp,
        /// Left operand.
        left: Box<Term>,
        /// Right operand.
        right: Box<Term>,
    },
    /// `value IN (list)`; the list has at least two items.
    In {
        /// The value.
        value: Box<Term>,
        /// What it may equal.
        list: Vec<Term>,
    },
    /// `value LIKE pattern`.
    Like {
        /// The text.
        value: Box<Term>,
        /// The pattern.
        pattern: Box<Term>,
        /// Whether case counts.
        case_sensitive: bool,
    },
    /// `starts_with(value, prefix)`, for a prefix that is no constant.
    StartsWith {
        /// The text.
        value: Box<Term>,
        /// The prefix.
        prefix: Box<Term>,
    },
    /// `value = ANY (array)`.
    Any {
        /// The value.
        value: Box<Term>,
        /// The array.
        array: Box<Term>,
    },
    /// `container @> value`, both `jsonb`.
    JsonContains {
        /// The `jsonb` value that is looked in.
        container: Box<Term>,
        /// A text that is looked for, as an element.
        value: Box<Term>,
    },
    /// `strpos(text, part) > 0`.
    TextContains {
        /// The text.
        text: Box<Term>,
        /// The part.
        part: Box<Term>,
    },
    /// All hold. Two or more.
    And(Vec<Term>),
    /// At least one holds. Two or more.
    Or(Vec<Term>),
    /// Does not hold.
    Not(Box<Term>),
    /// Is NULL.
    IsNull(Box<Term>),
    /// `EXISTS (SELECT 1 FROM table WHERE filter)`: never NULL.
    Exists(Box<Lookup>),
    /// The value is among those that the lookup's rows give: NULL where it is not, and it or one of
    /// those is NULL. Made by the optimizer only.
    Member {
        /// The value.
        value: Box<Term>,
        /// The rows.
        lookup: Box<Lookup>,
        /// What each row gives, in the lookup's scope.
        output: Column,
        /// How it is asked.
        form: MemberForm,
    },
    /// A lookup that runs as the owner of a function; linked, not yet compiled.
    Definer(Box<Lookup>),
    /// A call of a function that was compiled for a [`Definer`](Term::Definer) lookup.
    Call {
        /// The function.
        function: QualifiedName,
        /// Its arguments.
        arguments: Vec<Term>,
    },
    /// `value = ANY ((SELECT function())::type)`, for a function that returns an array.
    AnyOfCall {
        /// The value.
        value: Box<Term>,
        /// The function.
        function: QualifiedName,
        /// The array's type.
        ty: PgType,
    },
    /// Evaluated once for each statement: `(SELECT term)`. Made by the optimizer only.
    Once(Box<Term>),
    /// SQL that somebody wrote.
    Raw(String),
}

/// A column of a table in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// 0 for the innermost table in scope.
    pub up: usize,
    /// Its name in the database.
    pub name: Ident,
    /// Its type, where it is known.
    pub ty: Option<PgType>,
    /// Whether it may hold NULL.
    pub nullable: bool,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// When the transaction began.
    Now,
    /// The token's subject.
    Subject(SubjectType),
    /// A claim as text.
    Claim(Vec<String>),
    /// A claim as `jsonb`.
    ClaimJson(Vec<String>),
    /// The database role.
    Role,
}

/// How a `jsonb` path comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonOutput {
    /// As text.
    Text,
    /// As `jsonb`.
    Json,
}

/// Rows of another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The table.
    pub table: QualifiedName,
    /// What its row is called, before clashes are avoided.
    pub alias: String,
    /// Which rows; in it, tables further out are one deeper.
    pub filter: Term,
    /// Whether it is planned as one look for each row. Set by the optimizer only.
    pub probe: bool,
}

/// How membership is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberForm {
    /// `value = ANY (ARRAY(SELECT output …))`: the rows are read once, and an index that leads with
    /// the value's column finds those that match.
    Array,
    /// `value IN (SELECT output …)`: the rows are read once into a hash table.
    Hashed,
}

impl Term {
    /// The operands, in order, each with how many tables it adds to the scope.
    pub fn parts(&self) -> Vec<(&Term, usize)> {
        match self {
            Term::Bool(_)
            | Term::Constant(_)
            | Term::Column(_)
            | Term::Argument(_)
            | Term::Request(_)
            | Term::Interval(_)
            | Term::Raw(_) => Vec::new(),
            Term::Shift { op: _, time: one, by: other }
            | Term::Compare { op: _, left: one, right: other }
            | Term::Like { value: one, pattern: other, case_sensitive: _ }
            | Term::StartsWith { value: one, prefix: other }
            | Term::Any { value: one, array: other }
            | Term::JsonContains { container: one, value: other }
            | Term::TextContains { text: one, part: other } => vec![(one, 0), (other, 0)],
            Term::Cast { value, ty: _ }
            | Term::Json { value, path: _, output: _ }
            | Term::Not(value)
            | Term::IsNull(value)
            | Term::AnyOfCall { value, function: _, ty: _ }
            | Term::Once(value) => vec![(value, 0)],
            Term::In { value, list } => {
                std::iter::once(&**value).chain(list).map(|term| (term, 0)).collect()
            }
            Term::And(terms) | Term::Or(terms) | Term::Call { function: _, arguments: terms } => {
                terms.iter().map(|term| (term, 0)).collect()
            }
            Term::Exists(lookup) | Term::Definer(lookup) => vec![(&lookup.filter, 1)],
            Term::Member { value, lookup, output: _, form: _ } => {
                vec![(value, 0), (&lookup.filter, 1)]
            }
        }
    }

    /// The same term with each operand put through `f`, which is told how many tables it adds to
    /// the scope.
    #[must_use]
    pub fn map_parts(self, f: &mut impl FnMut(Term, usize) -> Term) -> Term {
        let mut one = |term: Box<Term>| Box::new(f(*term, 0));
        match self {
            Term::Bool(_)
            | Term::Constant(_)
            | Term::Column(_)
            | Term::Argument(_)
            | Term::Request(_)
            | Term::Interval(_)
            | Term::Raw(_) => self,
            Term::Shift { op, time, by } => Term::Shift { op, time: one(time), by: one(by) },
            Term::Cast { value, ty } => Term::Cast { value: one(value), ty },
            Term::Json { value, path, output } => Term::Json { value: one(value), path, output },
            Term::Compare { op, left, right } => {
                Term::Compare { op, left: one(left), right: one(right) }
            }
            Term::In { value, list } => Term::In {
                value: one(value),
                list: list.into_iter().map(|term| f(term, 0)).collect(),
            },
            Term::Like { value, pattern, case_sensitive } => {
                Term::Like { value: one(value), pattern: one(pattern), case_sensitive }
            }
            Term::StartsWith { value, prefix } => {
                Term::StartsWith { value: one(value), prefix: one(prefix) }
            }
            Term::Any { value, array } => Term::Any { value: one(value), array: one(array) },
            Term::JsonContains { container, value } => {
                Term::JsonContains { container: one(container), value: one(value) }
            }
            Term::TextContains { text, part } => {
                Term::TextContains { text: one(text), part: one(part) }
            }
            Term::And(terms) => Term::And(terms.into_iter().map(|term| f(term, 0)).collect()),
            Term::Or(terms) => Term::Or(terms.into_iter().map(|term| f(term, 0)).collect()),
            Term::Not(value) => Term::Not(one(value)),
            Term::IsNull(value) => Term::IsNull(one(value)),
            Term::Exists(lookup) => Term::Exists(Box::new(lookup.map_filter(f))),
            Term::Definer(lookup) => Term::Definer(Box::new(lookup.map_filter(f))),
            Term::Member { value, lookup, output, form } => {
                let value = one(value);
                Term::Member { value, lookup: Box::new(lookup.map_filter(f)), output, form }
            }
            Term::Call { function, arguments } => Term::Call {
                function,
                arguments: arguments.into_iter().map(|term| f(term, 0)).collect(),
            },
            Term::AnyOfCall { value, function, ty } => {
                Term::AnyOfCall { value: one(value), function, ty }
            }
            Term::Once(value) => Term::Once(one(value)),
        }
    }

    /// Every node with how many tables were added to the scope on the way, this one first.
    pub fn nodes(&self) -> impl Iterator<Item = (&Term, usize)> {
        let mut open = vec![(self, 0)];
        std::iter::from_fn(move || {
            let (node, depth) = open.pop()?;
            open.extend(node.parts().into_iter().rev().map(|(part, adds)| (part, depth + adds)));
            Some((node, depth))
        })
    }

    /// Whether the term reads a column of the table `up` from here, or might: raw SQL could read
    /// any.
    pub fn reads(&self, up: usize) -> bool {
        self.nodes().any(|(node, depth)| match node {
            Term::Column(column) => column.up == up + depth,
            Term::Raw(_) => true,
            _ => false,
        })
    }

    /// Whether the term reads any table in scope outside of itself.
    pub fn reads_outside(&self) -> bool {
        self.reads_beyond(0)
    }

    /// Whether the term reads a table that is further out than the `tables` innermost ones.
    pub fn reads_beyond(&self, tables: usize) -> bool {
        self.nodes().any(|(node, depth)| match node {
            Term::Column(column) => column.up >= depth + tables,
            Term::Raw(_) => true,
            _ => false,
        })
    }

    /// The lookup that the term is, if it is one that runs under the caller's policies.
    pub fn lookup(&self) -> Option<&Lookup> {
        match self {
            Term::Exists(lookup) | Term::Member { lookup, .. } => Some(lookup),
            _ => None,
        }
    }

    /// The same term seen from a scope that has `by` tables more around it (or, negative, fewer):
    /// columns from outside of the term are renumbered.
    #[must_use]
    pub fn shifted(self, by: isize) -> Term {
        shift(self, by, 0)
    }
}

fn shift(term: Term, by: isize, depth: usize) -> Term {
    if let Term::Column(column) = term {
        let outside = column.up >= depth;
        let up = if outside { column.up.saturating_add_signed(by) } else { column.up };
        return Term::Column(Column { up, ..column });
    }
    term.map_parts(&mut |part, adds| shift(part, by, depth + adds))
}

impl Lookup {
    fn map_filter(self, f: &mut impl FnMut(Term, usize) -> Term) -> Lookup {
        let Lookup { table, alias, filter, probe } = self;
        Lookup { table, alias, filter: f(filter, 1), probe }
    }
}

/// The operands of a conjunction, or the term itself.
pub fn conjuncts(term: Term) -> Vec<Term> {
    match term {
        Term::And(all) => all,
        Term::Bool(true) => Vec::new(),
        other => vec![other],
    }
}

/// A conjunction of any number of terms.
pub fn all(mut terms: Vec<Term>) -> Term {
    match terms.len() {
        0 => Term::Bool(true),
        1 => terms.remove(0),
        _ => Term::And(terms),
    }
}

/// A disjunction of any number of terms.
pub fn any(mut terms: Vec<Term>) -> Term {
    match terms.len() {
        0 => Term::Bool(false),
        1 => terms.remove(0),
        _ => Term::Or(terms),
    }
}
