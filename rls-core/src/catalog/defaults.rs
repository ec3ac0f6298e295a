//! Default privileges: those that are declared, all of those that are settled, and the rest, which
//! may be a platform's own.

use std::collections::BTreeSet;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, grantee, ident};
use crate::model::{
    DefaultHolder, DefaultObjects, DefaultPrivilege, DefaultTarget, Grantee, Ident, Privilege,
    Schema,
};
use crate::render::privilege_name;

// What is recorded for all schemas takes the place of what Postgres has built in, which counts where
// nothing is. The owner's own go without saying.
const DEFAULTS: &str = r#"
WITH kinds(kind, builtin) AS (VALUES ('r', 'r'), ('S', 's'), ('f', 'f'), ('T', 'T'), ('n', 'n')),
found AS (
    SELECT d.defaclrole AS creator, n.nspname AS schema, d.defaclobjtype::text AS kind, d.defaclacl AS acl, true AS recorded
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    WHERE d.defaclnamespace = 0 OR n.nspname = ANY ($1::name[])
    UNION ALL
    SELECT r.oid, NULL, k.kind, acldefault(k.builtin::"char", r.oid), false
    FROM pg_roles r CROSS JOIN kinds k
    WHERE (r.rolname = ANY ($3::name[]) OR r.rolname = current_user)
        AND NOT EXISTS (SELECT FROM pg_default_acl d WHERE d.defaclrole = r.oid AND d.defaclnamespace = 0
            AND d.defaclobjtype::text = k.kind)
)
SELECT c.rolname::text AS creator, c.rolname = current_user AS own, f.schema::text AS schema, f.kind,
    g.rolname::text AS grantee, acl.privilege_type AS privilege, acl.is_grantable AS grantable, f.recorded
FROM found f JOIN pg_roles c ON c.oid = f.creator, aclexplode(f.acl) AS acl
    LEFT JOIN pg_roles g ON g.oid = acl.grantee
WHERE acl.grantee <> f.creator AND (acl.grantee = 0 OR g.rolname = ANY ($2::name[]))
ORDER BY 1, 3, 4, 5, 6"#;

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names = [&asked.default_schemas, &asked.roles, &asked.default_creators];
    ask::rows(transaction, DEFAULTS, &names).await
}

/// Default privileges on tables that no declaration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayDefault {
    /// Whose tables will carry them.
    pub creator: Ident,
    /// In which schema; none for all of them.
    pub schema: Option<Ident>,
    /// Who will hold them.
    pub grantee: Grantee,
    /// What they allow.
    pub privileges: BTreeSet<Privilege>,
}

/// Those that are declared or settled, and those that give away tables without being either.
pub(super) fn understand(
    rows: &[Row],
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<(BTreeSet<DefaultPrivilege>, Vec<StrayDefault>), Error> {
    let (mut held, mut strays) = (BTreeSet::new(), Vec::<StrayDefault>::new());
    for row in rows {
        let name = get::<&str>(row, "privilege")?;
        let known = Privilege::ALL.into_iter().find(|known| privilege_name(*known) == name);
        let (Some(privilege), Some(objects)) = (known, objects(get(row, "kind")?)) else {
            continue;
        };
        let creator = ident(row, "creator")?;
        let schema = match get::<Option<&str>>(row, "schema")? {
            Some(_) => Some(ident(row, "schema")?),
            None => None,
        };
        let (grantee, grantable) = (grantee(row, "grantee")?, get(row, "grantable")?);
        // The role that applies goes by its name, or by none.
        let unnamed = get::<bool>(row, "own")?.then_some(None);
        let mut wanted = false;
        for creator in [Some(Some(creator.clone())), unnamed].into_iter().flatten() {
            let target = DefaultTarget { creator, schema: schema.clone(), objects };
            let grantee = grantee.clone();
            let holder = DefaultHolder { target: target.clone(), grantee: grantee.clone() };
            let found = DefaultPrivilege { target, grantee, privilege, grantable };
            if scope.default_privileges.contains(&found) || scope.settled_defaults.contains(&holder)
            {
                wanted = true;
                held.insert(found);
            }
        }
        if !wanted && get(row, "recorded")? && objects == DefaultObjects::Tables {
            let same = |last: &&mut StrayDefault| {
                last.creator == creator && last.schema == schema && last.grantee == grantee
            };
            match strays.last_mut().filter(same) {
                Some(last) => last.privileges.extend([privilege]),
                None => strays.push(StrayDefault {
                    creator,
                    schema,
                    grantee,
                    privileges: [privilege].into(),
                }),
            }
        }
    }
    // They may be a platform's own, so they are told and left alone.
    notes.extend(strays.iter().map(ToString::to_string));
    Ok((held, strays))
}

impl std::fmt::Display for StrayDefault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let StrayDefault { creator, schema, grantee, privileges } = self;
        let names: Vec<_> = privileges.iter().map(|it| privilege_name(*it)).collect();
        write!(
            f,
            "default privileges give {grantee} {} on every table that {creator}",
            names.join(", ")
        )?;
        match schema {
            Some(schema) => write!(f, " creates later in the schema {schema}")?,
            None => write!(f, " creates later")?,
        }
        f.write_str(", with row security or without")
    }
}

/// Source: Postgres manual, `pg_default_acl.defaclobjtype`.
pub(super) fn objects(kind: &str) -> Option<DefaultObjects> {
    match kind {
        "r" => Some(DefaultObjects::Tables),
        "S" => Some(DefaultObjects::Sequences),
        "f" => Some(DefaultObjects::Functions),
        "T" => Some(DefaultObjects::Types),
        "n" => Some(DefaultObjects::Schemas),
        _ => None,
    }
}
