//! Expressions as they are declared: predicates of policies and defaults of columns, in the words of
//! the declaration. Names are those of Rust's structs and fields, and no types are known yet;
//! [`policy::link`](crate::policy::link) looks the names up and infers the types.

use std::sync::Arc;

use super::PgType;

/// A declared expression. A *predicate* is one that turns out to be boolean.
///
/// [`parts`](Expr::parts) gives the operands in a fixed order; counting them in preorder numbers
/// every node, which is how a message finds its place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A constant.
    Literal(Literal),
    /// A field of the table that the expression belongs to, or of one it looks rows up in.
    Column(ColumnRef),
    /// A parameter of a named predicate, in the predicate's own body.
    Parameter(String),
    /// The start of the current transaction.
    Now,
    /// A length of time: `days(1)`.
    Interval(Interval),
    /// A point in time moved by a length of time.
    Shift {
        /// Which way.
        op: ShiftOp,
        /// The point in time.
        time: Box<Expr>,
        /// By how much.
        by: Box<Expr>,
    },
    /// The subject (`sub`) of the verified token, or NULL without one; text or uuid, as what it is
    /// compared with asks for.
    AuthUid,
    /// A claim of the verified token as text, by its path, or NULL where it is absent.
    Claim(Vec<String>),
    /// The database role that the statement runs as.
    Role,
    /// What stands in a `jsonb` value at a path, as text.
    Json {
        /// The `jsonb` value.
        value: Box<Expr>,
        /// Keys, or places in an array.
        path: Vec<String>,
    },
    /// A value as another type: `claim("n") as i64`.
    Cast {
        /// The value.
        value: Box<Expr>,
        /// The type.
        ty: PgType,
    },
    /// A comparison; NULL on either side makes it NULL.
    Compare {
        /// Which comparison.
        op: CompareOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// The value equals one of the list.
    In {
        /// The value.
        value: Box<Expr>,
        /// What it may equal.
        list: Vec<Expr>,
    },
    /// A text has a form.
    Matches {
        /// Which form.
        form: TextForm,
        /// The text.
        value: Box<Expr>,
        /// The prefix, suffix or pattern.
        pattern: Box<Expr>,
    },
    /// An array, a `jsonb` array or a claim holds a value; or a text holds another.
    Contains {
        /// What is looked in.
        container: Box<Expr>,
        /// What is looked for.
        value: Box<Expr>,
    },
    /// All of the operands hold. Two or more operands.
    And(Vec<Expr>),
    /// At least one of the operands holds. Two or more operands.
    Or(Vec<Expr>),
    /// The operand does not hold.
    Not(Box<Expr>),
    /// The operand is NULL.
    IsNull(Box<Expr>),
    /// Another table has a row for which the filter holds.
    Exists {
        /// The path of the struct that declares the table.
        table: String,
        /// What the row is called in the filter, for the SQL.
        alias: String,
        /// The filter; in it, tables further out are one deeper.
        filter: Box<Expr>,
    },
    /// The lookup runs past the policies of the tables it reads, as the owner of a function.
    Definer(Box<Expr>),
    /// A predicate that was declared by itself and is used here.
    Named {
        /// The path by which it is called.
        path: String,
        /// What it says; none where that cannot be seen, which is so in the derive.
        predicate: Option<Box<NamedPredicate>>,
        /// What its parameters stand for.
        arguments: Vec<Expr>,
    },
    /// SQL text written by hand, for the provider in use.
    Sql(String),
}

/// A field by its name in Rust, and how many lookups lie between the expression and its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRef {
    /// 0 for the innermost table in scope: the table that the innermost `exists` around looks in,
    /// or the policy's own table outside of any.
    pub up: usize,
    /// The field.
    pub field: String,
}

/// A predicate with a name and parameters, declared once and used by many tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPredicate {
    /// Its name.
    pub name: String,
    /// Its parameters with their types, in order.
    pub parameters: Vec<(String, PgType)>,
    /// What it says of them.
    pub body: Expr,
}

/// A constant in an expression, or in the bound of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// An integer or decimal number, in the digits it was written with.
    Number(String),
    /// A string.
    Text(String),
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// How many.
    pub count: i64,
    /// Of what.
    pub unit: TimeUnit,
}

/// A unit of time, as Postgres's intervals know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Weeks of seven days.
    Weeks,
    /// Months of the calendar.
    Months,
    /// Years.
    Years,
}

/// Which way a point in time is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftOp {
    /// `+`
    Later,
    /// `-`
    Earlier,
}

