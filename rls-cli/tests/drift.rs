//! `drift`, as an ordinary owner: each thing that somebody may change by hand is changed, found by
//! its kind, undone, and gone again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Project, Run, Server, several_connections};

const CONFIG: &str = r#"provider = "postgres"
roles = [
    "drift_reader",
    "drift_writer",
    { name = "drift_staff", login = true, member-of = ["drift_reader"] },
    { name = "drift_service", exists = true, bypass-rls = true },
]
force-row-security = ["strict"]
"#;

const SCHEMA: &str = r#"use rls_schema::{Sequence, Table};

/// Notes of people.
#[derive(Table)]
#[rls(
    table = "notes",
    policy(name = "own", command = select, role = drift_reader, using = owner == claim("sub")),
    policy(name = "floor", restrictive, command = all, role = public, using = !hidden),
    grant(role = drift_writer, privileges = insert, columns = [body]),
)]
pub struct Note {
    #[rls(primary_key, identity)]
    pub id: i64,
    #[rls(index)]
    pub owner: String,
    #[rls(unique)]
    pub body: String,
    #[rls(check = stars < 6)]
    pub stars: i32,
    #[rls(default = false)]
    pub hidden: bool,
}

#[derive(Table)]
#[rls(
    table = "papers",
    schema = "strict",
    crud_policy(role = drift_reader, read = definer(exists(Note, |n| n.id == note && n.stars > 3))),
    policy_indexes = false,
)]
pub struct Paper {
    #[rls(references = public.notes(id))]
    pub note: i64,
}

#[derive(Sequence)]
pub struct Number;

#[derive(Table)]
#[rls(
    table = "events",
    partition_by(list, columns = [region]),
    partition(name = "events_eu", values = ["eu"]),
    crud_policy(role = drift_reader, read = region == "eu"),
)]
pub struct Event {
    pub region: String,
}
"#;

/// A database whose owner is no superuser, with the declaration applied.
struct Owned {
    project: Project,
    server: Arc<Server>,
    superuser: String,
    owner: String,
    /// Roles are the server's, and tests run beside each other: each has roles of its own.
    prefix: &'static str,
}

impl Owned {
    fn new(prefix: &'static str) -> Option<Owned> {
        let server = several_connections()?;
        let superuser = server.new_database();
        let name = server.value(&superuser, "SELECT current_database()");
        let own = |text: &str| text.replace("drift_", prefix);
        let owner = server.url(&own("drift_owner"), &name);
        let project = Project::new(&own(CONFIG), &own(SCHEMA));
        let owned = Owned { project, server, superuser, owner, prefix };
        owned.by_hand(&format!(
            "CREATE ROLE drift_owner LOGIN CREATEROLE; CREATE ROLE drift_reader;
             CREATE ROLE drift_writer; CREATE ROLE drift_outsider; CREATE ROLE drift_service BYPASSRLS;
             GRANT drift_reader TO drift_owner WITH ADMIN OPTION;
             ALTER DATABASE {name} OWNER TO drift_owner; ALTER SCHEMA public OWNER TO drift_owner"
        ));
        owned.run(&["apply"]).exits(0);
        owned.run(&["drift"]).exits(0).says("No drift");
        Some(owned)
    }

    fn run(&self, args: &[&str]) -> Run {
        self.project.run(&[args, &["--database-url", &self.owner]].concat())
    }

    fn by_hand(&self, sql: &str) {
        self.value(sql);
    }

    fn value(&self, sql: &str) -> String {
        let sql = sql.replace("drift_", self.prefix);
        self.server.value(&self.superuser, &sql).replace(self.prefix, "drift_")
    }

    /// The findings, as JSON; the text has a line for each, and the exit code is the same.
    #[track_caller]
    fn findings(&self) -> Vec<Value> {
        let look = |args| {
            let Run { code, out, err } = self.run(args);
            Run { code, out: out.replace(self.prefix, "drift_"), err }
        };
        let (text, json) = (look(&["drift"]), look(&["drift", "--json"]));
        let findings = json.json()["findings"].as_array().unwrap().clone();
        let code = if findings.is_empty() { 0 } else { 2 };
        assert_eq!((text.code, json.code), (code, code), "{text}\n{json}");
        for finding in &findings {
            let kind = finding["kind"].as_str().unwrap();
            let message = finding["message"].as_str().unwrap();
            let is_it = |line: &str| line.starts_with(kind) && line.contains(message);
            assert_eq!(text.out.lines().filter(|line| is_it(line)).count(), 1, "{text}");
        }
        findings
    }

