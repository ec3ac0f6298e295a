//! A database of an ordinary owner, emptied between cases.

use rls_core::apply::{Error, Options, apply_with, compare};
use rls_core::catalog::{self, canonical, introspect};
use rls_core::diff::{Canonical, Pair, diff};
use rls_core::model::{IndexKey, IndexValue, Schema, Sql, TypeForm};
use rls_core::plan::{HazardKind, Origin, Plan, from_nothing, plan};
use rls_core::render::{literal, qualified};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::{Client, Transaction};

use super::dump::{Dump, PgDump};
use super::maker::{KEEPER, ROLES};
use super::pair::Way;
use super::rows;
use super::support::owner::owned;
use super::support::{Database, create_role, database};

pub struct World {
    /// Where one state follows the other.
    pub used: Database,
    /// Where the second one is made at once, of the same owner; and what tells the two apart.
    fresh: Option<(Database, PgDump)>,
    pub version: u32,
    /// How many ways led past rows, and how many of them those that were there let be.
    pub with_rows: Pair<u32>,
    /// Roles, and what they are members of, are the server's: tests take turns with them.
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::const_new(());

/// What went wrong.
pub struct Failed {
    pub why: String,
    /// Whether rows that are there are in the way.
    of_rows: bool,
}

impl World {
    pub async fn new(name: &str) -> World {
        let turn = TURN.lock().await;
        let used = owned(&format!("{name}_used")).await;
        let owner = used.query_one("SELECT current_user::text", &[]).await.unwrap();
        let owner: &str = owner.get(0);
        used.batch_execute("RESET ROLE").await.unwrap();
        let version = used.query_one("SHOW server_version_num", &[]).await.unwrap();
        let version = version.get::<_, &str>(0).parse::<u32>().unwrap() / 10_000;
        for role in ROLES.into_iter().chain([KEEPER]) {
            create_role(&used, role).await;
        }
        let mut members = format!("GRANT {} TO {owner};", quoted(KEEPER));
        if version >= 16 {
            let roles = ROLES.map(quoted).join(", ");
            members += &format!("GRANT {roles} TO {owner} WITH ADMIN TRUE, INHERIT FALSE");
        }
        used.batch_execute(&members).await.unwrap();
        let outside = used.outside();
        let pg_dump =
            outside.and_then(|(programs, _)| PgDump::for_server(Some(&programs), version));
        let mut fresh = None;
        if let Some(pg_dump) = pg_dump {
            let database = database(&format!("{name}_fresh")).await;
            let owned = format!(
                "ALTER DATABASE {} OWNER TO {owner}; ALTER SCHEMA public OWNER TO {owner}",
                database.name()
            );
            database.batch_execute(&owned).await.unwrap();
            fresh = Some((database, pg_dump));
        }
        World { used, fresh, version, with_rows: Pair { previous: 0, next: 0 }, _turn: turn }
    }

    /// Makes an empty database what is desired.
    pub async fn make(&mut self, desired: &Schema) -> Result<(), String> {
        empty(&self.used).await;
        let reached = reach(&mut self.used, desired, false).await;
        reached.map_err(|failed| format!("the first: {}", failed.why))?;
        Ok(())
    }

    /// Makes the first schema of a way, plans the way to the second, and puts rows into the first, as superuser.
    pub async fn begin(&mut self, way: &Way) -> Result<Plan, String> {
        let Way { first, then, by_snapshot, seed } = way;
        self.make(&first.schema).await?;
        let schemas = Pair { previous: &first.schema, next: &then.schema };
        let plan = match by_snapshot {
            true => plan(schemas, &Canonical::default(), Origin::Snapshot),
            false => {
                let compared = compare(&mut self.used, schemas.next).await;
                compared.map_err(|error| error.to_string())?.plan
            }
        };
        as_superuser(&self.used).await;
        rows::put(&self.used, schemas.previous, *seed).await;
        Ok(plan)
    }

