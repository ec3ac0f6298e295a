//! To whom things belong: those whose owner is declared, and of all others that are declared those that
//! belong to somebody else than whoever looks.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident};
use crate::model::{Ident, Owned, QualifiedName, Schema};

// Functions are told apart by what they take, and partitions may be known to nobody: theirs come with the
// rest of what is read of them.
const OWNERS: &str = "
SELECT 'relation' AS kind, n.nspname::text AS schema, c.relname::text AS name, r.rolname::text AS owner,
    r.rolname = current_user AS own
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($1::name[], $2::name[])) AND c.relkind <> 'c'
UNION ALL SELECT 'type', n.nspname::text, t.typname::text, r.rolname::text, r.rolname = current_user
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_roles r ON r.oid = t.typowner
WHERE (n.nspname, t.typname) IN (SELECT * FROM unnest($3::name[], $4::name[]))
UNION ALL SELECT 'schema', n.nspname::text, '', r.rolname::text, r.rolname = current_user
FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = ANY ($5::name[])";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names = [
        &asked.owned_schemas,
        &asked.owned_names,
        &asked.type_schemas,
        &asked.type_names,
        &asked.owned_namespaces,
    ];
    ask::rows(transaction, OWNERS, &names).await
}

/// Owners by what belongs to them.
#[derive(Default)]
pub(super) struct Owners {
    pub(super) declared: BTreeMap<Owned, Ident>,
    pub(super) undeclared: BTreeMap<Owned, Ident>,
}

/// One that came with the rest of what was read, and whether it goes without saying.
pub(super) type OwnerOf = (Owned, Ident, bool);

pub(super) fn understand(
    rows: &[Row],
    others: Vec<OwnerOf>,
    scope: &Schema,
) -> Result<Owners, Error> {
    let mut owners = Owners::default();
    for row in rows {
        let qualified =
            || Ok::<_, Error>(QualifiedName::new(ident(row, "schema")?, ident(row, "name")?));
        let owned = match get(row, "kind")? {
            "schema" => Owned::Schema(ident(row, "schema")?),
            "type" => Owned::Type(qualified()?),
            _ => Owned::Relation(qualified()?),
        };
        owners.add(owned, ident(row, "owner")?, get(row, "own")?, scope);
    }
    for (owned, owner, unsaid) in others {
        owners.add(owned, owner, unsaid, scope);
    }
    Ok(owners)
}

impl Owners {
    fn add(&mut self, owned: Owned, owner: Ident, unsaid: bool, scope: &Schema) {
        if scope.owners.contains_key(&owned) {
            self.declared.insert(owned, owner);
        } else if !unsaid {
            self.undeclared.insert(owned, owner);
        }
    }
}
