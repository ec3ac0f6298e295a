//! No open window: a plan runs statement by statement, each for itself, and after each everybody's access is
//! within what they had before and will have behind. Access is what somebody comes to when they try: each
//! command, on each row, by each column.

use std::collections::BTreeSet;

use rls_core::diff::Change;
use rls_core::model::*;
use rls_core::plan::Plan;
use tokio_postgres::Client;

use super::dice::{self, Dice};
use super::draft;
use super::maker::{self, ROLES};
use super::pair::Way;
use super::support::create_role;
use super::world::{World, as_owner, as_superuser};

/// Somebody to whom nobody ever gives anything.
const STRANGER: &str = "stranger";

/// What was looked at, over all ways.
#[derive(Debug, Default)]
pub struct Looked {
    pub plans: u32,
    /// States between two statements.
    pub prefixes: u32,
    /// Plans that rows were in the way of.
    pub stopped: u32,
    /// How much access there was, all told.
    pub access: usize,
    /// Plans that changed who comes to what.
    pub changed: u32,
}

type Access = BTreeSet<String>;

impl World {
    /// Leads from one schema to the other, one statement at a time.
    pub async fn creep(&mut self, way: &Way, looked: &mut Looked) -> Result<(), String> {
        let way = &opened(way);
        let plan = self.begin(way).await?;
        self.used.batch_execute(TAG).await.unwrap_or_else(|error| panic!("{error:?}"));
        let names: Vec<_> = way.then.schema.namespaces.iter().map(ToString::to_string).collect();
        let before = access(&self.used, &names).await;
        let mut between: Vec<(String, Access)> = Vec::new();
        looked.plans += 1;
        for (at, statement) in watched(&plan) {
            as_owner(&self.used).await;
            if self.used.batch_execute(statement).await.is_err() {
                looked.stopped += 1;
                return Ok(());
            }
            as_superuser(&self.used).await;
            if at {
                between.push((statement.to_owned(), access(&self.used, &names).await));
                looked.prefixes += 1;
            }
        }
        let behind = between.last().map_or_else(|| before.clone(), |(_, access)| access.clone());
        looked.access += before.len();
        looked.changed += u32::from(before != behind);
        let allowed: Access = before.union(&behind).cloned().collect();
        for (statement, access) in &between {
            let more: Vec<_> = access.difference(&allowed).cloned().collect();
            if !more.is_empty() {
                let sql = plan.to_sql();
                return Err(format!("after `{statement}`\n{}\nof:\n{sql}", more.join("\n")));
            }
        }
        Ok(())
    }
}

/// The same way with more to be seen on it: in both schemas, most tables are granted to several and let some
/// through at some rows.
pub fn opened(way: &Way) -> Way {
    let mut way = way.clone();
    let mut dice = Dice::new(dice::seeded(way.seed));
    for draft in [&mut way.first, &mut way.then] {
        open(&mut draft.schema, &mut dice);
    }
    for (name, table) in &way.first.schema.tables {
        if let Some(next) = way.then.schema.tables.get_mut(name) {
            next.row_security = next.row_security.max(table.row_security);
        }
    }
    way
}

fn open(schema: &mut Schema, dice: &mut Dice) {
    // They may be on policies that go.
    schema.comments.clear();
    let roles: Vec<_> = ROLES.map(maker::role).into();
    schema.grantees.extend(roles.iter().cloned());
    let grant = |object, grantee: &Grantee, privilege| Grant {
        object,
        grantee: grantee.clone(),
        privilege,
    };
    for name in schema.namespaces.clone() {
        let used =
            roles.iter().map(|it| grant(GrantObject::Schema(name.clone()), it, Privilege::Usage));
        schema.grants.extend(used);
    }
    for table in schema.tables.values_mut() {
        if dice.one_in(4) {
            continue;
        }
        table.row_security = table.row_security.max(RowSecurity::Enabled);
        table.policies.clear();
        for name in dice.some(&["one", "two", "three", "four", "five"], 5) {
            let policy = policy(table, &roles, dice);
            table.policies.insert(draft::id(name), policy);
        }
        for role in dice.some(&roles, 3) {
            for privilege in dice.some(&Privilege::ROWS, 4) {
                let mut objects = vec![GrantObject::Table(table.name.clone())];
                if dice.one_in(4) && privilege != Privilege::Delete {
                    let of_column = |it: Column<Sql>| GrantObject::Column {
                        table: table.name.clone(),
                        column: it.name,
                    };
                    objects = dice.some(&table.columns, 3).into_iter().map(of_column).collect();
                }
                schema
                    .grants
                    .extend(objects.into_iter().map(|object| grant(object, &role, privilege)));
            }
        }
    }
}

