//! Constraints of tables. The key in the table's map is the constraint's name.
//!
//! Source: Postgres manual, `CREATE TABLE`, "Constraints".

use super::{Expr, Ident, Index, IndexKey, QualifiedName, Site, Sql};

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PrimaryKey {
    /// The constraint's name.
    pub name: Ident,
    /// Its columns, in order.
    pub columns: Vec<Ident>,
    /// Columns that its index holds besides.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub include: Vec<Ident>,
    /// When it is checked.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Deferral::is_never"))]
    pub deferral: Deferral,
}

/// A UNIQUE constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unique {
    /// Its columns, in order.
    pub columns: Vec<Ident>,
    /// Columns that its index holds besides.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub include: Vec<Ident>,
    /// Whether two NULLs are the same (Postgres 15 and later).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub nulls_not_distinct: bool,
    /// When it is checked.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Deferral::is_never"))]
    pub deferral: Deferral,
}

impl PrimaryKey {
    /// The index that it is kept by.
    pub fn index<E>(&self) -> Index<E> {
        let PrimaryKey { name: _, columns, include, deferral: _ } = self;
        Index { unique: true, include: include.clone(), ..Index::btree(columns.iter().cloned()) }
    }
}

impl Unique {
    /// The index that it is kept by.
    pub fn index<E>(&self) -> Index<E> {
        let Unique { columns, include, nulls_not_distinct, deferral: _ } = self;
        Index {
            unique: true,
            nulls_not_distinct: *nulls_not_distinct,
            include: include.clone(),
            ..Index::btree(columns.iter().cloned())
        }
    }
}

/// A CHECK constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Check<E = Expr> {
    /// What no row may make false.
    pub expr: E,
    /// Whether tables that inherit from this one are spared.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub no_inherit: bool,
    /// Whether rows from before it are not known to fulfil it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub not_valid: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignKey {
    /// The referencing columns, in order.
    pub columns: Vec<Ident>,
    /// The referenced table.
    pub table: QualifiedName,
    /// The referenced columns, in the same order.
    pub references: Vec<Ident>,
    /// What deleting a referenced row does.
    pub on_delete: ReferentialAction,
    /// What changing a referenced key does.
    pub on_update: ReferentialAction,
    /// The columns that SET NULL and SET DEFAULT on deletion are about; none means all (Postgres 15
    /// and later).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub set_columns: Vec<Ident>,
    /// Whether a key of several columns is NULL as a whole or not at all.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub match_full: bool,
    /// When it is checked.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Deferral::is_never"))]
    pub deferral: Deferral,
    /// Whether rows from before it are not known to fulfil it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub not_valid: bool,
}

/// What happens to referencing rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ReferentialAction {
    /// Refused at the end of the statement, or of the transaction where deferred.
    NoAction,
    /// Refused at once.
    Restrict,
    /// The referencing rows follow.
    Cascade,
    /// The referencing columns become NULL.
    SetNull,
    /// The referencing columns take their defaults.
    SetDefault,
}

/// An EXCLUDE constraint: no two rows for which all operators hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exclusion<E = Expr> {
    /// The index's access method, such as `gist`.
    pub method: Ident,
    /// What is compared, and with which operator.
    pub elements: Vec<ExclusionElement<E>>,
    /// Columns that its index holds besides.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub include: Vec<Ident>,
    /// Which rows it is about.
    #[cfg_attr(
        feature = "serde",
        serde(default = "Option::default", skip_serializing_if = "Option::is_none")
    )]
    pub predicate: Option<E>,
    /// When it is checked.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Deferral::is_never"))]
    pub deferral: Deferral,
}

/// A part of an exclusion constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExclusionElement<E = Expr> {
    /// What is compared.
    pub key: IndexKey<E>,
    /// The operator as SQL: `&&`, or with its schema `OPERATOR(public.=)`.
    pub operator: Sql,
}

/// When a constraint is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Deferral {
    /// With each statement.
    #[default]
    Never,
    /// With each statement, unless the transaction says otherwise.
    InitiallyImmediate,
    /// At the end of the transaction, unless it says otherwise.
    InitiallyDeferred,
}

impl Deferral {
    /// Whether it is not deferrable, which is usual.
    pub fn is_never(&self) -> bool {
        *self == Deferral::Never
    }
}

impl PrimaryKey {
    /// A key without anything special.
    pub fn new(name: Ident, columns: Vec<Ident>) -> Self {
        PrimaryKey { name, columns, include: Vec::new(), deferral: Deferral::Never }
    }
}

impl Unique {
    /// A constraint without anything special.
    pub fn new(columns: Vec<Ident>) -> Self {
        Unique {
            columns,
            include: Vec::new(),
            nulls_not_distinct: false,
            deferral: Deferral::Never,
        }
    }
}

impl ForeignKey {
    /// A key without actions and anything special.
    pub fn new(columns: Vec<Ident>, table: QualifiedName, references: Vec<Ident>) -> Self {
        ForeignKey {
            columns,
            table,
            references,
            on_delete: ReferentialAction::NoAction,
            on_update: ReferentialAction::NoAction,
            set_columns: Vec::new(),
            match_full: false,
            deferral: Deferral::Never,
            not_valid: false,
        }
    }
}

impl<E> Check<E> {
    /// The same constraint with its expression put through `f`.
    pub fn map<F>(&self, name: &Ident, f: &mut impl FnMut(Site, &E) -> F) -> Check<F> {
        let Check { expr, no_inherit, not_valid } = self;
        let expr = f(Site::Check(name.clone()), expr);
        Check { expr, no_inherit: *no_inherit, not_valid: *not_valid }
    }
}

impl<E> Exclusion<E> {
    /// The same constraint with its expressions put through `f`.
    pub fn map<F>(&self, name: &Ident, f: &mut impl FnMut(Site, &E) -> F) -> Exclusion<F> {
        let Exclusion { method, elements, include, predicate, deferral } = self;
        let mut map = |(at, ExclusionElement { key, operator }): (usize, &ExclusionElement<E>)| {
            let key = key.map(|expr| f(Site::IndexKey(name.clone(), at), expr));
            ExclusionElement { key, operator: operator.clone() }
        };
        let elements = elements.iter().enumerate().map(&mut map).collect();
        let site = || Site::IndexPredicate(name.clone());
        Exclusion {
            method: method.clone(),
            elements,
            include: include.clone(),
            predicate: predicate.as_ref().map(|expr| f(site(), expr)),
            deferral: *deferral,
        }
    }
}
