//! Views: queries that go by a name, some of them kept with their rows.

use std::collections::BTreeMap;

use super::{
    AllowedLint, Commented, DeclaredGrant, Ident, Index, IndexValue, QualifiedName, Sql, Trigger,
};

/// A view or a materialized view.
///
/// Source: Postgres manual, `CREATE VIEW`, `CREATE MATERIALIZED VIEW`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// Schema and name.
    pub name: QualifiedName,
    /// What it is a name for: one `SELECT`, `WITH`, `VALUES` or `TABLE`, without a semicolon.
    pub query: Sql,
    /// Whether its rows are kept.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "ViewKind::is_plain"))]
    pub kind: ViewKind,
    /// Names of its columns in their order, where it gives them other ones than the query does. There
    /// may be fewer than columns. A live database has none: its query says them.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub columns: Vec<Ident>,
    /// Whether it reads as whoever asks, and not as its owner (Postgres 15 and later). A materialized
    /// view never does.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub security_invoker: bool,
    /// Whether its own conditions come before any that could tell of the rows that it hides.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub security_barrier: bool,
    /// Which rows may be written through it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "CheckOption::is_none"))]
    pub check_option: CheckOption,
    /// Indexes of a materialized view, by name.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub indexes: BTreeMap<Ident, Index<Sql>>,
    /// Triggers of a view that is none, by name: what is done instead of writing to it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub triggers: BTreeMap<Ident, Trigger>,
}

/// Whether the rows of a view are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ViewKind {
    /// They are looked up whenever somebody asks.
    #[default]
    Plain,
    /// They are kept as they were when it was last refreshed, whoever asks.
    Materialized,
}

/// Which rows may be written through a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum CheckOption {
    /// Any.
    #[default]
    None,
    /// Those that it shows.
    Local,
    /// Those that it and all views under it show.
    Cascaded,
}

/// What `#[derive(View)]` makes of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredView {
    /// The view.
    pub view: View,
    /// To whom it belongs, where it says so.
    pub owner: Option<Ident>,
    /// Who may do what with it.
    pub grants: Vec<DeclaredGrant>,
    /// Comments on it and what belongs to it.
    pub comments: BTreeMap<Commented, String>,
    /// Lints that are known and accepted, and why.
    pub allowed: Vec<AllowedLint>,
}

impl View {
    /// A view that reads as whoever asks.
    pub fn new(name: QualifiedName, query: Sql) -> Self {
        View {
            name,
            query,
            kind: ViewKind::Plain,
            columns: Vec::new(),
            security_invoker: true,
            security_barrier: false,
            check_option: CheckOption::None,
            indexes: BTreeMap::new(),
            triggers: BTreeMap::new(),
        }
    }

    /// What a comment on it stands on.
    pub fn commented(&self) -> Commented {
        match self.kind {
            ViewKind::Plain => Commented::View(self.name.clone()),
            ViewKind::Materialized => Commented::MaterializedView(self.name.clone()),
        }
    }

    /// The view as Postgres keeps it: what goes for views of the other kind is left out.
    #[must_use]
    pub fn as_kept(&self) -> View {
        let mut kept = self.clone();
        match kept.kind {
            ViewKind::Plain => kept.indexes.clear(),
            ViewKind::Materialized => {
                kept.security_invoker = false;
                kept.security_barrier = false;
                kept.check_option = CheckOption::None;
                kept.triggers.clear();
            }
        }
        kept
    }

    /// Every text in it that names other things: its query, and what its indexes ask for.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Sql> {
        let of_indexes = self.indexes.values().flat_map(|index| {
            let keys = index.keys.iter().filter_map(|key| match &key.value {
                IndexValue::Expr(sql) => Some(sql),
                IndexValue::Column(_) => None,
            });
            keys.chain(&index.predicate)
        });
        std::iter::once(&self.query).chain(of_indexes)
    }

    /// Whether it shows what its owner sees, whoever asks.
    pub fn reads_as_owner(&self) -> bool {
        !self.security_invoker
    }
}

impl ViewKind {
    /// Whether it goes without saying.
    pub fn is_plain(&self) -> bool {
        *self == ViewKind::Plain
    }
}

impl CheckOption {
    /// Whether it goes without saying.
    pub fn is_none(&self) -> bool {
        *self == CheckOption::None
    }
}
