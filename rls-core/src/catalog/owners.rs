//! To whom relations belong whose owner is declared.

use std::collections::BTreeSet;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, ident};
use crate::model::{Ownership, QualifiedName};

const OWNERS: &str = "
SELECT n.nspname::text AS schema, c.relname::text AS name, r.rolname::text AS owner
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($1::name[], $2::name[]))";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, OWNERS, &[&asked.owned_schemas, &asked.owned_names]).await
}

pub(super) fn understand(rows: &[Row]) -> Result<BTreeSet<Ownership>, Error> {
    let ownership = |row: &Row| {
        let relation = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        Ok(Ownership { relation, owner: ident(row, "owner")? })
    };
    rows.iter().map(ownership).collect()
}
