//! What a database holds, as one text, what its history says, and who gets at which rows.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{connect, first, runtime};

/// All that there is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub held: String,
    pub history: Vec<String>,
    /// Which rows each person gets at.
    pub access: BTreeSet<String>,
}

impl State {
    pub fn of(url: &str) -> State {
        runtime().block_on(async {
            let client = connect(url).await;
            let (held, history) = (held(&client).await, history(&client).await);
            State { held, history, access: access(&client).await }
        })
    }
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

/// An index that is not whole is used by nobody, and its building is begun again.
const OURS: &str = "WITH ours AS (SELECT * FROM pg_class
    WHERE relnamespace::regnamespace::text !~ '^pg_|information_schema|^rls$'
    AND NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = pg_class.oid AND NOT indisvalid))";

/// The first value of the last statement.
#[track_caller]
pub fn value(url: &str, sql: &str) -> String {
    runtime().block_on(async { ask(&connect(url).await, sql).await })
}

async fn ask(client: &Client, sql: &str) -> String {
    let answer = first(client, sql).await;
    answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

/// Everything but the history.
async fn held(client: &Client) -> String {
    let objects = ask(client, &format!("{OURS}{HELD}")).await;
    let exists = ask(client, "SELECT to_regclass('todos') IS NOT NULL").await;
    let rows = match exists.as_str() {
        "t" => "SELECT string_agg(t::text, E'\n' ORDER BY id) FROM todos AS t",
        _ => "SELECT 'no todos'",
    };
    format!("{objects}\n{}", ask(client, rows).await)
}

/// `version_name` of each migration that the history knows, with what it says of it.
async fn history(client: &Client) -> Vec<String> {
    if ask(client, "SELECT to_regclass('rls.undone_migrations') IS NOT NULL").await == "f" {
        return vec!["none".to_owned()];
    }
    let list =
        "SELECT string_agg(said || version || '_' || name, ' ' ORDER BY version, said) FROM (
            SELECT CASE WHEN duration_ms IS NULL THEN 'begun:' ELSE '' END, version, name
            FROM rls.migrations
            UNION ALL SELECT 'undone:', version, name FROM rls.undone_migrations
        ) AS entries(said, version, name)";
    ask(client, list).await.split_whitespace().map(str::to_owned).collect()
}

const PEOPLE: [(&str, &str); 3] =
    [("authenticated", "user_0"), ("authenticated", "user_1"), ("anonymous", "")];

const COMMANDS: [&str; 3] = [
    "SELECT id FROM todos",
    "UPDATE todos SET is_complete = is_complete RETURNING id",
    "DELETE FROM todos RETURNING id",
];

/// Which todos each person gets at, by which command.
async fn access(client: &Client) -> BTreeSet<String> {
    let mut access = BTreeSet::new();
    for (role, sub) in PEOPLE {
        for command in COMMANDS {
            let claims = format!(r#"{{"sub": "{sub}"}}"#);
            let tried = format!(
                "BEGIN; SELECT set_config('request.jwt.claims', '{claims}', true); SET LOCAL ROLE {role}; {command}"
            );
            // What fails reaches nothing.
            for message in client.simple_query(&tried).await.unwrap_or_default() {
                if let SimpleQueryMessage::Row(row) = message
                    && let Ok(Some(id)) = row.try_get("id")
                {
                    access.insert(format!("{role} {sub}: {command}: {id}"));
                }
            }
            client.batch_execute("ROLLBACK").await.unwrap();
        }
    }
    access
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
