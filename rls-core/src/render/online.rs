//! What changes a table while others read and write it: statements that lock it weakly or for a moment,
//! outside the transaction of a plan. Each can be run again after whatever went wrong with it.
//!
//! Source: Postgres manual, `CREATE INDEX` ("Building Indexes Concurrently"), `ALTER TABLE` (notes).

use super::{alter, constraint, ident, index, literal, qualified};
use crate::diff::Named;
use crate::model::{Deferral, ForeignKey, Ident, Index, PrimaryKey, QualifiedName, Sql, Unique};

/// Builds an index; an invalid one that an earlier attempt has left goes first.
pub(crate) fn build_index(table: &QualifiedName, built: &Named<Index<Sql>>) -> Vec<String> {
    let create = index::create(table, built);
    vec![drop_leftover(table, &built.name), concurrently(&create)]
}

/// Builds the index that a UNIQUE constraint will take over.
pub(crate) fn build_unique(table: &QualifiedName, name: &Ident, unique: &Unique) -> Vec<String> {
    let Unique { columns, include, nulls_not_distinct, deferral: _ } = unique;
    let nulls = if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    build_key(table, name, columns, include, nulls)
}

/// Builds the index that a primary key will take over.
pub(crate) fn build_primary_key(table: &QualifiedName, key: &PrimaryKey) -> Vec<String> {
    build_key(table, &key.name, &key.columns, &key.include, "")
}

fn build_key(
    table: &QualifiedName,
    name: &Ident,
    columns: &[Ident],
    include: &[Ident],
    nulls: &str,
) -> Vec<String> {
    let columns: Vec<_> = columns.iter().map(ident).collect();
    let create = format!(
        "CREATE UNIQUE INDEX {} ON {} ({}){}{nulls}",
        ident(name),
        qualified(table),
        columns.join(", "),
        constraint::including(include)
    );
    vec![drop_leftover(table, name), concurrently(&create)]
}

/// Makes a constraint of an index that has been built.
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
    let deferral = constraint::deferred(deferral);
    let (constraint, index) = (ident(name), ident(name));
    unless_there(
        table,
        name,
        &alter(table, &format!("ADD CONSTRAINT {constraint} {kind} USING INDEX {index}{deferral}")),
    )
}

/// What an index becomes a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A UNIQUE constraint.
    Unique,
    /// A primary key.
    Primary,
}

/// Adds a foreign key that the rows which are there have not been put to.
pub(crate) fn add_unproven(table: &QualifiedName, name: &Ident, key: &ForeignKey) -> String {
    let key = ForeignKey { not_valid: true, ..key.clone() };
    unless_there(
        table,
        name,
        &alter(table, &format!("ADD {}", constraint::foreign_key(name, &key))),
    )
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
    let name = ident(stand_in);
    let validate = alter(table, &format!("VALIDATE CONSTRAINT {name}"));
    vec![
        format!(
            "DO $do$\nBEGIN\n    IF {} THEN\n        {validate};\n    END IF;\nEND\n$do$",
            constraint_exists(table, stand_in)
        ),
        alter(table, &format!("ALTER COLUMN {} SET NOT NULL", ident(column))),
        alter(table, &format!("DROP CONSTRAINT IF EXISTS {name}")),
    ]
}

/// CREATE INDEX as it is built beside whoever writes; one that is there already is let be.
fn concurrently(create: &str) -> String {
    create.replacen("INDEX ", "INDEX CONCURRENTLY IF NOT EXISTS ", 1)
}

/// Drops an index of the table that is not valid; nobody uses such a one.
fn drop_leftover(table: &QualifiedName, index: &Ident) -> String {
    let name = format!("{}.{}", ident(&table.schema), ident(index));
    format!(
        "DO $do$\nBEGIN\n    IF EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({})\n        AND indrelid = pg_catalog.to_regclass({}) AND NOT indisvalid) THEN\n        DROP INDEX {name};\n    END IF;\nEND\n$do$",
        literal(&name),
        literal(&qualified(table)),
    )
}

fn unless_there(table: &QualifiedName, name: &Ident, statement: &str) -> String {
    format!(
        "DO $do$\nBEGIN\n    IF NOT {} THEN\n        {statement};\n    END IF;\nEND\n$do$",
        constraint_exists(table, name)
    )
}

fn constraint_exists(table: &QualifiedName, name: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass({}) AND conname = {})",
        literal(&qualified(table)),
        literal(name.as_str())
    )
}
