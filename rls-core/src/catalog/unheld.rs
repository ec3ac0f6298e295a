//! What a table has that the model cannot hold, by name: it is told in a note and left alone.
//!
//! None of it decides who sees which row. Rules, families of tables and what is special about a constraint
//! or an index are noted where those are read.

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, with_declared};
use super::relations::Tables;

// A NOT NULL constraint has a name since Postgres 18; the usual one goes without saying, and may have been
// shortened where it is long.
const UNHELD: &str = with_declared!(
    "SELECT c.oid, array_remove(ARRAY[
    CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
    'the storage parameters ' || array_to_string(c.reloptions, ', '),
    (SELECT 'the tablespace ' || quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace),
    (SELECT 'the access method ' || quote_ident(m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
    (SELECT 'the type ' || c.reloftype::regtype WHERE c.reloftype <> 0),
    CASE c.relreplident WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' WHEN 'f' THEN 'REPLICA IDENTITY FULL'
        WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX ' || coalesce((SELECT quote_ident(x.relname)
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident), '')
        END,
    (SELECT 'CLUSTER ON ' || quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisclustered),
    (SELECT 'the extended statistics ' || string_agg(quote_ident(s.stxname), ', ' ORDER BY s.stxname)
        FROM pg_statistic_ext s WHERE s.stxrelid = c.oid),
    (SELECT 'the publications ' || string_agg(quote_ident(p.pubname), ', ' ORDER BY p.pubname)
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid),
    (SELECT 'the security labels ' || string_agg(l.provider || ' ' || quote_literal(l.label), ', ' ORDER BY l.provider, l.objsubid)
        FROM pg_seclabel l WHERE l.objoid = c.oid AND l.classoid = 'pg_class'::regclass),
    (SELECT string_agg(format('NOT NULL of %I %s', a.attname, part.what), '; ' ORDER BY a.attnum)
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1],
        LATERAL (SELECT concat_ws(', ',
            CASE WHEN k.conname <> c.relname || '_' || a.attname || '_not_null' AND length(k.conname) < 63
                THEN format('called %I', k.conname) END,
            CASE WHEN NOT k.convalidated THEN 'NOT VALID' END,
            CASE WHEN k.connoinherit THEN 'NO INHERIT' END) AS what) AS part
        WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conislocal AND part.what <> ''),
    (SELECT string_agg(format('of %I %s', a.attname, part.what), '; ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid,
        LATERAL (SELECT concat_ws(', ',
            CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN'
                WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
            CASE a.attcompression WHEN 'p' THEN 'COMPRESSION pglz' WHEN 'l' THEN 'COMPRESSION lz4' END,
            CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget END,
            array_to_string(a.attoptions, ', ')) AS what) AS part
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND part.what <> '')
    ], NULL) AS unheld
FROM declared c"
);

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, UNHELD, &[&asked.table_schemas, &asked.table_names]).await
}

pub(super) fn note(
    rows: &[Row],
    tables: &mut Tables,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    for row in rows {
        let Some(table) = tables.get(row)? else { continue };
        let unheld: Vec<&str> = get(row, "unheld")?;
        if !unheld.is_empty() {
            let unheld = unheld.join("; ");
            let name = &table.name;
            notes.push(format!(
                "{name} has what no declaration says, and it is left alone: {unheld}"
            ));
        }
    }
    Ok(())
}
