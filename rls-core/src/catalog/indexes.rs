//! Indexes, and the exclusion constraints that are made of one.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, idents, list, with_declared};
use super::constraints::deferral;
use super::views::Relations;
use crate::model::{
    Exclusion, ExclusionElement, Ident, Index, IndexKey, IndexValue, OperatorClass, QualifiedName,
    Schema, Sql,
};

// The lists have an entry for each key, in order. A collation or an operator class that goes without
// saying is told to be so; the collation of an expression may have come with it. What a table inherits from the
// one it is a partition of is the other's.
const INDEXES: &str = with_declared!(
    "SELECT i.indrelid AS oid, x.relname::text AS name, m.amname::text AS method,
    i.indisunique AS is_unique,
    coalesce(to_jsonb(i) @> '{\"indnullsnotdistinct\": true}', false) AS nulls_not_distinct,
    key.columns, key.exprs, key.collation_schemas, key.collations, key.class_schemas, key.classes,
    key.usual_collations, key.usual_classes, key.parameters, key.descending, key.nulls_first,
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.number
        WHERE place > i.indnkeyatts ORDER BY place) AS included,
    pg_get_expr(i.indpred, i.indrelid) AS predicate, coalesce(x.reloptions, '{}') AS options,
    k.oid IS NOT NULL AS exclusion, coalesce(k.condeferrable, false) AS deferrable,
    coalesce(k.condeferred, false) AS deferred,
    ARRAY(SELECT CASE WHEN os.nspname = 'pg_catalog' THEN o.oprname::text
            ELSE format('OPERATOR(%I.%s)', os.nspname, o.oprname) END
        FROM unnest(k.conexclop) WITH ORDINALITY AS part (id, place)
        JOIN pg_operator o ON o.oid = part.id JOIN pg_namespace os ON os.oid = o.oprnamespace
        ORDER BY place) AS operators,
    NOT i.indisvalid AS not_valid,
    array_remove(ARRAY[
        CASE WHEN x.reltablespace <> 0 THEN 'in a tablespace of its own' END,
        CASE WHEN to_jsonb(k) @> '{\"conperiod\": true}' THEN 'WITHOUT OVERLAPS' END,
        CASE WHEN x.relispartition THEN 'inherited' END], NULL) AS other
FROM declared c JOIN pg_index i ON i.indrelid = c.oid
    JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype = 'x',
    LATERAL (SELECT array_agg(a.attname::text ORDER BY place) AS columns,
        array_agg(CASE WHEN number = 0 THEN pg_get_indexdef(i.indexrelid, place::int, false) END ORDER BY place) AS exprs,
        array_agg(cs.nspname::text ORDER BY place) AS collation_schemas,
        array_agg(co.collname::text ORDER BY place) AS collations,
        array_agg(ns.nspname::text ORDER BY place) AS class_schemas,
        array_agg(oc.opcname::text ORDER BY place) AS classes,
        array_agg(co.oid IS NULL OR co.oid = coalesce(a.attcollation, 100) ORDER BY place) AS usual_collations,
        array_agg(oc.opcdefault AND own.attoptions IS NULL ORDER BY place) AS usual_classes,
        array_agg(coalesce(array_to_string(own.attoptions, ','), '') ORDER BY place) AS parameters,
        array_agg(option & 1 = 1 ORDER BY place) AS descending,
        array_agg(option & 2 = 2 ORDER BY place) AS nulls_first
        FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[], i.indoption::int2[])
            WITH ORDINALITY AS part (number, collation_id, class_id, option, place)
        JOIN pg_attribute own ON own.attrelid = i.indexrelid AND own.attnum = place
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.number AND part.number <> 0
        LEFT JOIN pg_collation co ON co.oid = part.collation_id
        LEFT JOIN pg_namespace cs ON cs.oid = co.collnamespace
        JOIN pg_opclass oc ON oc.oid = part.class_id
        LEFT JOIN pg_namespace ns ON ns.oid = oc.opcnamespace
        WHERE place <= i.indnkeyatts) AS key
WHERE NOT EXISTS (SELECT FROM pg_constraint k
    WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
ORDER BY i.indrelid, x.relname"
);

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, INDEXES, &[&asked.relation_schemas, &asked.relation_names]).await
}

pub(super) fn add(
    rows: &[Row],
    scope: &Schema,
    relations: &mut Relations<'_>,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    for row in rows {
        let Some((on, indexes)) = relations.indexes(row)? else { continue };
        let name = ident(row, "name")?;
        let mut other: Vec<&str> = get(row, "other")?;
        let not_valid = get(row, "not_valid")?;
        // One that nobody asks for may be just being built.
        if not_valid && !is_declared(scope, &on, &name) {
            other.push("not valid");
        }
        if !other.is_empty() {
            notes.push(format!(
                "the index \"{name}\" on {on} is left alone: it is {}",
                list(&other)
            ));
            continue;
        }
        let keys = keys(row, &get::<Vec<_>>(row, "exprs")?)?;
        let keys = as_said(row, keys, &said(scope, &on, &name))?;
        let predicate = get::<Option<&str>>(row, "predicate")?.map(Sql::new);
        let (method, include) = (ident(row, "method")?, idents(row, "included")?);
        if get(row, "exclusion")? {
            let operators: Vec<&str> = get(row, "operators")?;
            let elements = keys.into_iter().zip(operators);
            let elements = elements
                .map(|(key, operator)| ExclusionElement { key, operator: Sql::new(operator) });
            let elements = elements.collect();
            let deferral = deferral(row)?;
            let exclusion = Exclusion { method, elements, include, predicate, deferral };
            if let Some(table) = relations.tables.get(row)? {
                table.exclusions.insert(name, exclusion);
            }
        } else {
            let index = Index {
                method,
                unique: get(row, "is_unique")?,
                nulls_not_distinct: get(row, "nulls_not_distinct")?,
                keys,
                include,
                predicate,
                with: parameters(&get::<Vec<&str>>(row, "options")?),
                // The index of a key that was not made a constraint of is no better.
                not_valid: not_valid || is_key(scope, &on, &name),
            };
            indexes.insert(name, index);
        }
    }
    Ok(())
}

