//! Functions and procedures: those that are declared, and those that policies call to look past the
//! policies of other tables.

use std::collections::BTreeMap;
use std::fmt;

#[cfg(any(feature = "syntax", feature = "source"))]
use super::BaseType;
use super::{AllowedLint, DeclaredGrant, Ident, PgType, QualifiedName, Sql};

/// The schema that functions of ours live in. No role but the owner reaches it by name: policies
/// find what they call without.
pub const PRIVATE_SCHEMA: &str = "rls_private";

/// A function or a procedure.
///
/// Source: Postgres manual, `CREATE FUNCTION`, `CREATE PROCEDURE`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Function {
    /// Schema and name.
    pub name: QualifiedName,
    /// What it is called with and, where they are named, what it returns.
    pub arguments: Vec<Argument>,
    /// What it returns.
    pub returns: Returns,
    /// How it runs. Left out in a snapshot where it is as a lookup is.
    #[cfg_attr(
        feature = "serde",
        serde(
            default = "Attributes::of_lookup",
            skip_serializing_if = "Attributes::are_of_lookup"
        )
    )]
    pub attributes: Attributes,
    /// What it does.
    pub body: Body,
}

/// An argument of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Argument {
    /// What the body calls it; one without a name goes by its number.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub name: Option<Ident>,
    /// Its type; Postgres keeps no modifiers here.
    pub ty: PgType,
    /// Which way it goes.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "ArgumentMode::is_in"))]
    pub mode: ArgumentMode,
    /// What it is where a call leaves it out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub default: Option<Sql>,
}

/// Which way an argument goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ArgumentMode {
    /// Into the function.
    #[default]
    In,
    /// Out of it.
    Out,
    /// Both.
    InOut,
    /// Into it: all that is left, as an array.
    Variadic,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum Returns {
    /// One value; `record` where several arguments go out.
    Value(PgType),
    /// Any number of values.
    SetOf {
        /// The type of each.
        set_of: PgType,
    },
    /// Any number of rows.
    Table {
        /// The columns of each; never empty.
        table: Vec<ReturnedColumn>,
    },
    /// Nothing, for it is a procedure.
    Procedure,
}

/// A column of the rows that a function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReturnedColumn {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: PgType,
}

/// How a function runs. What is not said is as Postgres has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Attributes {
    /// What its body is written in.
    pub language: Ident,
    /// What its answer depends on.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Volatility::is_usual"))]
    pub volatility: Volatility,
    /// Whether it runs in parallel workers.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Parallel::is_usual"))]
    pub parallel: Parallel,
    /// Whether NULL in means NULL out, without a call.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "std::ops::Not::not"))]
    pub strict: bool,
    /// Whether it runs with the rights of its owner.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "std::ops::Not::not"))]
    pub security_definer: bool,
    /// Whether it tells nothing of its arguments but by what it returns.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "std::ops::Not::not"))]
    pub leakproof: bool,
    /// What a call is taken to cost, where that is not 100.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cost: Option<u32>,
    /// How many rows it is taken to return, where it returns a set and that is not 1000.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rows: Option<u32>,
    /// Settings while it runs. `search_path` is a list of schemas, any other has one value.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "BTreeMap::is_empty"))]
    pub settings: BTreeMap<String, Vec<String>>,
}

/// What the answer of a function depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Volatility {
    /// Its arguments alone.
    Immutable,
    /// What the database holds when the statement begins.
    Stable,
    /// Anything, and it may change things.
    #[default]
    Volatile,
}

/// Whether a function runs in parallel workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Parallel {
    /// It does.
    Safe,
    /// The statement may use workers, and the function stays with the leader.
    Restricted,
    /// The statement uses none.
    #[default]
    Unsafe,
}

/// What a function does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum Body {
    /// Text of its language, which Postgres keeps to the letter and reads when it is called.
    Text(String),
    /// `RETURN ..` or `BEGIN ATOMIC .. END`, which Postgres reads at once.
    Standard {
        /// The SQL.
        standard: Sql,
    },
}

/// What tells a function from every other one: several may share a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Routine {
    /// Schema and name.
    pub name: QualifiedName,
    /// The types of what goes in, without modifiers.
    pub arguments: Vec<PgType>,
}

