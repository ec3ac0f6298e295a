//! Expressions: predicates of policies and defaults of columns.

use super::Ident;

/// A typed expression that knows no provider: what `#[rls(..)]` says, after checking.
///
/// A *predicate* is an `Expr` of type boolean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A constant.
    Literal(Literal),
    /// A column of the table that the expression belongs to.
    Column(Ident),
    /// The start of the current transaction.
    Now,
    /// The subject (`sub`) of the verified token, or NULL without one.
    AuthUid(SubjectType),
    /// A claim of the verified token as text, by its path, or NULL where it is absent.
    Claim(Vec<String>),
    /// A comparison; NULL on either side makes it NULL.
    Compare {
        /// Which comparison.
        op: CompareOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// All of the operands hold. Two or more operands.
    And(Vec<Expr>),
    /// At least one of the operands holds. Two or more operands.
    Or(Vec<Expr>),
    /// The operand does not hold.
    Not(Box<Expr>),
    /// The operand is NULL.
    IsNull(Box<Expr>),
    /// SQL text written by hand, for the provider in use.
    Sql(String),
}

/// A constant in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// An integer or decimal number, in the digits it was written with.
    Number(String),
    /// A string.
    Text(String),
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
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Sql(String);

impl Sql {
    /// Takes SQL text that was rendered by this crate or read from a catalog.
    pub fn new(text: impl Into<String>) -> Self {
        Sql(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