/// Whether an index or a key of that name is declared there.
fn is_declared(scope: &Schema, on: &QualifiedName, name: &Ident) -> bool {
    let of_view = scope.views.get(on).is_some_and(|view| view.indexes.contains_key(name));
    let of_table = scope.tables.get(on).is_some_and(|table| table.indexes.contains_key(name));
    of_view || of_table || is_key(scope, on, name)
}

/// Whether a UNIQUE constraint or a primary key of that name is declared there.
fn is_key(scope: &Schema, on: &QualifiedName, name: &Ident) -> bool {
    scope.tables.get(on).is_some_and(|table| {
        let primary = table.primary_key.as_ref();
        table.uniques.contains_key(name) || primary.is_some_and(|key| &key.name == name)
    })
}

/// The keys that a declaration gives to an index or an exclusion constraint of that name.
fn said(scope: &Schema, table: &QualifiedName, name: &Ident) -> Vec<IndexKey<Sql>> {
    if let Some(view) = scope.views.get(table) {
        let index = view.indexes.get(name);
        return index.map(|index| index.keys.clone()).unwrap_or_default();
    }
    let Some(table) = scope.tables.get(table) else { return Vec::new() };
    let index = table.indexes.get(name).map(|index| index.keys.clone());
    let elements = table.exclusions.get(name).map(|exclusion| exclusion.elements.iter());
    let exclusion = elements.map(|all| all.map(|element| element.key.clone()).collect());
    index.or(exclusion).unwrap_or_default()
}

/// What goes without saying, unless it was said all the same.
pub(super) fn as_said(
    row: &Row,
    mut keys: Vec<IndexKey<Sql>>,
    said: &[IndexKey<Sql>],
) -> Result<Vec<IndexKey<Sql>>, Error> {
    let collations: Vec<bool> = get(row, "usual_collations")?;
    let classes: Vec<bool> = get(row, "usual_classes")?;
    for (at, (key, usual)) in keys.iter_mut().zip(collations.into_iter().zip(classes)).enumerate() {
        let said = said.get(at);
        if usual.0 && said.is_none_or(|said| said.collation != key.collation) {
            key.collation = None;
        }
        if usual.1 && said.is_none_or(|said| said.operator_class != key.operator_class) {
            key.operator_class = None;
        }
    }
    Ok(keys)
}

/// The keys of a row, where `exprs` has an expression for each that is no column.
pub(super) fn keys(row: &Row, exprs: &[Option<&str>]) -> Result<Vec<IndexKey<Sql>>, Error> {
    let columns: Vec<Option<&str>> = get(row, "columns")?;
    let collations = names(row, "collation_schemas", "collations")?;
    let classes = names(row, "class_schemas", "classes")?;
    let of_classes: Vec<&str> = get(row, "parameters")?;
    let (descending, nulls_first): (Vec<bool>, Vec<bool>) =
        (get(row, "descending")?, get(row, "nulls_first")?);
    let mut keys = Vec::new();
    for (at, (column, expr)) in columns.iter().zip(exprs).enumerate() {
        let value = match (column, expr) {
            (Some(column), _) => IndexValue::Column(Ident::new(*column)?),
            (None, expr) => IndexValue::Expr(Sql::new(expr.unwrap_or_default())),
        };
        let is = |flags: &[bool]| flags.get(at).copied().unwrap_or_default();
        let class = classes.get(at).cloned().flatten();
        let options: Vec<_> = of_classes.get(at).map_or("", |text| text).split(',').collect();
        let operator_class =
            class.map(|name| OperatorClass { name, parameters: parameters(&options) });
        keys.push(IndexKey {
            value,
            collation: collations.get(at).cloned().flatten(),
            operator_class,
            descending: is(&descending),
            nulls_first: is(&nulls_first),
        });
    }
    Ok(keys)
}

fn names(row: &Row, schemas: &str, names: &str) -> Result<Vec<Option<QualifiedName>>, Error> {
    let schemas: Vec<Option<&str>> = get(row, schemas)?;
    let names: Vec<Option<&str>> = get(row, names)?;
    let both = schemas.into_iter().zip(names).map(|both| match both {
        (Some(schema), Some(name)) => {
            Ok(Some(QualifiedName::new(Ident::new(schema)?, Ident::new(name)?)))
        }
        (Some(_) | None, Some(_) | None) => Ok(None),
    });
    both.collect()
}

/// `name=value`, as the catalog keeps them.
fn parameters(options: &[&str]) -> BTreeMap<String, String> {
    let both = options.iter().filter_map(|option| option.split_once('='));
    both.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
