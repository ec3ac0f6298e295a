//! Indexes, and the keys that they have in common with exclusion constraints and partitions.
//!
//! Source: Postgres manual, `CREATE INDEX`.

use std::collections::BTreeMap;

use super::{Expr, Ident, QualifiedName, Site};

/// An index; its name is the key in the table's map.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        from = "written::Written<E>",
        into = "written::Written<E>",
        bound(serialize = "E: Clone + serde::Serialize")
    )
)]
pub struct Index<E = Expr> {
    /// The access method.
    pub method: Ident,
    /// Whether no two rows have the same keys.
    pub unique: bool,
    /// Whether, where it is unique, two NULLs are the same (Postgres 15 and later).
    pub nulls_not_distinct: bool,
    /// What it is searched by, in order.
    pub keys: Vec<IndexKey<E>>,
    /// Columns that it holds besides.
    pub include: Vec<Ident>,
    /// Which rows it is about.
    pub predicate: Option<E>,
    /// Storage parameters by name.
    pub with: BTreeMap<String, String>,
    /// Whether it is what a failed CREATE INDEX CONCURRENTLY has left: nothing uses it. None that is declared is.
    pub not_valid: bool,
}

/// What an index is searched by, or a table is partitioned by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IndexKey<E = Expr> {
    /// The value.
    pub value: IndexValue<E>,
    /// How text is compared, where that is not the column's own way.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub collation: Option<QualifiedName>,
    /// The operator class, where it is not the type's own.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub operator_class: Option<OperatorClass>,
    /// Whether it goes from large to small.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub descending: bool,
    /// Whether NULLs stand first, which is usual where it is descending.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub nulls_first: bool,
}

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum IndexValue<E = Expr> {
    /// A column.
    Column(Ident),
    /// An expression.
    Expr(E),
}

/// An operator class and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OperatorClass {
    /// Its name.
    pub name: QualifiedName,
    /// Its parameters by name.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub parameters: BTreeMap<String, String>,
}

impl<E> Index<E> {
    /// A plain B-tree index over columns.
    pub fn btree(columns: impl IntoIterator<Item = Ident>) -> Self {
        Index {
            method: Ident::literal("btree"),
            unique: false,
            nulls_not_distinct: false,
            keys: columns.into_iter().map(IndexKey::column).collect(),
            include: Vec::new(),
            predicate: None,
            with: BTreeMap::new(),
            not_valid: false,
        }
    }

    /// Its columns, where it is a B-tree over columns and all rows, whichever way they are sorted.
    pub fn plain_columns(&self) -> Option<Vec<Ident>> {
        let Index {
            method,
            unique: _,
            nulls_not_distinct: _,
            keys,
            include: _,
            predicate,
            with: _,
            not_valid: _,
        } = self;
        if method.as_str() != "btree" || predicate.is_some() {
            return None;
        }
        keys.iter().map(|key| key.plain_column().cloned()).collect()
    }

    /// The same index with its expressions put through `f`.
    pub fn map<F>(&self, name: &Ident, f: &mut impl FnMut(Site, &E) -> F) -> Index<F> {
        let Index { method, unique, nulls_not_distinct, keys, include, predicate, with, not_valid } =
            self;
        let keys = keys.iter().enumerate();
        let keys = keys.map(|(at, key)| key.map(|expr| f(Site::IndexKey(name.clone(), at), expr)));
        let keys = keys.collect();
        let site = || Site::IndexPredicate(name.clone());
        Index {
            method: method.clone(),
            unique: *unique,
            nulls_not_distinct: *nulls_not_distinct,
            keys,
            include: include.clone(),
            predicate: predicate.as_ref().map(|expr| f(site(), expr)),
            with: with.clone(),
            not_valid: *not_valid,
        }
    }
}

impl<E> IndexKey<E> {
    /// A column, from small to large.
    pub fn column(name: Ident) -> Self {
        IndexKey::of(IndexValue::Column(name))
    }

    /// A column or an expression, from small to large.
    pub fn of(value: IndexValue<E>) -> Self {
        IndexKey {
            value,
            collation: None,
            operator_class: None,
            descending: false,
            nulls_first: false,
        }
    }

    /// The column, where equality on it is what the column's type says.
    pub fn plain_column(&self) -> Option<&Ident> {
        let IndexKey { value, collation, operator_class, descending: _, nulls_first: _ } = self;
        match value {
            IndexValue::Column(name) if collation.is_none() && operator_class.is_none() => {
                Some(name)
            }
            IndexValue::Column(_) | IndexValue::Expr(_) => None,
        }
    }

    /// The same key with its expression, if it is one, put through `f`.
    pub fn map<F>(&self, f: impl FnOnce(&E) -> F) -> IndexKey<F> {
        let IndexKey { value, collation, operator_class, descending, nulls_first } = self;
        IndexKey {
            value: match value {
                IndexValue::Column(name) => IndexValue::Column(name.clone()),
                IndexValue::Expr(expr) => IndexValue::Expr(f(expr)),
            },
            collation: collation.clone(),
            operator_class: operator_class.clone(),
            descending: *descending,
            nulls_first: *nulls_first,
        }
    }
}

/// Indexes as snapshots have them: what is usual is left out, and an index of plain columns is the list
/// that it was before there were others.
#[cfg(feature = "serde")]
mod written {
    use std::collections::BTreeMap;

    use super::{Index, IndexKey};
    use crate::model::Ident;

    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Written<E> {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<Ident>,
        #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
        keys: Vec<IndexKey<E>>,
        #[serde(default = "btree", skip_serializing_if = "is_btree")]
        method: Ident,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unique: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        nulls_not_distinct: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        include: Vec<Ident>,
        #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
        predicate: Option<E>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        with: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        not_valid: bool,
    }

    fn btree() -> Ident {
        Ident::literal("btree")
    }

    fn is_btree(method: &Ident) -> bool {
        method.as_str() == "btree"
    }

    impl<E> From<Index<E>> for Written<E> {
        fn from(index: Index<E>) -> Self {
            let Index {
                method,
                unique,
                nulls_not_distinct,
                keys,
                include,
                predicate,
                with,
                not_valid,
            } = index;
            let plain = |key: &IndexKey<E>| {
                let usual = !key.descending && !key.nulls_first;
                key.plain_column().filter(|_| usual).cloned()
            };
            let (columns, keys) = match keys.iter().map(plain).collect::<Option<Vec<_>>>() {
                Some(columns) => (columns, Vec::new()),
                None => (Vec::new(), keys),
            };
            Written {
                columns,
                keys,
                method,
                unique,
                nulls_not_distinct,
                include,
                predicate,
                with,
                not_valid,
            }
        }
    }

    impl<E> From<Written<E>> for Index<E> {
        fn from(written: Written<E>) -> Self {
            let Written {
                columns,
                mut keys,
                method,
                unique,
                nulls_not_distinct,
                include,
                predicate,
                with,
                not_valid,
            } = written;
            keys.extend(columns.into_iter().map(IndexKey::column));
            Index { method, unique, nulls_not_distinct, keys, include, predicate, with, not_valid }
        }
    }
}