/// What `#[derive(Function)]` makes of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredFunction {
    /// The function.
    pub function: Function,
    /// The role that it belongs to; none takes what rls.toml says of all.
    pub owner: Option<Ident>,
    /// Who may call it.
    pub grants: Vec<DeclaredGrant>,
    /// The comment on it.
    pub comment: Option<String>,
    /// Lints that are known and accepted, and why.
    pub allowed: Vec<AllowedLint>,
}

/// For messages; SQL text comes from the renderer, which quotes.
impl fmt::Display for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> = self.arguments.iter().map(ToString::to_string).collect();
        write!(f, "{}({})", self.name, types.join(", "))
    }
}

impl Routine {
    /// Whether it stands where only functions of ours may.
    pub fn is_private(&self) -> bool {
        self.name.schema.as_str() == PRIVATE_SCHEMA
    }
}

impl Function {
    /// A function that a policy calls to look past the policies of other tables. It reads with the
    /// rights of its owner, and the path is empty, so all names in the body are qualified. What a
    /// provider knows of the token may be in the backend that was told, and nowhere else.
    ///
    /// Source: Postgres manual, "Writing SECURITY DEFINER Functions Safely".
    pub fn lookup(
        name: QualifiedName,
        arguments: Vec<Argument>,
        returns: PgType,
        body: Sql,
    ) -> Function {
        Function {
            name,
            arguments,
            returns: Returns::Value(returns),
            attributes: Attributes::of_lookup(),
            body: Body::Text(body.as_str().to_owned()),
        }
    }

    /// What tells it from others.
    pub fn routine(&self) -> Routine {
        let into = |argument: &&Argument| argument.mode != ArgumentMode::Out;
        let types = self.arguments.iter().filter(into).map(|argument| unmodified(&argument.ty));
        Routine { name: self.name.clone(), arguments: types.collect() }
    }

    /// The function as Postgres keeps it: types have no modifiers there.
    #[must_use]
    pub fn as_kept(&self) -> Function {
        let Function { name, arguments, returns, attributes, body } = self;
        let argument =
            |argument: &Argument| Argument { ty: unmodified(&argument.ty), ..argument.clone() };
        let column = |ReturnedColumn { name, ty }: &ReturnedColumn| ReturnedColumn {
            name: name.clone(),
            ty: unmodified(ty),
        };
        let returns = match returns {
            Returns::Value(ty) => Returns::Value(unmodified(ty)),
            Returns::SetOf { set_of } => Returns::SetOf { set_of: unmodified(set_of) },
            Returns::Table { table } => {
                Returns::Table { table: table.iter().map(column).collect() }
            }
            Returns::Procedure => Returns::Procedure,
        };
        let returns_set = matches!(returns, Returns::SetOf { .. } | Returns::Table { .. });
        let Attributes { cost, rows, .. } = attributes;
        Function {
            name: name.clone(),
            arguments: arguments.iter().map(argument).collect(),
            attributes: Attributes {
                cost: cost.filter(|cost| *cost != 100),
                rows: rows.filter(|rows| returns_set && *rows != 1000),
                ..attributes.clone()
            },
            returns,
            body: body.clone(),
        }
    }
}

/// Types that only functions have. Source: Postgres manual, "Pseudo-Types".
#[cfg(any(feature = "syntax", feature = "source"))]
const PSEUDO_TYPES: &[&str] = &[
    "any",
    "anyelement",
    "anyarray",
    "anynonarray",
    "anyenum",
    "anyrange",
    "anymultirange",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anycompatiblemultirange",
    "record",
    "trigger",
    "event_trigger",
    "void",
];

/// The type of that name that only functions have.
#[cfg(any(feature = "syntax", feature = "source"))]
pub(crate) fn pseudo_type(name: &str) -> Option<PgType> {
    PSEUDO_TYPES.iter().find(|known| **known == name).map(|name| of_catalog(name))
}

#[cfg(any(feature = "syntax", feature = "source"))]
fn of_catalog(name: &'static str) -> PgType {
    let name = QualifiedName::new(Ident::literal("pg_catalog"), Ident::literal(name));
    PgType::plain(BaseType::Named(name))
}

