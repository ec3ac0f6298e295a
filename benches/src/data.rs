//! The same rows three times: in `public` under the compiled policies, in `usual` under the usual
//! ones, and in `hand` under none.

use rls_core::apply::{apply, install_stand_in};
use rls_devdb::DevPostgres;
use tokio_postgres::Client;

use crate::Error;
use crate::cases::USUAL;

/// How many teams the user of many teams belongs to, at every size.
pub const MANY_TEAMS: u64 = 10_000;
/// How many rows each of the small shares holds, at every size: an owner's, a tenant's, a team's.
const OWNS: u64 = 100;
const TENANT: u64 = 1_000;
pub const TEAM: u64 = 50;

/// A database of that many docs and drafts, and a superuser's connection to it.
pub async fn fill(server: &DevPostgres, rows: u64) -> Result<Client, Error> {
    let name = format!("bench_{rows}");
    let admin = server.connect().await?;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await?;
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    drop(admin);

    let mut client = server.connect_as("postgres", &name).await?;
    let schema = rls_benches::schema()?;
    install_stand_in(&mut client, &rls_benches::settings()).await?;
    apply(&mut client, &schema, &[], &mut |_, _, _| {}).await?;
    for statement in statements(rows) {
        client.batch_execute(&statement).await?;
    }
    Ok(client)
}

fn statements(rows: u64) -> Vec<String> {
    let (teams, owners, tenants) = (rows / TEAM, rows / OWNS, (rows / TENANT).max(1));
    let projects = 2 * teams.max(2 * MANY_TEAMS);
    let mut all = vec![
        "SELECT setseed(0.42)".to_owned(),
        format!(
            "INSERT INTO public.members (user_id, team_id)
             SELECT 'one', 1
             UNION ALL SELECT 'hundred', i * {teams} / 100 FROM generate_series(1, 100) i
             UNION ALL SELECT 'many', i * 2 FROM generate_series(1, {MANY_TEAMS}) i
             UNION ALL SELECT DISTINCT 'user_' || i % 10000, 1 + trunc(random() * {teams})::bigint
                 FROM generate_series(1, 50000) i"
        ),
        format!(
            "INSERT INTO public.projects (id, team_id)
             SELECT i, (i + 1) / 2 FROM generate_series(1, {projects}) i"
        ),
        // A prime factor scatters the times and keeps each to one row, so that lists have one order.
        format!(
            "INSERT INTO public.docs
                 (id, owner, team_id, project_id, org_id, is_public, title, created_at)
             SELECT i, 'user_' || trunc(random() * {owners}), 1 + trunc(random() * {teams})::bigint,
                 1 + trunc(random() * {teams} * 2)::bigint, 'org_' || trunc(random() * {tenants}),
                 random() < 0.01, 'title ' || i,
                 timestamptz '2026-01-01' + i::bigint * 7919 % {rows} * interval '1 second'
             FROM generate_series(1, {rows}) i"
        ),
        "INSERT INTO public.drafts SELECT * FROM public.docs".to_owned(),
    ];
    for schema in ["hand", "usual"] {
        all.push(format!("CREATE SCHEMA {schema}"));
        for table in ["members", "projects", "docs", "drafts"] {
            all.push(format!("CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING ALL)"));
            all.push(format!("INSERT INTO {schema}.{table} SELECT * FROM public.{table}"));
        }
    }
    all.push(by_hand());
    all.push(usual());
    for schema in ["public", "hand", "usual"] {
        for table in ["members", "projects", "docs", "drafts"] {
            all.push(format!("ALTER TABLE {schema}.{table} SET (autovacuum_enabled = off)"));
        }
    }
    all.push("VACUUM ANALYZE".to_owned());
    all.push("CHECKPOINT".to_owned());
    all
}

/// An ordinary role and no row security.
fn by_hand() -> String {
    "DO $do$ BEGIN CREATE ROLE by_hand; EXCEPTION WHEN duplicate_object THEN NULL; END $do$;
     GRANT USAGE ON SCHEMA hand TO by_hand;
     GRANT ALL ON ALL TABLES IN SCHEMA hand TO by_hand"
        .to_owned()
}

/// The usual policies, for the same roles.
fn usual() -> String {
    let roles = rls_benches::ROLES.join(", ");
    let mut sql = format!(
        "GRANT USAGE ON SCHEMA usual TO {roles};
         GRANT ALL ON ALL TABLES IN SCHEMA usual TO {roles};
         ALTER TABLE usual.members ENABLE ROW LEVEL SECURITY;
         ALTER TABLE usual.docs ENABLE ROW LEVEL SECURITY;
         ALTER TABLE usual.drafts ENABLE ROW LEVEL SECURITY;"
    );
    for (table, role, command, predicate) in USUAL {
        let clauses = match *command {
            "SELECT" | "DELETE" => format!("USING ({predicate})"),
            "INSERT" => format!("WITH CHECK ({predicate})"),
            _ => format!("USING ({predicate}) WITH CHECK ({predicate})"),
        };
        sql += &format!(
            "CREATE POLICY \"{role} {command}\" ON usual.{table} FOR {command} TO {role} {clauses};"
        );
    }
    sql
}

/// Takes away what rolled back writes left, so that one line does not pay for another.
pub async fn clean(client: &Client, table: &str) -> Result<(), Error> {
    for schema in ["public", "hand", "usual"] {
        client.batch_execute(&format!("VACUUM {schema}.{table}")).await?;
    }
    Ok(())
}

/// Gives the space back.
pub async fn drop_database(server: &DevPostgres, rows: u64) -> Result<(), Error> {
    let admin = server.connect().await?;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS bench_{rows}")).await?;
    Ok(())
}
