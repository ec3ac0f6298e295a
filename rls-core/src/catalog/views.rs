//! Views and materialized views, and which views that nobody declares read what is declared.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident};
use super::relations::{Tables, other_relation};
use crate::model::{
    CheckOption, Ident, Index, QualifiedName, Schema, Sql, Trigger, View, ViewKind,
};

// `unheld` is what a declaration cannot say. A view has no storage, so what it says of that is about
// materialized ones.
const VIEWS: &str = "
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END AS query,
    CASE c.relkind WHEN 'v' THEN coalesce(c.reloptions, '{}') ELSE '{}' END AS options,
    array_remove(ARRAY[
        (SELECT 'the rules ' || string_agg(quote_ident(r.rulename), ', ' ORDER BY r.rulename)
            FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'),
        (SELECT 'the defaults of ' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE d.adrelid = c.oid),
        CASE c.relkind WHEN 'm' THEN 'the storage parameters ' || array_to_string(c.reloptions, ', ') END,
        (SELECT 'the tablespace ' || quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace),
        (SELECT 'the access method ' || quote_ident(m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
        (SELECT 'CLUSTER ON ' || quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisclustered),
        (SELECT 'the extended statistics ' || string_agg(quote_ident(s.stxname), ', ' ORDER BY s.stxname)
            FROM pg_statistic_ext s WHERE s.stxrelid = c.oid),
        (SELECT 'the security labels ' || string_agg(l.provider || ' ' || quote_literal(l.label), ', ' ORDER BY l.provider, l.objsubid)
            FROM pg_seclabel l WHERE l.objoid = c.oid AND l.classoid = 'pg_class'::regclass)
        ], NULL) AS unheld
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind NOT IN ('i', 'I') AND (n.nspname, c.relname) IN (SELECT * FROM unnest($1::name[], $2::name[]))";

const READERS: &str = "
SELECT DISTINCT vn.nspname::text AS schema, v.relname::text AS name, n.nspname::text AS of_schema,
    c.relname::text AS of_name, a.attname::text AS column
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> c.oid
    JOIN pg_namespace vn ON vn.oid = v.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
WHERE v.relkind IN ('v', 'm') AND (n.nspname, c.relname) IN (SELECT * FROM unnest($1::name[], $2::name[]))
    AND (vn.nspname, v.relname) NOT IN (SELECT * FROM unnest($3::name[], $4::name[]))";

/// What the queries answered.
pub(super) struct Rows {
    views: Vec<Row>,
    readers: Vec<Row>,
}

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Rows, Error> {
    let views = [&asked.view_schemas, &asked.view_names];
    let read =
        [&asked.relation_schemas, &asked.relation_names, &asked.view_schemas, &asked.view_names];
    let (views, readers) =
        try_join(ask::rows(transaction, VIEWS, &views), ask::rows(transaction, READERS, &read))
            .await?;
    Ok(Rows { views, readers })
}

/// The declared views by their number in the catalog.
#[derive(Default)]
pub(super) struct Views(BTreeMap<u32, View>);

impl Views {
    pub(super) fn names(&self) -> BTreeSet<&QualifiedName> {
        self.0.values().map(|view| &view.name).collect()
    }

    pub(super) fn into_map(self) -> BTreeMap<QualifiedName, View> {
        self.0.into_values().map(|view| (view.name.clone(), view)).collect()
    }
}

pub(super) fn understand(
    rows: &Rows,
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<Views, Error> {
    let mut views = Views::default();
    for row in &rows.views {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        if !scope.views.contains_key(&name) {
            continue;
        }
        let kind = match get(row, "kind")? {
            "v" => ViewKind::Plain,
            "m" => ViewKind::Materialized,
            other => {
                let kind = other_relation(other).unwrap_or("a table");
                return Err(Error::NotAView { name, kind });
            }
        };
        let unheld: Vec<&str> = get(row, "unheld")?;
        if !unheld.is_empty() {
            notes.push(format!(
                "{name} has what no declaration says, and it is left alone: {}",
                unheld.join("; ")
            ));
        }
        let query: &str = get(row, "query")?;
        let mut view = View::new(name, Sql::new(query.trim_end().trim_end_matches(';')));
        view.kind = kind;
        view.security_invoker = false;
        for option in get::<Vec<&str>>(row, "options")? {
            set(&mut view, option, notes);
        }
        views.0.insert(get(row, "oid")?, view);
    }
    Ok(views)
}

/// An option as the catalog keeps it: `name=value`, where the value is as it was written.
fn set(view: &mut View, option: &str, notes: &mut Vec<String>) {
    let (name, value) = option.split_once('=').unwrap_or((option, "true"));
    let value = value.to_ascii_lowercase();
    // What Postgres takes for true, with all that is not ambiguous.
    let is = || ["true", "yes", "on", "1", "t", "tr", "tru", "y", "ye"].contains(&value.as_str());
    match name {
        "security_invoker" => view.security_invoker = is(),
        "security_barrier" => view.security_barrier = is(),
        "check_option" if value == "cascaded" => view.check_option = CheckOption::Cascaded,
        "check_option" => view.check_option = CheckOption::Local,
        _ => notes.push(format!(
            "the view {} has the option {option}, which no declaration can say: it is left alone",
            view.name
        )),
    }
}

/// What stands on a relation of that name.
type Standing<'a, T> = (QualifiedName, &'a mut BTreeMap<Ident, T>);

/// What stands on a relation by its number in the catalog: a table or a view.
pub(super) struct Relations<'a> {
    pub(super) tables: &'a mut Tables,
    pub(super) views: &'a mut Views,
}

impl Relations<'_> {
    /// The name of a declared relation and its indexes. It may have been dropped between two queries.
    pub(super) fn indexes(&mut self, row: &Row) -> Result<Option<Standing<'_, Index<Sql>>>, Error> {
        let oid: u32 = get(row, "oid")?;
        if let Some(view) = self.views.0.get_mut(&oid) {
            return Ok(Some((view.name.clone(), &mut view.indexes)));
        }
        let table = self.tables.declared.get_mut(&oid);
        Ok(table.map(|table| (table.name.clone(), &mut table.indexes)))
    }

    /// The name of a declared relation and its triggers.
    pub(super) fn triggers(&mut self, row: &Row) -> Result<Option<Standing<'_, Trigger>>, Error> {
        let oid: u32 = get(row, "oid")?;
        if let Some(view) = self.views.0.get_mut(&oid) {
            return Ok(Some((view.name.clone(), &mut view.triggers)));
        }
        let table = self.tables.declared.get_mut(&oid);
        Ok(table.map(|table| (table.name.clone(), &mut table.triggers)))
    }
}

pub(super) type Readers = BTreeMap<QualifiedName, BTreeSet<(QualifiedName, Option<Ident>)>>;

/// Views that nobody declares, and what they read of what is declared.
pub(super) fn readers(rows: &Rows) -> Result<Readers, Error> {
    let mut readers = Readers::new();
    for row in &rows.readers {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let of = QualifiedName::new(ident(row, "of_schema")?, ident(row, "of_name")?);
        let column = get::<Option<&str>>(row, "column")?.map(Ident::new).transpose()?;
        readers.entry(name).or_default().insert((of, column));
    }
    Ok(readers)
}

/// Postgres has views that read as whoever asks since 15; before, there is nothing to put in their place.
pub(super) fn invokable(version: i32, scope: &Schema) -> Result<(), Error> {
    let mut views = scope.views.values();
    match views.find(|view| version < 150_000 && view.security_invoker) {
        Some(view) => {
            Err(Error::NoSecurityInvoker { view: view.name.clone(), version: version / 10_000 })
        }
        None => Ok(()),
    }
}