fn policy(table: &Table<Sql>, roles: &[Grantee], dice: &mut Dice) -> Policy<Sql> {
    let mut texts = vec!["true", "false"];
    if table.column(&draft::id("id")).is_some() {
        texts.extend(["id % 2 = 0", "id > 3", "id <= 3", "(id + 1) % 3 <> 0"]);
    }
    let commands =
        [Command::All, Command::Select, Command::Insert, Command::Update, Command::Delete];
    let command = dice.any(&commands).unwrap();
    let mut text = |unless: &[Command]| {
        let text = Sql::new(dice.pick(&texts));
        (!unless.contains(&command) && !dice.one_in(6)).then_some(text)
    };
    let using = text(&[Command::Insert]);
    let with_check = text(&[Command::Select, Command::Delete]);
    let mut roles: BTreeSet<_> = dice.some(roles, 3).into_iter().collect();
    if roles.is_empty() {
        roles.insert(Grantee::Public);
    }
    let kind = if dice.one_in(3) { PolicyKind::Restrictive } else { PolicyKind::Permissive };
    Policy { kind, command, roles, using, with_check }
}

/// Each statement, and whether it is looked behind it: what a step makes is made when the step ends.
fn watched(plan: &Plan) -> Vec<(bool, &str)> {
    let mut all = Vec::new();
    for step in &plan.steps {
        let makes = matches!(
            step.change,
            Change::CreateTable { .. }
                | Change::CreatePartition { .. }
                | Change::CreateView { .. }
                | Change::CreateFunction { .. }
                | Change::CreateSequence { .. }
        );
        let last = step.statements.len();
        let statements = step.statements.iter().enumerate();
        all.extend(statements.map(|(at, text)| (!makes || at + 1 == last, text.as_str())));
    }
    all
}

/// What each role comes to in some schemas.
async fn access(client: &Client, schemas: &[String]) -> Access {
    let roles: Vec<_> = ROLES.iter().copied().chain([STRANGER]).collect();
    let query = "SELECT pg_temp.rls_access($1::text[], $2::text[])";
    let found = client.query_one(query, &[&roles, &schemas]).await;
    let found: Vec<String> = found.unwrap_or_else(|error| panic!("{error:?}")).get(0);
    found.into_iter().collect()
}

/// Makes ready what looks.
pub async fn prepare(client: &Client) {
    as_superuser(client).await;
    create_role(client, STRANGER).await;
    client.batch_execute(LOOK).await.unwrap_or_else(|error| panic!("{error:?}"));
}

/// Gives each row a number by which it is known, whatever becomes of its columns.
const TAG: &str = r#"
DO $$ DECLARE held record; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR held IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            AND n.nspname !~ '^pg_'
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN rls_tag bigint', held.name);
        EXECUTE format('CREATE TEMP SEQUENCE rls_tags');
        EXECUTE format('UPDATE %s SET rls_tag = nextval(''pg_temp.rls_tags'')', held.name);
        DROP SEQUENCE pg_temp.rls_tags;
    END LOOP;
END $$"#;

/// Tries everything as everybody, and undoes it, but for what extensions bring along.
const LOOK: &str = r#"
-- The numbers that a query comes to as somebody, or none where it is refused. Whoever asks may see the numbers of
-- rows, if there are some.
CREATE OR REPLACE FUNCTION pg_temp.rls_tried(who text, numbered text, query text) RETURNS bigint[] LANGUAGE plpgsql AS $tried$
DECLARE
    numbers bigint[];
BEGIN
    IF numbered IS NOT NULL THEN
        EXECUTE format('GRANT SELECT (rls_tag) ON %s TO %I', numbered, who);
    END IF;
    PERFORM set_config('role', who, true);
    EXECUTE query INTO numbers;
    RAISE EXCEPTION SQLSTATE 'RLS00';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'RLS00' THEN numbers END;
END $tried$;

-- By which columns somebody comes to those rows.
CREATE OR REPLACE FUNCTION pg_temp.rls_columns(who text, kind text, relation regclass, numbers bigint[]) RETURNS text[] LANGUAGE sql
AS $columns$
    SELECT array_agg(format('%s %s %s.%s of row %s', who, kind, relation, a.attname, number))
    FROM unnest(numbers) AS number, pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(who, relation, a.attnum, kind)
$columns$;

