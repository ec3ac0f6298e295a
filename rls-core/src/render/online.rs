//! What changes a table while others read and write it: statements that lock it weakly or for a moment.
//!
//! Source: Postgres manual, `CREATE INDEX` ("Building Indexes Concurrently"), `ALTER TABLE` (notes).

use super::{alter, constraint, ident, index};
use crate::diff::Named;
use crate::model::{Deferral, Ident, Index, QualifiedName, Sql};

/// Builds an index beside whoever writes. Where it fails, it leaves one that is not valid.
pub(crate) fn build_index(table: &QualifiedName, built: &Named<Index<Sql>>) -> String {
    index::create(table, built).replacen("INDEX ", "INDEX CONCURRENTLY ", 1)
}

/// Makes a constraint of an index that has been built under its name.
pub(crate) fn take_index(
    table: &QualifiedName,
    name: &Ident,
    kind: KeyKind,
    deferral: Deferral,
) -> String {
    let kind = match kind {
        KeyKind::Unique => "UNIQUE",
        KeyKind::Primary => "PRIMARY KEY",
    };
    let (name, deferral) = (ident(name), constraint::deferred(deferral));
    alter(table, &format!("ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferral}"))
}

/// What an index becomes a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A UNIQUE constraint.
    Unique,
    /// A primary key.
    Primary,
}

/// The condition that stands in for NOT NULL until every row is known to fulfil it. One that an earlier
/// attempt has left is put to the rows again.
pub(crate) fn refuse_null(table: &QualifiedName, column: &Ident, stand_in: &Ident) -> String {
    let (column, name) = (ident(column), ident(stand_in));
    alter(
        table,
        &format!(
            "DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"
        ),
    )
}

/// Proves the stand-in, which Postgres takes for a proof of NOT NULL, and lets it go.
pub(crate) fn prove_not_null(
    table: &QualifiedName,
    column: &Ident,
    stand_in: &Ident,
) -> Vec<String> {
    let (column, name) = (ident(column), ident(stand_in));
    vec![
        alter(table, &format!("VALIDATE CONSTRAINT {name}")),
        alter(table, &format!("ALTER COLUMN {column} SET NOT NULL")),
        alter(table, &format!("DROP CONSTRAINT {name}")),
    ]
}
