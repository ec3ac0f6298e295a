//! Which SQL texts are the same expression. Text alone cannot say; the server can.

use std::collections::BTreeMap;

use crate::model::{Ident, QualifiedName, Sql};

/// Where an expression stands: the same text may mean different things elsewhere. Domains have sites
/// too, for types and tables share their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The table or domain that it belongs to.
    pub table: QualifiedName,
    /// The column whose default it is, or which is computed from it; none for a policy.
    pub default_of: Option<Ident>,
}

impl Site {
    /// The default of a domain.
    pub(crate) fn default_of_type(name: &QualifiedName) -> Site {
        Site { table: name.clone(), default_of: Some(name.name.clone()) }
    }
}

/// What Postgres makes of expressions. An empty one compares texts as they are, which is right
/// between two schemas that this crate compiled.
#[derive(Clone, Debug, Default)]
pub struct Canonical {
    texts: BTreeMap<Site, BTreeMap<Sql, Sql>>,
    columns: BTreeMap<Site, BTreeMap<Sql, Vec<String>>>,
}

impl Canonical {
    /// Records what the server writes for an expression.
    pub fn insert(&mut self, site: Site, source: Sql, canonical: Sql) {
        self.texts.entry(site).or_default().insert(source, canonical);
    }

    /// Records the columns that the server sees in what a view shows: name, type and order of text of each.
    #[cfg(feature = "postgres")]
    pub(crate) fn insert_columns(&mut self, site: Site, source: Sql, columns: Vec<String>) {
        self.columns.entry(site).or_default().insert(source, columns);
    }

    /// The columns of what a view shows, where the server has told them.
    pub(crate) fn columns(&self, site: &Site, source: &Sql) -> Option<&[String]> {
        Some(self.columns.get(site)?.get(source)?)
    }

    /// Whether two expressions are one. Where the server was not asked or had no answer, texts
    /// that differ count as different.
    pub fn same(&self, site: &Site, one: Option<&Sql>, other: Option<&Sql>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) if one == other => true,
            (Some(one), Some(other)) => {
                let texts = self.texts.get(site);
                let canonical = |sql| texts.and_then(|texts| texts.get(sql));
                canonical(one).is_some_and(|one| Some(one) == canonical(other))
            }
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
