//! `diff`, `apply`, `drift` and `pull` where names are odd, sessions are set up strangely, the role may do
//! little, several run at once, and the database meddles.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use support::{Project, Run, Server, several_connections};

/// 63 bytes, as many as a name has.
const LONGEST: &str = "strange_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn config() -> String {
    format!(
        "provider = \"postgres\"\nroles = [\"Strange Desk\", \"strange'clerk\", \"strange$$role\", \"strangé\", \"{LONGEST}\"]\n"
    )
}

const SCHEMA: &str = r#"use rls_schema::{Function, PgEnum, Sequence, Table, View};

#[derive(PgEnum)]
#[rls(name = "The \"Mood\".s", schema = "Odd.Schema")]
pub enum Mood {
    #[rls(value = "it's")]
    Its,
    #[rls(value = "a\\b")]
    Back,
    #[rls(value = "$$")]
    Dollar,
}

#[derive(Sequence)]
#[rls(sequence = "num$ber's", schema = "Odd.Schema")]
pub struct Numbers;

#[derive(Function)]
#[rls(
    function = "do \"it\"",
    schema = "Odd.Schema",
    arguments = ["\"A b\" integer"],
    returns = "integer",
    body = "SELECT $1 + 1 -- $$ $_$ '",
    grant(role = "strange'clerk", privileges = [execute]),
)]
pub struct DoIt;

/// It's "odd" \ with $$ and ö.
#[derive(Table)]
#[rls(
    table = "Tab.le \"q\" 's $1 ö",
    schema = "Odd.Schema",
    crud_policy(role = "Strange Desk", read = auth_uid(user_id), modify = auth_uid(user_id)),
    policy(name = "p\"o'l.$x", command = select, role = "strange'clerk", using = title == "it's \\ $$ ö"),
    policy(
        name = "three",
        command = select,
        role = ["strange$$role", "strangé", "LONGEST"],
        using = sql("\"sel\"\"ect\" = 'x' AND mood <> 'it''s'"),
    ),
)]
pub struct Odd {
    #[rls(primary_key, identity)]
    pub id: i64,
    #[rls(column = "User.Id", index)]
    pub user_id: String,
    #[rls(column = "sel\"ect", unique, check = title != "\\")]
    pub title: String,
    #[rls(sql_type = "date", default = sql("'2024-02-03'"))]
    pub day: String,
    #[rls(sql_type = "interval", default = sql("'1 day 02:03:04'"))]
    pub span: String,
    #[rls(sql_type = "bytea", default = sql("'\\x00ff'"))]
    pub bytes: Vec<u8>,
    #[rls(default = sql("'1.23456789012345678'::double precision"))]
    pub float: f64,
    pub mood: Mood,
}

#[derive(View)]
#[rls(
    view = "vi.ew's",
    schema = "Odd.Schema",
    query = "SELECT id, \"User.Id\" AS \"x.y\" FROM \"Odd.Schema\".\"Tab.le \"\"q\"\" 's $1 ö\"",
    grant(role = "Strange Desk", privileges = [select]),
)]
pub struct Odds;
"#;

/// The declaration, and a server whose databases belong to a role that is no superuser.
struct Strange {
    project: Project,
    server: Arc<Server>,
}

impl Strange {
    fn new() -> Option<Strange> {
        let server = several_connections()?;
        let mut schema = SCHEMA.replace("LONGEST", LONGEST);
        if server.major_version() < 15 {
            // Views read as their owner there.
            schema = schema.replace("    query =", "    security_invoker = false,\n    query =");
        }
        let project = Project::new(&config(), &schema);
        let superuser = server.url("postgres", "postgres");
        for name in
            ["strange_app", "Strange Desk", "strange'clerk", "strange$$role", "strangé", LONGEST]
        {
            // Roles are the server's, and tests run beside each other.
            let role = name.replace('\'', "''");
            let statement = format!(
                "SELECT pg_advisory_lock(7); DO $do$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                        EXECUTE 'CREATE ROLE \"{role}\" LOGIN';
                    END IF;
                END $do$"
            );
            server.value(&superuser, &statement);
        }
        Some(Strange { project, server })
    }

    /// A database of the ordinary owner, as superuser and as owner.
    fn database(&self) -> (String, String) {
        let superuser = self.server.new_database();
        let name = self.server.value(&superuser, "SELECT current_database()");
        self.server.value(&superuser, &format!("ALTER DATABASE {name} OWNER TO strange_app"));
        (superuser, self.server.url("strange_app", &name))
    }

    fn run(&self, url: &str, args: &[&str]) -> Run {
        self.project.run(&[args, &["--database-url", url]].concat())
    }

    fn relations(&self, url: &str) -> String {
        let count =
            "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('\"Odd.Schema\"')";
        self.server.value(url, count)
    }
}

/// What a database, or whoever looks after it, may have set for each session.
const SETTINGS: &[&str] = &[
    "search_path = evil, pg_catalog, public",
    "search_path = ''",
    "quote_all_identifiers = on",
    "standard_conforming_strings = off",
    "default_transaction_read_only = on",
    "default_transaction_isolation = serializable",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = iso_8601",
    "bytea_output = escape",
    "extra_float_digits = -10",
    "row_security = off",
    "client_encoding = latin1",
    "check_function_bodies = off",
];