    /// What is done by hand is found as these kinds, and what undoes it leaves nothing.
    #[track_caller]
    fn finds(&self, by_hand: &str, undo: &str, expected: &[(&str, bool)]) -> Vec<Value> {
        self.by_hand(by_hand);
        let findings = self.findings();
        let found: Vec<_> = findings
            .iter()
            .map(|it| (it["kind"].as_str().unwrap(), it["widens"].as_bool().unwrap()))
            .collect();
        assert_eq!(found, expected, "{by_hand}: {findings:#?}");
        self.by_hand(undo);
        let left = self.findings();
        assert!(left.is_empty(), "{undo}: {left:#?}");
        findings
    }
}

#[test]
fn policies_and_row_security() {
    let Some(owned) = Owned::new("dr1_") else { return };
    let own = "CREATE POLICY own ON notes FOR SELECT TO drift_reader USING (owner = (SELECT NULLIF(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))";
    let edited = owned.finds(
        "ALTER POLICY own ON notes USING (true)",
        &format!("DROP POLICY own ON notes; {own}"),
        &[("policy-edited", true)],
    );
    assert_eq!(edited[0]["line"], json!(7));
    assert_eq!(edited[0]["file"], json!("src/schema.rs"));
    assert_eq!(edited[0]["object"], json!("the policy own on public.notes"));
    assert!(edited[0]["database"].as_str().unwrap().contains("USING (true)"));
    assert!(edited[0]["declared"].as_str().unwrap().contains("owner ="));
    owned.finds("DROP POLICY own ON notes", own, &[("policy-gone", false)]);
    owned.finds(
        "CREATE POLICY extra ON notes FOR SELECT TO drift_reader USING (true)",
        "DROP POLICY extra ON notes",
        &[("policy-added", true)],
    );
    owned.finds(
        "CREATE POLICY extra ON notes AS RESTRICTIVE FOR SELECT TO drift_reader USING (false)",
        "DROP POLICY extra ON notes",
        &[("policy-added", false)],
    );
    owned.finds(
        "DROP POLICY floor ON notes",
        "CREATE POLICY floor ON notes AS RESTRICTIVE USING (NOT hidden) WITH CHECK (NOT hidden)",
        &[("policy-gone", true)],
    );
    owned.finds(
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
        &[("row-security-off", true)],
    );
    owned.finds(
        "ALTER TABLE strict.papers DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE strict.papers ENABLE ROW LEVEL SECURITY",
        &[("row-security-off", true)],
    );
    owned.finds(
        "ALTER TABLE strict.papers NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE strict.papers FORCE ROW LEVEL SECURITY",
        &[("force-removed", true)],
    );
}

#[test]
fn privileges() {
    let Some(owned) = Owned::new("dr2_") else { return };
    let found = owned.finds(
        "GRANT UPDATE, TRUNCATE ON notes TO drift_reader",
        "REVOKE UPDATE, TRUNCATE ON notes FROM drift_reader",
        &[("extra-grant", true)],
    );
    assert_eq!(
        found[0]["message"],
        json!("drift_reader holds UPDATE, TRUNCATE on public.notes, which is not declared")
    );
    assert_eq!(found[0]["line"], json!(11));
    owned.finds(
        "GRANT SELECT (owner) ON notes TO PUBLIC",
        "REVOKE SELECT (owner) ON notes FROM PUBLIC",
        &[("extra-grant", true)],
    );
    owned.finds(
        "REVOKE SELECT ON notes FROM drift_reader",
        "GRANT SELECT ON notes TO drift_reader",
        &[("missing-grant", false)],
    );
    owned.finds(
        "REVOKE INSERT (body) ON notes FROM drift_writer",
        "GRANT INSERT (body) ON notes TO drift_writer",
        &[("missing-grant", false)],
    );
    // What a REVOKE on the table would take along is not missing.
    owned.finds(
        "GRANT INSERT ON notes TO drift_writer",
        "REVOKE INSERT ON notes FROM drift_writer; GRANT INSERT (body) ON notes TO drift_writer",
        &[("extra-grant", true)],
    );
    owned.finds(
        "GRANT SELECT ON notes TO drift_reader WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON notes FROM drift_reader",
        &[("grant-option", true)],
    );
    owned.finds(
        "GRANT USAGE ON SEQUENCE number TO drift_reader",
        "REVOKE USAGE ON SEQUENCE number FROM drift_reader",
        &[("extra-grant", true)],
    );
    // Somebody who is not governed is somebody else's.
    owned.by_hand("GRANT SELECT ON notes TO drift_outsider");
    assert!(owned.findings().is_empty());
}

