//! What a database holds, by the names that Postgres itself has for things.

use std::collections::BTreeSet;

use super::databases::Databases;

/// Everything that is not the server's own, an extension's, or part of something else that is listed. What
/// NOT NULL is called, which Postgres 18 keeps, no declaration says.
const OBJECTS: &str = "
WITH objects(class, id, part) AS (
    SELECT 'pg_class'::regclass, oid, 0 FROM pg_class WHERE relkind NOT IN ('t', 'c') AND relpersistence <> 't'
    UNION ALL
    SELECT 'pg_class'::regclass, a.attrelid, a.attnum FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'c', 'f')
    UNION ALL SELECT 'pg_attrdef'::regclass, oid, 0 FROM pg_attrdef
    UNION ALL SELECT 'pg_constraint'::regclass, oid, 0 FROM pg_constraint WHERE conparentid = 0 AND contype <> 'n'
    UNION ALL SELECT 'pg_trigger'::regclass, oid, 0 FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'pg_policy'::regclass, oid, 0 FROM pg_policy
    UNION ALL SELECT 'pg_rewrite'::regclass, oid, 0 FROM pg_rewrite WHERE rulename <> '_RETURN'
    UNION ALL SELECT 'pg_proc'::regclass, oid, 0 FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, t.oid, 0 FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype <> 'p' AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c')
    UNION ALL SELECT 'pg_collation'::regclass, oid, 0 FROM pg_collation
    UNION ALL SELECT 'pg_operator'::regclass, oid, 0 FROM pg_operator
    UNION ALL SELECT 'pg_cast'::regclass, oid, 0 FROM pg_cast
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, 0 FROM pg_ts_config
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, 0 FROM pg_statistic_ext
    UNION ALL SELECT 'pg_publication'::regclass, oid, 0 FROM pg_publication
    UNION ALL SELECT 'pg_extension'::regclass, oid, 0 FROM pg_extension
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0 FROM pg_namespace
    UNION ALL SELECT 'pg_default_acl'::regclass, oid, 0 FROM pg_default_acl
)
SELECT string_agg(DISTINCT i.type || ' ' || i.identity, E'\\n')
FROM objects o, pg_identify_object(o.class, o.id, o.part) i
WHERE o.id >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.id AND d.deptype = 'e')
    AND coalesce(i.schema, '') NOT IN ('auth', 'information_schema', 'pg_toast')";

/// One line for each object.
#[track_caller]
pub fn of(databases: &Databases, url: &str) -> BTreeSet<String> {
    databases.server.value(url, OBJECTS).lines().map(str::to_owned).collect()
}
