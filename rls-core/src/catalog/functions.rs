//! Functions: those of declared names, and everything in the private schema.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident};
use super::relations::named_type;
use crate::model::{
    Argument, Function, Ident, PRIVATE_SCHEMA, PgType, QualifiedName, Routine, Schema, Sql,
};

// One row for each type: the return type at 0, the arguments behind it. One that belongs to a role that
// policies bind reads as that role, and the role may alter it.
const FUNCTIONS: &str = "
SELECT p.oid, n.nspname::text AS schema, p.proname::text AS name, p.prosrc AS body,
    p.prokind = 'f' AND l.lanname = 'sql' AND p.prosecdef AND p.provolatile = 's' AND p.proparallel = 'r'
        AND NOT p.proisstrict AND NOT p.proleakproof AND NOT p.proretset AND p.provariadic = 0
        AND p.pronargdefaults = 0 AND p.proallargtypes IS NULL AND p.prosqlbody IS NULL
        AND coalesce(p.proconfig = ARRAY['search_path=\"\"'], false)
        AND (o.rolname = current_user OR o.rolname <> ALL ($4::name[])) AS ours,
    a.at::int AS at, coalesce(p.proargnames[a.at], '') AS argument, format_type(a.type, -1) AS type,
    s.nspname::text AS type_schema, e.typname::text AS type_name
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    JOIN pg_roles o ON o.oid = p.proowner,
    LATERAL (SELECT 0 AS at, p.prorettype AS type
        UNION ALL SELECT at, type FROM unnest(p.proargtypes) WITH ORDINALITY AS u (type, at)) AS a
    JOIN pg_type t ON t.oid = a.type
    JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0
        THEN t.typelem ELSE t.oid END
    JOIN pg_namespace s ON s.oid = e.typnamespace
WHERE (n.nspname, p.proname) IN (SELECT * FROM unnest($1::name[], $2::name[])) OR n.nspname = ANY ($3::name[])
ORDER BY p.oid, a.at";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names =
        [&asked.function_schemas, &asked.function_names, &asked.private_schemas, &asked.roles];
    ask::rows(transaction, FUNCTIONS, &names).await
}

/// What is there by its number in the catalog, and what else stands in its place.
#[derive(Default)]
pub(super) struct Functions {
    pub(super) declared: BTreeMap<u32, Function>,
    pub(super) strays: Vec<Routine>,
}

impl Functions {
    pub(super) fn split(self) -> (BTreeMap<QualifiedName, Function>, Vec<Routine>) {
        let declared = self.declared.into_values();
        (declared.map(|function| (function.name.clone(), function)).collect(), self.strays)
    }
}

/// One that is called as declared and can be said in a declaration is compared; all else is stray.
pub(super) fn understand(rows: &[Row], scope: &Schema) -> Result<Functions, Error> {
    let mut functions = Functions::default();
    let oid = |row: &Row| get::<u32>(row, "oid").ok();
    for rows in rows.chunk_by(|one, next| oid(one) == oid(next)) {
        let Some((first, arguments)) = rows.split_first() else { continue };
        let name = QualifiedName::new(ident(first, "schema")?, ident(first, "name")?);
        let types = arguments.iter().map(argument_type).collect::<Result<Vec<_>, _>>()?;
        let routine = Routine { name, arguments: types };
        let declared = scope.functions.get(&routine.name);
        if declared.is_none() && routine.name.schema.as_str() != PRIVATE_SCHEMA {
            // Somebody else's, of which only a privilege is asked for.
            continue;
        }
        let called_so = declared.is_some_and(|declared| declared.routine() == routine);
        match arguments.iter().map(argument).collect::<Result<Option<Vec<_>>, _>>()? {
            Some(arguments) if called_so && get(first, "ours")? => {
                let function = Function {
                    name: routine.name,
                    arguments,
                    returns: argument_type(first)?,
                    body: Sql::new(get::<&str>(first, "body")?),
                };
                functions.declared.insert(get(first, "oid")?, function);
            }
            Some(_) | None => functions.strays.push(routine),
        }
    }
    Ok(functions)
}

/// An argument, unless it has no name.
fn argument(row: &Row) -> Result<Option<Argument>, Error> {
    let name = Ident::new(get::<&str>(row, "argument")?).ok();
    Ok(match name {
        Some(name) => Some(Argument { name, ty: argument_type(row)? }),
        None => None,
    })
}

fn argument_type(row: &Row) -> Result<PgType, Error> {
    let ty = match PgType::parse(get(row, "type")?) {
        Ok(ty) => ty,
        Err(_) => named_type(row)?,
    };
    Ok(PgType { modifiers: Vec::new(), ..ty })
}