    /// Leads from one schema to the other, with rows in the first, and compares what came of it with
    /// what is made at once.
    pub async fn lead(&mut self, way: &Way) -> Result<(), String> {
        let Way { first, then, by_snapshot, seed } = way;
        self.make(&first.schema).await?;
        let schemas = [&first.schema, &then.schema];
        as_superuser(&self.used).await;
        rows::put(&self.used, schemas[0], *seed).await;
        let mut was = rows::look(&self.used, schemas[0]).await;
        as_owner(&self.used).await;
        let go = async |used: &mut Client| match by_snapshot {
            true => migrate(used, schemas[0], schemas[1]).await,
            // Half of the ways, as if others read and wrote meanwhile.
            false => reach(used, schemas[1], seed % 2 == 0).await,
        };
        self.with_rows.previous += 1;
        let plan = match go(&mut self.used).await {
            Err(Failed { of_rows: true, .. }) => {
                without_rows(&self.used, schemas[0]).await;
                was.clear();
                go(&mut self.used).await.map_err(|failed| failed.why)?
            }
            done => {
                self.with_rows.next += 1;
                done.map_err(|failed| failed.why)?
            }
        };
        as_superuser(&self.used).await;
        let is = rows::look(&self.used, schemas[1]).await;
        rows::kept(&was, &is, schemas, &plan)?;
        self.compare_dumps(schemas).await
    }

    /// That `pg_dump` says the same of the database that was led to a schema and of one that is made
    /// as it.
    async fn compare_dumps(&mut self, schemas: [&Schema; 2]) -> Result<(), String> {
        let Some((fresh, pg_dump)) = &mut self.fresh else { return Ok(()) };
        empty(fresh).await;
        run(fresh, &from_nothing(schemas[1])).await.map_err(|it| format!("at once: {}", it.why))?;
        without_rows(&self.used, schemas[1]).await;
        let dump = async |database: &Database| -> Dump {
            as_superuser(database).await;
            for statement in LEVEL {
                database.batch_execute(statement).await.unwrap();
            }
            let (_, url) = database.outside().unwrap();
            pg_dump.of(&url, &[]).whatever_way_it_came()
        };
        let (led, made) = (dump(&self.used).await, dump(fresh).await);
        if led == made {
            return Ok(());
        }
        Err(format!(
            "pg_dump tells what was made at once (-) from what was led there (+):\n{}",
            made.differences(&led)
        ))
    }
}

/// What may differ between two databases of one schema.
const LEVEL: [&str; 7] = [
    // Postgres holds for proven what a new domain begins with, and where it is a part of columns, nothing
    // can be proven at all.
    "UPDATE pg_constraint SET convalidated = true WHERE NOT convalidated AND contypid <> 0",
    // Since 17 a domain's NOT NULL has a name, which another one has while that is made anew.
    "UPDATE pg_constraint SET conname = left(typname || '_not_null', 63) FROM pg_type
        WHERE contypid = pg_type.oid AND contype = 'n'",
    // A partition that is made proves at once what need not hold in its table.
    "UPDATE pg_constraint part SET convalidated = whole.convalidated FROM pg_constraint whole
        WHERE part.contype = 'c' AND whole.contype = 'c' AND part.conname = whole.conname
            AND part.conrelid <> whole.conrelid AND whole.conrelid = pg_partition_root(part.conrelid)",
    // A partition that is made takes the comments of indexes along, and one that is there does not.
    "DELETE FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid IN
        (SELECT oid FROM pg_class WHERE relkind IN ('i', 'I') AND relispartition)",
    // Nothing looks at the sequences of identity columns, which default privileges reach.
    "DO $$ DECLARE held record; BEGIN
        FOR held IN SELECT c.oid::regclass AS of, CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE one.grantee::regrole::text END AS role
            FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i',
                aclexplode(c.relacl) AS one
            WHERE c.relkind = 'S' AND one.grantee <> c.relowner
        LOOP
            EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %s', held.of, held.role);
        END LOOP;
    END $$",
    // Nor at privileges on types and on the schema of lookups.
    "UPDATE pg_type SET typacl = NULL; UPDATE pg_namespace SET nspacl = NULL WHERE nspname = 'rls_private'",
    // A database begins with a schema that everybody reaches, and what PUBLIC holds nobody needs by name.
    "DO $$ DECLARE held record; BEGIN
        GRANT USAGE ON SCHEMA public TO PUBLIC;
        FOR held IN SELECT n.nspname, one.privilege_type AS privilege, one.grantee::regrole AS role
            FROM pg_namespace n, aclexplode(nspacl) AS one, aclexplode(nspacl) AS every
            WHERE one.privilege_type = every.privilege_type AND every.grantee = 0
                AND one.grantee NOT IN (0, n.nspowner)
        LOOP
            EXECUTE format('REVOKE %s ON SCHEMA %I FROM %s', held.privilege, held.nspname, held.role);
        END LOOP;
    END $$",
];

fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}

