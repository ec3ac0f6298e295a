//! What a database holds that no declaration says, by name: of the schemas that are read, and of the database
//! as a whole. What stands on tables is told where tables are read (`unheld`).

use futures_util::future::try_join;
use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, get, ident};
use crate::model::QualifiedName;

// A type of its own is none that a table, a view or an array brings along. A trigger may call what is here
// and stand elsewhere.
const OTHERS: &str = "
SELECT kind, schema, name, (SELECT format(' (%s, %s)', coalesce(nullif(o.oprleft, 0)::regtype::text, 'NONE'),
        coalesce(nullif(o.oprright, 0)::regtype::text, 'NONE'))
    FROM pg_operator o WHERE o.oid = found.id AND found.class = 'pg_operator'::regclass) AS operands
FROM (
    SELECT CASE t.typtype WHEN 'r' THEN 'range type' ELSE 'type' END AS kind,
        n.nspname::text AS schema, t.typname::text AS name, t.oid AS id, 'pg_type'::regclass AS class
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = ANY ($1::name[]) AND (t.typtype IN ('r', 'p') OR t.typtype = 'b' AND NOT
        (t.typlen = -1 AND t.typelem <> 0))
    UNION ALL SELECT 'collation', n.nspname::text, o.collname::text, o.oid, 'pg_collation'::regclass
    FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'operator', n.nspname::text, o.oprname::text, o.oid, 'pg_operator'::regclass
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'text search configuration', n.nspname::text, c.cfgname::text, c.oid, 'pg_ts_config'::regclass
    FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'conversion', n.nspname::text, c.conname::text, c.oid, 'pg_conversion'::regclass
    FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'operator class', n.nspname::text, c.opcname::text, c.oid, 'pg_opclass'::regclass
    FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'operator family', n.nspname::text, f.opfname::text, f.oid, 'pg_opfamily'::regclass
    FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace WHERE n.nspname = ANY ($1::name[])
        AND NOT EXISTS (SELECT FROM pg_opclass c WHERE c.opcfamily = f.oid)
    UNION ALL SELECT 'text search dictionary', n.nspname::text, d.dictname::text, d.oid, 'pg_ts_dict'::regclass
    FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'text search parser', n.nspname::text, p.prsname::text, p.oid, 'pg_ts_parser'::regclass
    FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'text search template', n.nspname::text, t.tmplname::text, t.oid, 'pg_ts_template'::regclass
    FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE n.nspname = ANY ($1::name[])
    UNION ALL SELECT 'trigger ' || quote_ident(t.tgname) || ' of', o.nspname::text, c.relname::text, t.oid, 'pg_trigger'::regclass
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace o ON o.oid = c.relnamespace
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY ($1::name[]) AND o.nspname <> ALL ($1::name[]) AND NOT t.tgisinternal) AS found
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = found.class AND d.objid = found.id AND d.deptype = 'e')
ORDER BY kind, schema, name, operands";

// What the server brings along has numbers below 16384. Casts and transforms have no names, and settings and
// labels no numbers of their own.
const OF_DATABASE: &str = "
SELECT kind, name FROM (
    SELECT 'event trigger' AS kind, evtname::text AS name, oid AS id, 'pg_event_trigger'::regclass AS class
        FROM pg_event_trigger
    UNION ALL SELECT 'publication', pubname::text, oid, 'pg_publication'::regclass FROM pg_publication
    UNION ALL SELECT 'subscription', s.subname::text, s.oid, 'pg_subscription'::regclass
        FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()
    UNION ALL SELECT 'foreign-data wrapper', fdwname::text, oid, 'pg_foreign_data_wrapper'::regclass
        FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'foreign server', srvname::text, oid, 'pg_foreign_server'::regclass FROM pg_foreign_server
    UNION ALL SELECT 'language', lanname::text, oid, 'pg_language'::regclass FROM pg_language
    UNION ALL SELECT 'access method', amname::text, oid, 'pg_am'::regclass FROM pg_am
    UNION ALL SELECT 'cast', format('(%s AS %s)', castsource::regtype, casttarget::regtype), oid, 'pg_cast'::regclass
        FROM pg_cast
    UNION ALL SELECT 'transform', format('for %s of %s', t.trftype::regtype, l.lanname), t.oid, 'pg_transform'::regclass
        FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
    UNION ALL SELECT 'user mapping', format('for %s at %s', usename, srvname), umid,
        'pg_user_mapping'::regclass FROM pg_user_mappings
    UNION ALL SELECT 'setting', format('%s%s', split_part(said, '=', 1), ' of ' || r.rolname), 16384, 0
        FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole,
            unnest(s.setconfig) AS said
        WHERE d.datname = current_database()
    UNION ALL SELECT 'security label', format('%s of %s', l.provider, pg_describe_object(l.classoid, l.objoid, l.objsubid)),
        16384, 0 FROM pg_seclabel l WHERE l.classoid <> 'pg_class'::regclass
    UNION ALL SELECT 'number of large objects,', count(*)::text || ',', 16384, 0
        FROM pg_largeobject_metadata HAVING count(*) > 0) AS found
WHERE found.id >= 16384 AND $1::name[] IS NOT NULL AND NOT EXISTS
    (SELECT FROM pg_depend d WHERE d.classid = found.class AND d.objid = found.id AND d.deptype = 'e')
ORDER BY kind, name";

/// What the queries answered.
pub(super) struct Rows {
    of_schemas: Vec<Row>,
    of_database: Vec<Row>,
}

pub(super) async fn read(
    transaction: &Transaction<'_>,
    schemas: &Vec<String>,
) -> Result<Rows, Error> {
    let (of_schemas, of_database) = try_join(
        ask::rows(transaction, OTHERS, &[schemas]),
        ask::rows(transaction, OF_DATABASE, &[schemas]),
    )
    .await?;
    Ok(Rows { of_schemas, of_database })
}

/// One sentence for each.
pub(super) fn tell(rows: &Rows, notes: &mut Vec<String>) -> Result<(), Error> {
    for row in &rows.of_schemas {
        let name = QualifiedName::new(ident(row, "schema")?, ident(row, "name")?);
        let (kind, operands): (&str, Option<&str>) = (get(row, "kind")?, get(row, "operands")?);
        let operands = operands.unwrap_or_default();
        notes.push(format!(
            "the {kind} {name}{operands} is left alone: an empty database needs it made first"
        ));
    }
    for row in &rows.of_database {
        let (kind, name): (&str, &str) = (get(row, "kind")?, get(row, "name")?);
        notes.push(format!("the {kind} {name} is the database's and is left alone"));
    }
    Ok(())
}