#[test]
fn how_a_session_is_set_up_changes_nothing() {
    let Some(strange) = Strange::new() else { return };
    let (_, plain) = strange.database();
    strange.run(&plain, &["apply"]).exits(0);
    let pulled = |url: &str, folder: &str| {
        strange.run(url, &["pull", "--schema", "Odd.Schema", "--out", folder]).exits(0);
        strange.project.read(&format!("{folder}/src/schema.rs"))
    };
    let expected = pulled(&plain, "plain");
    for part in ["2024-02-03", "1 day 02:03:04", r"\x00ff", "1.2345678901234567"] {
        assert!(expected.contains(part), "{part} in {expected}");
    }
    strange.run(&plain, &["diff", "--project", "plain"]).exits(0);
    for (at, setting) in SETTINGS.iter().enumerate() {
        let (superuser, owner) = strange.database();
        let name = strange.server.value(&superuser, "SELECT current_database()");
        // From another database, for this one may be read only from now on.
        let other = strange.server.url("postgres", "postgres");
        strange.server.value(&other, &format!("ALTER DATABASE {name} SET {setting}"));
        strange.run(&owner, &["apply"]).exits(0).says("Applied");
        strange.run(&owner, &["diff"]).exits(0).says("No difference");
        strange.run(&owner, &["drift"]).exits(0);
        assert_eq!(pulled(&owner, &format!("set{at}")), expected, "{setting}");
    }
}

#[test]
fn a_role_that_may_not_look_is_told_so_and_sees_no_differences() {
    let Some(strange) = Strange::new() else { return };
    let (superuser, owner) = strange.database();
    strange.run(&owner, &["apply"]).exits(0);
    let name = strange.server.value(&superuser, "SELECT current_database()");
    strange.server.value(&superuser, "CREATE ROLE strange_looker LOGIN");
    let looker = strange.server.url("strange_looker", &name);
    for command in ["diff", "drift"] {
        let run = strange.run(&looker, &[command]).exits(1);
        run.says("permission denied for schema Odd.Schema").says("USAGE on every schema");
    }
    strange.server.value(&superuser, &format!("REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC"));
    strange.run(&looker, &["drift"]).exits(1).says("needs TEMPORARY on the database");
}

#[test]
fn several_that_apply_at_once_apply_once() {
    let Some(strange) = Strange::new() else { return };
    let (_, owner) = strange.database();
    let outputs: Vec<_> = thread::scope(|scope| {
        let runs = [(); 3].map(|()| scope.spawn(|| strange.run(&owner, &["apply"]).exits(0).out));
        runs.map(|run| run.join().unwrap()).into()
    });
    let applied = outputs.iter().filter(|out| out.contains("Applied")).count();
    assert_eq!(applied, 1, "{outputs:?}");
}

#[test]
fn an_apply_that_is_killed_leaves_nothing_behind() {
    let Some(strange) = Strange::new() else { return };
    let (superuser, owner) = strange.database();
    // Waits in the middle of the plan for as long as somebody holds the lock.
    strange.server.value(
        &superuser,
        "CREATE FUNCTION wait() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN IF tg_tag = ''CREATE POLICY'' THEN PERFORM pg_sleep(60); END IF; END';
         CREATE EVENT TRIGGER waiting ON ddl_command_end EXECUTE FUNCTION wait()",
    );
    let mut apply = strange.project.command(&["apply", "--database-url", &owner]).spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    let since = Instant::now();
    while strange.server.value(&superuser, waits) != "1" {
        assert!(since.elapsed() < Duration::from_secs(30), "nothing waits");
        thread::sleep(Duration::from_millis(50));
    }
    apply.kill().unwrap();
    apply.wait().unwrap();
    assert_eq!(strange.relations(&superuser), "0");
    // The server goes on until it would answer: here it is told that nobody listens.
    strange.server.value(
        &superuser,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    );
    strange.server.value(&superuser, "DROP EVENT TRIGGER waiting");
    strange.run(&owner, &["apply"]).exits(0).says("Applied");
    strange.run(&owner, &["diff"]).exits(0);
}

#[test]
fn a_database_that_forbids_or_undoes_steps_is_left_as_it_was() {
    let Some(strange) = Strange::new() else { return };
    let (superuser, owner) = strange.database();
    let meddles = |body: &str| {
        let body = body.replace('\'', "''");
        strange.server.value(
            &superuser,
            &format!(
                "DROP EVENT TRIGGER IF EXISTS meddling;
                 CREATE OR REPLACE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS 'DECLARE it record; BEGIN {body} END';
                 CREATE EVENT TRIGGER meddling ON ddl_command_end EXECUTE FUNCTION meddle()"
            ),
        );
    };
    meddles("RAISE EXCEPTION 'not in office hours: %', tg_tag;");
    strange.run(&owner, &["apply"]).exits(1).says("not in office hours: CREATE SCHEMA");
    assert_eq!(strange.relations(&superuser), "0");
    // Each policy opens the table again: what is read back is not what was declared.
    meddles(
        "FOR it IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE POLICY' LOOP
            EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', (SELECT polrelid::regclass FROM pg_policy WHERE oid = it.objid));
         END LOOP;",
    );
    let run = strange.run(&owner, &["apply"]).exits(1);
    run.says("the database still differed, so all was rolled back")
        .says("ENABLE ROW LEVEL SECURITY");
    assert_eq!(strange.relations(&superuser), "0");
    // A privilege that comes with each table is gone before anybody could use it.
    meddles(
        "FOR it IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE TABLE' LOOP
            EXECUTE format('GRANT TRUNCATE ON %s TO \"Strange Desk\"', it.objid::regclass);
         END LOOP;",
    );
    strange.run(&owner, &["apply"]).exits(0);
    strange.run(&owner, &["drift"]).exits(0);
    let may = "SELECT has_table_privilege('Strange Desk', oid, 'TRUNCATE') FROM pg_class WHERE relname LIKE 'Tab.le%' AND relkind = 'r'";
    assert_eq!(strange.server.value(&superuser, may), "f");
}