#[test]
fn roles_and_owners() {
    let Some(owned) = Owned::new("dr3_") else { return };
    let found = owned.finds(
        "ALTER ROLE drift_reader BYPASSRLS",
        "ALTER ROLE drift_reader NOBYPASSRLS",
        &[("role-bypasses-policies", true)],
    );
    assert_eq!(
        found[0]["message"],
        json!("no policy binds the role drift_reader: it has BYPASSRLS")
    );
    // One of which that is declared is told of nothing but more.
    owned.finds(
        "ALTER ROLE drift_service SUPERUSER",
        "ALTER ROLE drift_service NOSUPERUSER",
        &[("role-bypasses-policies", true)],
    );
    owned.finds(
        "ALTER ROLE drift_writer SUPERUSER",
        "ALTER ROLE drift_writer NOSUPERUSER",
        &[("role-bypasses-policies", true)],
    );
    owned.finds(
        "ALTER ROLE drift_staff BYPASSRLS",
        "ALTER ROLE drift_staff NOBYPASSRLS",
        &[("role-edited", true)],
    );
    owned.finds(
        "ALTER ROLE drift_staff NOLOGIN",
        "ALTER ROLE drift_staff LOGIN",
        &[("role-edited", false)],
    );
    owned.finds(
        "GRANT drift_writer TO drift_staff",
        "REVOKE drift_writer FROM drift_staff",
        &[("membership-added", true)],
    );
    owned.finds(
        "ALTER TABLE notes OWNER TO drift_reader",
        "ALTER TABLE notes OWNER TO drift_owner; GRANT SELECT ON notes TO drift_reader",
        &[("owner-bypasses-policies", true)],
    );
}

#[test]
fn what_tables_are_made_of() {
    let Some(owned) = Owned::new("dr4_") else { return };
    owned.finds(
        "ALTER TABLE notes ADD COLUMN secret text",
        "ALTER TABLE notes DROP COLUMN secret",
        &[("column-added", false)],
    );
    let found = owned.finds(
        "ALTER TABLE notes ALTER COLUMN stars DROP NOT NULL, ALTER COLUMN stars SET DEFAULT 1",
        "ALTER TABLE notes ALTER COLUMN stars SET NOT NULL, ALTER COLUMN stars DROP DEFAULT",
        &[("column-edited", false)],
    );
    assert_eq!((&found[0]["line"], &found[0]["column"]), (&json!(19), &json!(9)));
    // The policies that a plan drops and makes again around it are as they were.
    owned.finds(
        "ALTER TABLE notes ALTER COLUMN stars TYPE bigint",
        "ALTER TABLE notes ALTER COLUMN stars TYPE integer",
        &[("column-edited", false)],
    );
    owned.finds(
        "ALTER TABLE notes DROP CONSTRAINT notes_body_key",
        "ALTER TABLE notes ADD CONSTRAINT notes_body_key UNIQUE (body)",
        &[("constraint-gone", false)],
    );
    owned.finds(
        "ALTER TABLE notes ADD CONSTRAINT more CHECK (stars > 0)",
        "ALTER TABLE notes DROP CONSTRAINT more",
        &[("constraint-added", false)],
    );
    owned.finds(
        "DROP INDEX notes_owner_idx",
        "CREATE INDEX notes_owner_idx ON notes (owner)",
        &[("index-gone", false)],
    );
    owned.finds(
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER noting BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION noted()",
        "DROP FUNCTION noted() CASCADE",
        &[("trigger-added", true)],
    );
    owned.finds(
        "COMMENT ON TABLE notes IS 'something else'",
        "COMMENT ON TABLE notes IS 'Notes of people.'",
        &[("comment-edited", false)],
    );
    owned.finds(
        "ALTER SEQUENCE number INCREMENT 5",
        "ALTER SEQUENCE number INCREMENT 1",
        &[("sequence-edited", false)],
    );
    // A table that is gone is one finding, whatever belonged to it.
    owned.by_hand("DROP TABLE strict.papers");
    let kinds: Vec<_> = owned.findings().iter().map(|it| it["kind"].clone()).collect();
    assert_eq!(kinds, [json!("table-gone")]);
    owned.run(&["apply", "--allow", "widens-access"]).exits(0);
    assert!(owned.findings().is_empty());
}