const OWNER: &str =
    "(SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())";

/// Takes everything out of a database, and leaves it to its owner.
async fn empty(client: &Client) {
    let statement = format!(
        "DO $do$ DECLARE owner text := {OWNER}; keeper text := {}; BEGIN
            EXECUTE format('DROP OWNED BY %I, %I CASCADE', owner, keeper);
            EXECUTE (SELECT 'DO $$ BEGIN ' || coalesce(string_agg(format('REVOKE %I FROM %I;', g.rolname, m.rolname), ' '), '') || ' END $$'
                FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
                WHERE ARRAY[g.rolname, m.rolname] <@ ARRAY[{}]::name[]);
            EXECUTE format('CREATE SCHEMA public AUTHORIZATION %I', owner);
            EXECUTE 'GRANT USAGE ON SCHEMA public TO PUBLIC';
            EXECUTE format('GRANT ALL ON DATABASE %I TO %I, %I', current_database(), owner, keeper);
        END $do$",
        literal(KEEPER),
        ROLES.map(literal).join(", ")
    );
    as_superuser(client).await;
    client.batch_execute(&statement).await.unwrap();
    as_owner(client).await;
}

pub async fn as_superuser(client: &Client) {
    client.batch_execute("RESET ROLE").await.unwrap();
}

pub async fn as_owner(client: &Client) {
    let statement = format!("DO $do$ BEGIN EXECUTE format('SET ROLE %I', {OWNER}); END $do$");
    client.batch_execute(&statement).await.unwrap();
}

/// Empties the tables of a schema.
async fn without_rows(client: &Client, schema: &Schema) {
    let tables: Vec<_> = schema.tables.keys().map(qualified).collect();
    if tables.is_empty() {
        return;
    }
    as_superuser(client).await;
    let truncate = format!(
        "SET session_replication_role = replica; TRUNCATE {} CASCADE; RESET session_replication_role",
        tables.join(", ")
    );
    client.batch_execute(&truncate).await.unwrap();
    as_owner(client).await;
}

/// Makes a database what is desired, and reads it back: both ways round nothing is left.
pub async fn reach(client: &mut Client, desired: &Schema, online: bool) -> Result<Plan, Failed> {
    let options = Options { allowed: &HazardKind::ALL, online, ..Options::default() };
    let done = apply_with(client, desired, &options, &mut |_, _, _| {}).await;
    let done = done.map_err(|error| {
        let cause = if let Error::Unfinished { cause, .. } = &error { cause } else { &error };
        Failed {
            of_rows: matches!(cause, Error::Database(failure) | Error::Catalog(catalog::Error::Database(failure))
                if failure.code.as_deref().is_some_and(is_of_rows)),
            why: format!("applying: {error}"),
        }
    })?;
    read_back(client, desired).await?;
    Ok(done.plan)
}

/// From a snapshot, as a migration does it.
pub async fn migrate(client: &mut Client, from: &Schema, to: &Schema) -> Result<Plan, Failed> {
    let schemas = Pair { previous: from, next: to };
    let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
    run(client, &plan).await?;
    read_back(client, to).await?;
    Ok(plan)
}