/// What form a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// It begins with the other.
    StartsWith,
    /// It ends with the other.
    EndsWith,
    /// `LIKE`: `%` stands for anything, `_` for one character, `\` takes their meaning away.
    Like,
    /// `ILIKE`: the same without regard to case.
    ILike,
}

/// The type in which the subject of the token is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectType {
    /// `text`: any subject, such as Clerk's `user_…`.
    Text,
    /// `uuid`. A subject that is no UUID is NULL on Neon, and an error elsewhere.
    Uuid,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A compiled expression: SQL text for one provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "String", into = "String"))]
// Compiled expressions are handed from plan to plan and never changed.
pub struct Sql(Arc<str>);

impl Sql {
    /// Takes SQL text that was rendered by this crate or read from a catalog.
    pub fn new(text: impl Into<String>) -> Self {
        Sql(text.into().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Sql {
    fn from(text: String) -> Self {
        Sql(text.into())
    }
}

impl From<Sql> for String {
    fn from(sql: Sql) -> String {
        sql.0.as_ref().to_owned()
    }
}

impl Expr {
    /// A field of the innermost table.
    pub fn column(field: impl Into<String>) -> Self {
        Expr::Column(ColumnRef { up: 0, field: field.into() })
    }

    /// `true` or `false`.
    pub fn bool(value: bool) -> Self {
        Expr::Literal(Literal::Bool(value))
    }

    /// A comparison.
    pub fn compare(op: CompareOp, left: Expr, right: Expr) -> Self {
        Expr::Compare { op, left: Box::new(left), right: Box::new(right) }
    }

    /// The user's id equals a field of the innermost table: `auth_uid(field)`.
    pub fn owned_by(field: impl Into<String>) -> Self {
        Expr::compare(CompareOp::Eq, Expr::AuthUid, Expr::column(field))
    }

    /// The name of a struct or predicate that a path leads to, without the `r#` of a raw identifier.
    pub fn last_segment(path: &str) -> &str {
        let last = path.rsplit("::").next().unwrap_or(path);
        last.strip_prefix("r#").unwrap_or(last)
    }

    /// The operands, in order.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Literal(_)
            | Expr::Column(_)
            | Expr::Parameter(_)
            | Expr::Now
            | Expr::Interval(_)
            | Expr::AuthUid
            | Expr::Claim(_)
            | Expr::Role
            | Expr::Sql(_) => Vec::new(),
            Expr::Json { value, path: _ } | Expr::Cast { value, ty: _ } => vec![value],
            Expr::Shift { op: _, time, by } => vec![time, by],
            Expr::Compare { op: _, left, right } => vec![left, right],
            Expr::In { value, list } => std::iter::once(&**value).chain(list).collect(),
            Expr::Matches { form: _, value, pattern } => vec![value, pattern],
            Expr::Contains { container, value } => vec![container, value],
            Expr::And(operands) | Expr::Or(operands) => operands.iter().collect(),
            Expr::Not(inner) | Expr::IsNull(inner) | Expr::Definer(inner) => vec![inner],
            Expr::Exists { table: _, alias: _, filter } => vec![filter],
            // The body is declared, and blamed, elsewhere.
            Expr::Named { path: _, predicate: _, arguments } => arguments.iter().collect(),
        }
    }

    /// The operands, in order, to be changed.
    pub fn parts_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Expr::Literal(_)
            | Expr::Column(_)
            | Expr::Parameter(_)
            | Expr::Now
            | Expr::Interval(_)
            | Expr::AuthUid
            | Expr::Claim(_)
            | Expr::Role
            | Expr::Sql(_) => Vec::new(),
            Expr::Json { value, path: _ } | Expr::Cast { value, ty: _ } => vec![value],
            Expr::Shift { op: _, time, by } => vec![time, by],
            Expr::Compare { op: _, left, right } => vec![left, right],
            Expr::In { value, list } => std::iter::once(&mut **value).chain(list).collect(),
            Expr::Matches { form: _, value, pattern } => vec![value, pattern],
            Expr::Contains { container, value } => vec![container, value],
            Expr::And(operands) | Expr::Or(operands) => operands.iter_mut().collect(),
            Expr::Not(inner) | Expr::IsNull(inner) | Expr::Definer(inner) => vec![inner],
            Expr::Exists { table: _, alias: _, filter } => vec![filter],
            Expr::Named { path: _, predicate: _, arguments } => arguments.iter_mut().collect(),
        }
    }

    /// Every node, this one first, in preorder.
    pub fn nodes(&self) -> impl Iterator<Item = &Expr> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend(node.parts().into_iter().rev());
            Some(node)
        })
    }
}
