//! What a database holds, as one text, and what its history says.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{connect, first, runtime};

/// The first value of the last statement.
#[track_caller]
pub fn value(url: &str, sql: &str) -> String {
    let answer = runtime().block_on(async { first(&connect(url).await, sql).await });
    answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

/// Every object of the database with all that a plan changes about it, and the rows of `todos`.
const HELD: &str = r"
SELECT string_agg(line, E'\n' ORDER BY line) FROM (
    SELECT format('schema %s %s %s', nspname, nspowner::regrole, nspacl)
        FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('rls', 'information_schema')
    UNION ALL SELECT format('relation %s %s %s %s %s %s', oid::regclass, relkind, relowner::regrole,
            relrowsecurity, relforcerowsecurity, relacl)
        FROM ours
    UNION ALL SELECT format('column %s %s %s %s %s %s %s %s', attrelid::regclass, attname,
            format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attacl,
            pg_get_expr(adbin, adrelid))
        FROM ours JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL SELECT format('policy %s %s %s %s %s %s %s', polrelid::regclass, polname, polpermissive,
            polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid),
            pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy
    UNION ALL SELECT format('constraint %s %s %s %s', conrelid::regclass, conname, convalidated,
            pg_get_constraintdef(pg_constraint.oid))
        FROM pg_constraint JOIN ours ON conrelid = ours.oid
    UNION ALL SELECT format('index %s %s', indisvalid, pg_get_indexdef(indexrelid))
        FROM pg_index JOIN ours ON indexrelid = ours.oid
    UNION ALL SELECT format('trigger %s %s', tgenabled, pg_get_triggerdef(oid))
        FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s %s', pg_get_functiondef(oid), proacl)
        FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^pg_|information_schema'
    UNION ALL SELECT format('type %s %s', enumtypid::regtype, enumlabel) FROM pg_enum
    UNION ALL SELECT format('comment %s %s', pg_describe_object(classoid, objoid, objsubid),
            description)
        FROM pg_description WHERE objoid >= 16384
    UNION ALL SELECT format('membership %s %s', roleid::regrole, member::regrole)
        FROM pg_auth_members
) AS lines(line)";

const OURS: &str = "WITH ours AS (SELECT * FROM pg_class
    WHERE relnamespace::regnamespace::text !~ '^pg_|information_schema|^rls$')";

/// Everything but the history.
#[track_caller]
pub fn held(url: &str) -> String {
    let objects = value(url, &format!("{OURS}{HELD}"));
    let exists = value(url, "SELECT to_regclass('todos') IS NOT NULL");
    let rows = match exists.as_str() {
        "t" => value(url, "SELECT string_agg(t::text, E'\n' ORDER BY id) FROM todos AS t"),
        _ => "no todos".to_owned(),
    };
    format!("{objects}\n{rows}")
}

/// `version_name checksum` of each migration that the history knows.
#[track_caller]
pub fn history(url: &str) -> Vec<String> {
    if value(url, "SELECT to_regclass('rls.migrations') IS NOT NULL") == "f" {
        return Vec::new();
    }
    let list =
        "SELECT string_agg(version || '_' || name, ' ' ORDER BY version) FROM rls.migrations";
    value(url, list).split_whitespace().map(str::to_owned).collect()
}

/// Waits until nobody else is in the database: a server notices late that its client has gone.
#[track_caller]
pub fn left_alone(url: &str) {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let begun = Instant::now();
    while value(url, others) != "0" {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the server still works for who is gone"
        );
        thread::sleep(Duration::from_millis(5));
    }
}