/// Whether it is one of those.
#[cfg(feature = "source")]
pub(crate) fn is_pseudo_type(ty: &PgType) -> bool {
    match &ty.base {
        BaseType::Named(name) => pseudo_type(name.name.as_str()).as_ref() == Some(ty),
        _ => false,
    }
}

impl Returns {
    /// What is returned where nothing else is said: one type where one argument goes out, a row where
    /// several do, else nothing.
    #[cfg(any(feature = "syntax", feature = "source"))]
    pub(crate) fn made_of(arguments: &[Argument]) -> PgType {
        let out =
            |argument: &&Argument| matches!(argument.mode, ArgumentMode::Out | ArgumentMode::InOut);
        let out: Vec<_> = arguments.iter().filter(out).collect();
        match out.as_slice() {
            [one] => one.ty.clone(),
            [] => of_catalog("void"),
            _ => of_catalog("record"),
        }
    }

    /// The types of all that comes out.
    pub fn types(&self) -> Vec<&PgType> {
        match self {
            Returns::Value(ty) => vec![ty],
            Returns::SetOf { set_of } => vec![set_of],
            Returns::Table { table } => table.iter().map(|column| &column.ty).collect(),
            Returns::Procedure => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub(crate) fn types_mut(&mut self) -> Vec<&mut PgType> {
        match self {
            Returns::Value(ty) => vec![ty],
            Returns::SetOf { set_of } => vec![set_of],
            Returns::Table { table } => table.iter_mut().map(|column| &mut column.ty).collect(),
            Returns::Procedure => Vec::new(),
        }
    }
}

impl Body {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Body::Text(text) => text,
            Body::Standard { standard } => standard.as_str(),
        }
    }
}

impl Argument {
    /// One that goes in under a name.
    pub fn named(name: Ident, ty: PgType) -> Argument {
        Argument { name: Some(name), ty, mode: ArgumentMode::In, default: None }
    }
}

impl Attributes {
    /// As Postgres has them.
    pub fn of(language: Ident) -> Attributes {
        Attributes {
            language,
            volatility: Volatility::default(),
            parallel: Parallel::default(),
            strict: false,
            security_definer: false,
            leakproof: false,
            cost: None,
            rows: None,
            settings: BTreeMap::new(),
        }
    }

    /// Of a function that reads as its owner for a policy: it writes nothing, and nothing of the
    /// caller's reaches into it.
    pub fn of_lookup() -> Attributes {
        Attributes {
            volatility: Volatility::Stable,
            parallel: Parallel::Restricted,
            security_definer: true,
            settings: BTreeMap::from([("search_path".to_owned(), vec![String::new()])]),
            ..Attributes::of(Ident::literal("sql"))
        }
    }

    /// Whether they are those of a lookup.
    pub fn are_of_lookup(&self) -> bool {
        *self == Attributes::of_lookup()
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Attributes::of(Ident::literal("sql"))
    }
}

impl ArgumentMode {
    /// Whether it goes without saying.
    pub fn is_in(&self) -> bool {
        *self == ArgumentMode::In
    }
}

impl Volatility {
    /// Whether it goes without saying.
    pub fn is_usual(&self) -> bool {
        *self == Volatility::default()
    }
}

impl Parallel {
    /// Whether it goes without saying.
    pub fn is_usual(&self) -> bool {
        *self == Parallel::default()
    }
}

fn unmodified(ty: &PgType) -> PgType {
    PgType { modifiers: Vec::new(), ..ty.clone() }
}

/// JSON has no structured keys; a function carries its own.
#[cfg(feature = "serde")]
pub(super) mod by_routine {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Function, Routine};

    pub(in crate::model) fn serialize<S: Serializer>(
        functions: &BTreeMap<Routine, Function>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(functions.values())
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Routine, Function>, D::Error> {
        let mut functions = BTreeMap::new();
        for function in Vec::<Function>::deserialize(deserializer)? {
            let routine = function.routine();
            if functions.insert(routine.clone(), function).is_some() {
                return Err(D::Error::custom(format!("{routine} stands twice")));
            }
        }
        Ok(functions)
    }
}