#[test]
fn partitions() {
    let Some(owned) = Owned::new("dr8_") else { return };
    let found = owned.finds(
        "CREATE TABLE events_us PARTITION OF events FOR VALUES IN ('us')",
        "DROP TABLE events_us",
        &[("partition-added", false)],
    );
    assert_eq!(found[0]["object"], json!("the partition public.events_us on public.events"));
    owned.finds(
        "DROP TABLE events_eu",
        "CREATE TABLE events_eu PARTITION OF events FOR VALUES IN ('eu');
         ALTER TABLE events_eu ENABLE ROW LEVEL SECURITY",
        &[("partition-gone", false)],
    );
    let attach = "ALTER TABLE events DETACH PARTITION events_eu; ALTER TABLE events ATTACH PARTITION events_eu";
    let found = owned.finds(
        &format!("{attach} FOR VALUES IN ('eu', 'uk')"),
        &format!("{attach} FOR VALUES IN ('eu')"),
        &[("partition-edited", false)],
    );
    assert!(found[0]["database"].as_str().unwrap().contains("IN ('eu', 'uk')"), "{found:?}");
    // Whoever may read a partition reads it past the policies of its table.
    owned.finds(
        "GRANT SELECT ON events_eu TO drift_reader",
        "REVOKE SELECT ON events_eu FROM drift_reader",
        &[("extra-grant", true)],
    );
    owned.finds(
        "ALTER TABLE events_eu DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE events_eu ENABLE ROW LEVEL SECURITY",
        &[("row-security-off", true)],
    );
}

#[test]
fn functions_that_look_past_policies() {
    let Some(owned) = Owned::new("dr5_") else { return };
    let name =
        owned.value("SELECT proname FROM pg_proc WHERE pronamespace = 'rls_private'::regnamespace");
    let body = owned.value(&format!("SELECT pg_get_functiondef('rls_private.{name}'::regproc)"));
    let edited = body.replace("> 3", "> -3");
    assert_ne!(body, edited);
    owned.finds(&edited, &body, &[("function-edited", true)]);
    owned.finds(
        "CREATE FUNCTION rls_private.mine() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "DROP FUNCTION rls_private.mine()",
        &[("function-added", true)],
    );
}

#[test]
fn what_is_open_beside_the_declaration() {
    let Some(owned) = Owned::new("dr6_") else { return };
    let found = owned.finds(
        "CREATE TABLE loose (id integer); GRANT SELECT, INSERT ON loose TO drift_reader",
        "DROP TABLE loose",
        &[("exposed-table", true)],
    );
    assert_eq!(
        found[0]["message"],
        json!(
            "public.loose, a table without row security, is not declared and open past every policy: \
             SELECT, INSERT for drift_reader; SELECT, INSERT for drift_staff"
        )
    );
    owned.finds(
        "CREATE VIEW everything AS SELECT * FROM notes; GRANT SELECT ON everything TO drift_reader",
        "DROP VIEW everything",
        &[("exposed-table", true)],
    );
    // Out of reach, or with row security, or nobody's: all right.
    owned.by_hand("CREATE TABLE kept (id integer)");
    owned.by_hand("CREATE TABLE guarded (id integer); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guarded TO PUBLIC");
    owned.by_hand("CREATE SCHEMA far; CREATE TABLE far.loose (id integer); GRANT SELECT ON far.loose TO PUBLIC");
    assert!(owned.findings().is_empty());
    let found = owned.finds(
        "ALTER DEFAULT PRIVILEGES FOR ROLE drift_outsider IN SCHEMA public GRANT SELECT, DELETE ON TABLES TO drift_reader",
        "ALTER DEFAULT PRIVILEGES FOR ROLE drift_outsider IN SCHEMA public REVOKE SELECT, DELETE ON TABLES FROM drift_reader",
        &[("default-privileges", true)],
    );
    assert!(
        found[0]["message"].as_str().unwrap().starts_with(
            "drift_reader will hold SELECT, DELETE on every table that drift_outsider creates in the schema public"
        )
    );
}

#[test]
fn an_error_is_no_drift() {
    let Some(owned) = Owned::new("dr7_") else { return };
    let nowhere = ["drift", "--database-url", "postgres://nobody@127.0.0.1:1/none"];
    owned.project.run(&nowhere).exits(1);
    owned.project.run(&[&nowhere[..], &["--json"]].concat()).exits(1);
    // Nothing is changed by looking, and what is found once is found again.
    owned.by_hand("ALTER TABLE notes DISABLE ROW LEVEL SECURITY");
    assert_eq!(owned.findings(), owned.findings());
}