CREATE OR REPLACE FUNCTION pg_temp.rls_access(roles text[], schemas text[]) RETURNS text[] LANGUAGE plpgsql AS $look$
DECLARE
    found text[] := '{}';
    held record;
    who text;
    tags bigint[];
    seen bigint[];
    tag bigint;
    listed text;
    touched bigint;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR held IN SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relrowsecurity AS closed,
            n.oid AS space, exists (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'rls_tag' AND NOT a.attisdropped) AS tagged
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname = ANY (schemas)
    LOOP
        seen := NULL;
        IF held.tagged AND held.relkind IN ('r', 'p') THEN
            EXECUTE format('SELECT array_agg(rls_tag) FROM %s', held.name) INTO seen;
        END IF;
        SELECT string_agg(quote_ident(a.attname), ', ') INTO listed FROM pg_attribute a
            WHERE a.attrelid = held.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
        FOREACH who IN ARRAY roles LOOP
            CONTINUE WHEN NOT has_schema_privilege(who, held.space, 'USAGE');
            found := found || ARRAY(SELECT format('%s %s %s', who, kind, held.name)
                FROM unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS kind WHERE has_table_privilege(who, held.oid, kind));
            IF held.relkind IN ('v', 'm') THEN
                tags := pg_temp.rls_tried(who, NULL, format('SELECT ARRAY(SELECT generate_series(1, count(*)) FROM %s)', held.name));
                found := found || ARRAY(SELECT format('%s SELECT %s %s rows', who, held.name, n) FROM unnest(tags) AS n);
                CONTINUE;
            END IF;
            IF NOT held.closed THEN
                found := found || ARRAY(SELECT format('%s %s %s without policies', who, kind, held.name)
                    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS kind WHERE has_any_column_privilege(who, held.oid, kind)
                    UNION ALL SELECT format('%s DELETE %s without policies', who, held.name) WHERE has_table_privilege(who, held.oid, 'DELETE'));
            END IF;
            CONTINUE WHEN seen IS NULL;
            IF has_any_column_privilege(who, held.oid, 'SELECT') THEN
                tags := pg_temp.rls_tried(who, held.name, format('SELECT array_agg(rls_tag) FROM %s', held.name));
                found := found || pg_temp.rls_columns(who, 'SELECT', held.oid, tags);
            END IF;
            IF has_table_privilege(who, held.oid, 'DELETE') THEN
                tags := pg_temp.rls_tried(who, held.name,
                    format('WITH gone AS (DELETE FROM %s RETURNING rls_tag) SELECT array_agg(rls_tag) FROM gone', held.name));
                found := found || ARRAY(SELECT format('%s DELETE %s row %s', who, held.name, row) FROM unnest(tags) AS row);
            END IF;
            -- Postgres judges the policies of a row before its constraints, so whoever meets one of those was let through.
            IF has_any_column_privilege(who, held.oid, 'UPDATE') THEN
                tags := '{}';
                FOREACH tag IN ARRAY seen LOOP
                    touched := 0;
                    BEGIN
                        EXECUTE format('GRANT SELECT (rls_tag), UPDATE (rls_tag) ON %s TO %I', held.name, who);
                        PERFORM set_config('role', who, true);
                        EXECUTE format('UPDATE %s SET rls_tag = rls_tag WHERE rls_tag = %s', held.name, tag);
                        GET DIAGNOSTICS touched = ROW_COUNT;
                        RAISE EXCEPTION SQLSTATE 'RLS00';
                    EXCEPTION WHEN integrity_constraint_violation THEN touched := 1; WHEN OTHERS THEN
                        IF SQLSTATE <> 'RLS00' THEN touched := 0; END IF;
                    END;
                    IF touched > 0 THEN tags := tags || tag; END IF;
                END LOOP;
                found := found || pg_temp.rls_columns(who, 'UPDATE', held.oid, tags);
            END IF;
            IF has_any_column_privilege(who, held.oid, 'INSERT') THEN
                tags := '{}';
                FOREACH tag IN ARRAY seen LOOP
                    BEGIN
                        EXECUTE format('CREATE TEMP TABLE rls_copy AS SELECT %s FROM %s WHERE rls_tag = %s', listed, held.name, tag);
                        GRANT SELECT ON pg_temp.rls_copy TO PUBLIC;
                        EXECUTE format('GRANT INSERT ON %s TO %I', held.name, who);
                        PERFORM set_config('role', who, true);
                        EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM pg_temp.rls_copy', held.name, listed);
                        RAISE EXCEPTION SQLSTATE 'RLS00';
                    EXCEPTION WHEN integrity_constraint_violation THEN tags := tags || tag; WHEN OTHERS THEN
                        IF SQLSTATE = 'RLS00' THEN tags := tags || tag; END IF;
                    END;
                END LOOP;
                found := found || pg_temp.rls_columns(who, 'INSERT', held.oid, tags);
            END IF;
        END LOOP;
    END LOOP;
    found := found || ARRAY(SELECT format('%s EXECUTE %s.%s', role, n.nspname, p.proname)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, unnest(roles) AS role
        WHERE n.nspname = ANY (schemas) AND has_schema_privilege(role, n.oid, 'USAGE') AND has_function_privilege(role, p.oid, 'EXECUTE')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'));
    found := found || ARRAY(SELECT format('%s %s %s', role, kind, c.oid::regclass)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(roles) AS role, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) AS kind
        WHERE c.relkind = 'S' AND n.nspname = ANY (schemas) AND has_schema_privilege(role, n.oid, 'USAGE') AND has_sequence_privilege(role, c.oid, kind));
    found := found || ARRAY(SELECT format('%s CREATE in %s', role, n.nspname)
        FROM pg_namespace n, unnest(roles) AS role
        WHERE n.nspname = ANY (schemas) AND has_schema_privilege(role, n.oid, 'CREATE'));
    RETURN found;
END $look$"#;