/// All of a plan or nothing.
async fn run(client: &mut Client, plan: &Plan) -> Result<(), Failed> {
    let failed = |error: tokio_postgres::Error, place: &str| Failed {
        of_rows: error.code().is_some_and(|code| is_of_rows(code.code())),
        why: format!("{}\n{place}\nof:\n{}", said(&error), plan.to_sql()),
    };
    let transaction = client.transaction().await.unwrap();
    for statement in plan.steps.iter().flat_map(|step| &step.statements) {
        let done = transaction.batch_execute(statement).await;
        done.map_err(|error| failed(error, &format!("in: {statement}")))?;
    }
    transaction.commit().await.map_err(|error| failed(error, "at the commit"))
}

/// Whether an error is about values that are there: they do not fit a type, or what a constraint asks.
fn is_of_rows(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("23")
}

fn said(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |said| format!("{} ({})", said.message(), said.code().code()),
    )
}

impl From<String> for Failed {
    fn from(why: String) -> Failed {
        Failed { why, of_rows: false }
    }
}

/// That a database holds what is desired: both ways round nothing is left.
pub async fn read_back(client: &mut Client, desired: &Schema) -> Result<(), String> {
    let left = compare(client, desired).await.map_err(|error| format!("comparing: {error}"))?;
    if !left.plan.is_empty() {
        return Err(format!("a second apply would still do:\n{}", left.plan.to_sql()));
    }
    let mut transaction = client.transaction().await.unwrap();
    let back = backwards(&mut transaction, desired).await;
    transaction.rollback().await.unwrap();
    back
}

async fn backwards(transaction: &mut Transaction<'_>, desired: &Schema) -> Result<(), String> {
    let live = introspect(transaction, desired).await.map_err(|error| error.to_string())?;
    let live = unsaid(live.schema, desired);
    let canonical = canonical(transaction, Pair { previous: &live, next: desired }).await;
    let canonical = canonical.map_err(|error| error.to_string())?;
    let back = diff(Pair { previous: desired, next: &live }, &canonical);
    if back.is_empty() {
        Ok(())
    } else {
        Err(format!("what was read is more than what was asked for: {back:#?}"))
    }
}

/// What was read, without collations that expressions have brought along, which are told as if they had
/// been said, and without names of sequences that had to make way for others of a plan. Postgres holds for
/// proven what a new domain begins with.
fn unsaid(mut live: Schema, desired: &Schema) -> Schema {
    for (name, ty) in &mut live.types {
        let said = desired.types.get(name).map(|said| &said.form);
        let (TypeForm::Domain(is), Some(TypeForm::Domain(said))) = (&mut ty.form, said) else {
            continue;
        };
        for (name, check) in &mut is.checks {
            let unproven = said.checks.get(name).is_some_and(|said| said.not_valid);
            check.not_valid |= unproven;
        }
    }
    let unsaid = |key: &mut IndexKey<Sql>, said: &IndexKey<Sql>| {
        if let (IndexValue::Expr(_), None) = (&said.value, &said.collation) {
            key.collation = None;
        }
    };
    for table in live.tables.values_mut() {
        let Some(said) = desired.tables.get(&table.name) else { continue };
        for column in &mut table.columns {
            let said = said.column(&column.name).and_then(|said| said.sequence.clone());
            column.sequence = column.sequence.take().filter(|_| said.is_some());
        }
        for (name, index) in &mut table.indexes {
            let said = said.indexes.get(name).into_iter().flat_map(|it| &it.keys);
            index.keys.iter_mut().zip(said).for_each(|(key, said)| unsaid(key, said));
        }
        for (name, exclusion) in &mut table.exclusions {
            let said = said.exclusions.get(name).into_iter().flat_map(|it| &it.elements);
            let both = exclusion.elements.iter_mut().zip(said);
            both.for_each(|(element, said)| unsaid(&mut element.key, &said.key));
        }
    }
    live
}
