//! A database that holds what is declared, and two organisations in it.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use rls_core::apply::{apply, compare, install_stand_in};
use rls_devdb::{DevPostgres, Preference};
use rls_schema::{Provider, Settings};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::Client;

pub type Error = Box<dyn std::error::Error>;

/// Tests take turns: the embedded Postgres serves one connection.
static TURN: Mutex<()> = Mutex::const_new(());

pub struct World {
    client: Client,
    _turn: MutexGuard<'static, ()>,
    _server: Arc<DevPostgres>,
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// A fresh one. Comparing it with the declaration finds nothing to do.
pub async fn world() -> Result<World, Error> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("saas");
    let server = rls_devdb::shared(&dir, Preference::Any).await?;
    let turn = TURN.lock().await;
    let admin = server.connect().await?;
    admin.batch_execute("DROP DATABASE IF EXISTS saas").await?;
    admin.batch_execute("CREATE DATABASE saas").await?;
    drop(admin);
    let mut client = server.connect_as("postgres", "saas").await?;
    let settings = Settings::new(Provider::Neon);
    install_stand_in(&mut client, &settings).await?;
    let schema = saas::declare(settings).build()?;
    apply(&mut client, &schema, &[], &mut |_, _, _| {}).await?;
    let again = compare(&mut client, &schema).await?;
    assert!(again.plan.is_empty(), "{}", again.plan.to_sql());
    client.batch_execute(ROWS).await?;
    Ok(World { client, _turn: turn, _server: server })
}

/// Projects begin with `a` or `b` for their organisation, documents with `d`, and end with a number.
const ROWS: &str = "
    INSERT INTO organizations (id, name) VALUES ('org_a', 'A'), ('org_b', 'B');
    INSERT INTO members (org_id, user_id, role) VALUES
        ('org_a', 'user_owner', 'owner'), ('org_a', 'user_admin', 'admin'),
        ('org_a', 'user_author', 'member'), ('org_a', 'user_reader', 'member'),
        ('org_a', 'user_editor', 'member'), ('org_b', 'user_outsider', 'admin'),
        ('org_a', 'user_guest', 'admin'), ('org_b', 'user_guest', 'member');
    INSERT INTO projects (id, org_id, name, is_archived, created_by) VALUES
        ('a0000000-0000-0000-0000-000000000001', 'org_a', 'under way', false, 'user_owner'),
        ('a0000000-0000-0000-0000-000000000002', 'org_a', 'over', true, 'user_owner'),
        ('b0000000-0000-0000-0000-000000000001', 'org_b', 'theirs', false, 'user_outsider');
    INSERT INTO project_members (project_id, user_id, org_id) VALUES
        ('a0000000-0000-0000-0000-000000000001', 'user_author', 'org_a'),
        ('a0000000-0000-0000-0000-000000000001', 'user_former', 'org_a'),
        ('a0000000-0000-0000-0000-000000000001', 'user_guest', 'org_a'),
        ('b0000000-0000-0000-0000-000000000001', 'user_outsider', 'org_b');
    INSERT INTO documents (id, org_id, project_id, owner_id, title, visibility) VALUES
        ('d0000000-0000-0000-0000-000000000001', 'org_a', 'a0000000-0000-0000-0000-000000000001',
            'user_author', 'for me', 'private'),
        ('d0000000-0000-0000-0000-000000000002', 'org_a', 'a0000000-0000-0000-0000-000000000001',
            'user_author', 'for us', 'project'),
        ('d0000000-0000-0000-0000-000000000003', 'org_a', 'a0000000-0000-0000-0000-000000000001',
            'user_author', 'for all', 'public'),
        ('d0000000-0000-0000-0000-000000000004', 'org_b', 'b0000000-0000-0000-0000-000000000001',
            'user_outsider', 'theirs', 'private'),
        ('d0000000-0000-0000-0000-000000000005', 'org_a', 'a0000000-0000-0000-0000-000000000001',
            'user_guest', 'for all too', 'public');
    INSERT INTO shares (document_id, user_id, org_id, can_edit) VALUES
        ('d0000000-0000-0000-0000-000000000001', 'user_reader', 'org_a', false),
        ('d0000000-0000-0000-0000-000000000001', 'user_editor', 'org_a', true),
        ('d0000000-0000-0000-0000-000000000001', 'user_outsider', 'org_a', true),
        ('d0000000-0000-0000-0000-000000000001', 'user_guest', 'org_a', true);
    INSERT INTO audit_log (org_id, actor_id, action) VALUES
        ('org_a', 'user_owner', 'began'), ('org_b', 'user_outsider', 'began');
";

/// So many that Postgres would rather use an index than read them all.
pub const MANY_ROWS: &str = "
    INSERT INTO organizations (id, name) SELECT 'org_' || n, '' FROM generate_series(1, 2000) n;
    INSERT INTO members (org_id, user_id)
        SELECT 'org_' || n, 'user_' || m FROM generate_series(1, 2000) n, generate_series(1, 10) m;
    INSERT INTO documents (org_id, project_id, owner_id, title)
        SELECT 'org_' || n % 2000 + 1, 'b0000000-0000-0000-0000-000000000001', 'user_' || n, ''
        FROM generate_series(1, 20000) n;
    ANALYZE members; ANALYZE documents;
";
