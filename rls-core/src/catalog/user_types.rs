//! Enums, domains and composite types of declared names.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident};
use super::relations::type_of;
use crate::model::{
    Attribute, BaseType, Composite, Domain, DomainCheck, EnumType, Ident, PgType, QualifiedName,
    Schema, Sql, TypeForm, UserType,
};

// One row for each type, and for each part of it: a value, a condition, an attribute, and at place 0
// what a domain stands on.
const TYPES: &str = "
WITH named AS (SELECT t.*, n.nspname::text AS schema, r.relkind::text AS relation FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class r ON r.oid = t.typrelid
    WHERE (n.nspname, t.typname) IN (SELECT * FROM unnest($1::name[], $2::name[])))
SELECT n.oid, n.schema, n.typname::text AS name, n.typtype::text AS kind, coalesce(n.relation, '') AS relation,
    n.typacl <> acldefault('T', n.typowner) AS granted, n.typnotnull AS not_null, pg_get_expr(n.typdefaultbin, 0) AS default, part.*, e.typname::text AS type_name,
    s.nspname::text AS type_schema, co.collname::text AS collation, cs.nspname::text AS collation_schema
FROM named n LEFT JOIN LATERAL (
    SELECT row_number() OVER (ORDER BY v.enumsortorder)::int AS place, 'value' AS part, v.enumlabel::text AS own,
        NULL::text AS type, NULL::oid AS of, NULL::oid AS sorted, NULL::text AS expr, false AS not_valid
        FROM pg_enum v WHERE v.enumtypid = n.oid
    UNION ALL SELECT 0, 'base', '', format_type(n.typbasetype, n.typtypmod), n.typbasetype, n.typcollation, NULL, false
        WHERE n.typtype = 'd'
    UNION ALL SELECT 1, 'check', k.conname::text, NULL, NULL, NULL, pg_get_expr(k.conbin, 0), NOT k.convalidated
        FROM pg_constraint k WHERE k.contypid = n.oid AND k.contype = 'c'
    UNION ALL SELECT a.attnum::int, 'attribute', a.attname::text, format_type(a.atttypid, a.atttypmod), a.atttypid,
            a.attcollation, NULL, false
        FROM pg_attribute a WHERE a.attrelid = n.typrelid AND n.relation = 'c' AND NOT a.attisdropped
) AS part ON true
    LEFT JOIN pg_type t ON t.oid = part.of
    LEFT JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0
        THEN t.typelem ELSE t.oid END
    LEFT JOIN pg_namespace s ON s.oid = e.typnamespace
    LEFT JOIN pg_collation co ON co.oid = part.sorted AND part.sorted <> t.typcollation
    LEFT JOIN pg_namespace cs ON cs.oid = co.collnamespace
ORDER BY n.oid, part.place, part.own";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, TYPES, &[&asked.type_schemas, &asked.type_names]).await
}

/// One that is neither enum nor domain nor composite type is noted and left out. The row type of a
/// table is that table's.
pub(super) fn understand(
    rows: &[Row],
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<QualifiedName, UserType<Sql>>, Error> {
    let mut types = BTreeMap::new();
    let oid = |row: &Row| get::<u32>(row, "oid").ok();
    for rows in rows.chunk_by(|one, next| oid(one) == oid(next)) {
        let Some(first) = rows.first() else { continue };
        let name = QualifiedName::new(ident(first, "schema")?, ident(first, "name")?);
        if !scope.types.contains_key(&name) {
            continue;
        }
        let form = match (get(first, "kind")?, get(first, "relation")?) {
            ("e", _) => TypeForm::Enum(EnumType { values: values(rows)? }),
            ("d", _) => TypeForm::Domain(domain(rows, &name, notes)?),
            ("c", "c") => TypeForm::Composite(composite(rows, &name, notes)?),
            (kind, _) => {
                notes.push(format!("{name} is {}, and left alone", other(kind)));
                continue;
            }
        };
        if get::<Option<bool>>(first, "granted")?.unwrap_or_default() {
            notes.push(format!(
                "the type {name} has privileges of its own, which no declaration says: they go where it is made anew"
            ));
        }
        types.insert(name.clone(), UserType { name, form });
    }
    Ok(types)
}

/// What a type is that no declaration can say. Source: Postgres manual, `pg_type.typtype`.
fn other(kind: &str) -> &'static str {
    match kind {
        "r" => "a range type",
        "m" => "a multirange type",
        "c" => "the type of a table's rows",
        "b" => "a type with code of its own",
        _ => "a type of another kind",
    }
}

fn values(rows: &[Row]) -> Result<Vec<String>, Error> {
    parts(rows, "value").map(|row| Ok(get::<&str>(row, "own")?.to_owned())).collect()
}

fn parts<'a>(rows: &'a [Row], part: &'static str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| get::<Option<&str>>(row, "part").ok().flatten() == Some(part))
}

fn domain(
    rows: &[Row],
    name: &QualifiedName,
    notes: &mut Vec<String>,
) -> Result<Domain<Sql>, Error> {
    let mut domain = Domain {
        base: PgType::plain(BaseType::Text),
        collation: None,
        not_null: false,
        default: None,
        checks: BTreeMap::new(),
    };
    for row in parts(rows, "base") {
        domain.base = type_of(row, &name.to_string(), notes)?;
        domain.collation = collation(row)?;
        domain.not_null = get(row, "not_null")?;
        domain.default = get::<Option<&str>>(row, "default")?.map(Sql::new);
    }
    for row in parts(rows, "check") {
        let expr = Sql::new(get::<&str>(row, "expr")?);
        let check = DomainCheck { expr, not_valid: get(row, "not_valid")? };
        domain.checks.insert(ident(row, "own")?, check);
    }
    Ok(domain)
}

fn composite(
    rows: &[Row],
    name: &QualifiedName,
    notes: &mut Vec<String>,
) -> Result<Composite, Error> {
    let attribute = |row: &Row| {
        let own: Ident = ident(row, "own")?;
        let ty = type_of(row, &format!("{name}.{own}"), notes)?;
        Ok(Attribute { name: own, ty, collation: collation(row)? })
    };
    let attributes = parts(rows, "attribute").map(attribute).collect::<Result<_, Error>>()?;
    Ok(Composite { attributes })
}

fn collation(row: &Row) -> Result<Option<QualifiedName>, Error> {
    match get::<Option<&str>>(row, "collation")? {
        Some(_) => {
            let schema = ident(row, "collation_schema")?;
            Ok(Some(QualifiedName::new(schema, ident(row, "collation")?)))
        }
        None => Ok(None),
    }
}
