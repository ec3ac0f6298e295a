//! A fresh database for each test, and schemas written by hand.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rls_core::model::*;
use rls_core::{Provider, Settings};
use rls_devdb::{DevPostgres, Engine, Preference};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::Client;

/// A database of its own on the server that the tests share.
pub struct Database {
    client: Client,
    name: String,
    server: Arc<DevPostgres>,
    /// The embedded Postgres serves one connection: its tests take turns.
    _turn: Option<MutexGuard<'static, ()>>,
}

static TURN: Mutex<()> = Mutex::const_new(());

/// A fresh, empty database of that name, and a connection to it as superuser.
pub async fn database(name: &str) -> Database {
    let name = format!("cat_{name}");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
    let forced = std::env::var("RLS_POSTGRES").is_ok_and(|engine| engine == "embedded");
    let embedded = forced || !rls_devdb::native_available();
    let turn = if embedded { Some(TURN.lock().await) } else { None };
    let server = rls_devdb::shared(&dir, Preference::Any).await.unwrap();
    let admin = server.connect().await.unwrap();
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        admin.batch_execute(&format!("{statement} {name}")).await.unwrap();
    }
    drop(admin);
    let client = server.connect_as("postgres", &name).await.unwrap();
    Database { client, name, server, _turn: turn }
}

impl Database {
    /// Another connection to the same database. None, said aloud, where the server cannot have one:
    /// the rest of the test is then left out, or fails where a real server is required.
    pub async fn again(&self, user: &str) -> Option<Client> {
        if let Engine::Embedded { .. } = self.server.engine() {
            let required = std::env::var_os("RLS_REQUIRE_POSTGRES").is_some();
            assert!(!required, "RLS_REQUIRE_POSTGRES is set, and there is no native Postgres");
            eprintln!(
                "LEFT OUT: {} needs a second connection, and the embedded Postgres has one",
                self.name
            );
            return None;
        }
        Some(self.server.connect_as(user, &self.name).await.unwrap())
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the programs of Postgres: where they are, and where this database is reached. None where it
    /// runs inside this process.
    pub fn outside(&self) -> Option<(PathBuf, String)> {
        let Engine::Native { bin, .. } = self.server.engine() else { return None };
        Some((bin.clone(), self.server.url("postgres", &self.name)?))
    }
}

impl Deref for Database {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Database {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

pub fn id(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

pub fn role(name: &str) -> Grantee {
    Grantee::Role(id(name))
}

pub fn table(name: &str) -> Table {
    Table::new(QualifiedName::new(id("public"), id(name)), RowSecurity::Enabled)
}

pub fn column(name: &str, ty: &str) -> Column {
    Column { nullable: false, ..Column::new(id(name), PgType::parse(ty).unwrap()) }
}

pub fn with_default(name: &str, ty: &str, default: &str) -> Column {
    Column { default: Some(Expr::Sql(default.to_owned())), ..column(name, ty) }
}

pub fn policy(
    command: Command,
    roles: &[Grantee],
    using: Option<&str>,
    check: Option<&str>,
) -> Policy {
    let sql = |text: &str| Expr::Sql(text.to_owned());
    Policy {
        kind: PolicyKind::Permissive,
        command,
        roles: roles.iter().cloned().collect(),
        using: using.map(sql),
        with_check: check.map(sql),
    }
}

/// The seed's table: everybody sees and changes their own.
pub fn todos() -> Table {
    let own = Expr::owned_by("user_id");
    let mut todos = table("todos");
    todos.columns = vec![
        Column { identity: Some(Identity::ByDefault), ..column("id", "bigint") },
        Column { default: Some(Expr::AuthUid), ..column("user_id", "text") },
        column("task", "text"),
        with_default("is_complete", "boolean", "false"),
        Column { default: Some(Expr::Now), ..column("inserted_at", "timestamptz") },
    ];
    todos.primary_key = Some(PrimaryKey::new(id("todos_pkey"), vec![id("id")]));
    todos.indexes.insert(id("todos_user_id_idx"), Index::btree(vec![id("user_id")]));
    let crud = rls_core::policy::crud::Crud {
        roles: vec![role("authenticated")],
        select: Some(own.clone()),
        insert: Some(own.clone()),
        update: Some(own.clone().into()),
        delete: Some(own),
    };
    todos.policies = crud.policies().unwrap();
    todos
}

pub fn neon() -> Settings {
    Settings::new(Provider::Neon)
}

pub fn plain(roles: &[&str]) -> Settings {
    Settings {
        roles: roles.iter().map(|name| id(name)).collect(),
        ..Settings::new(Provider::Postgres)
    }
}

pub fn schema(tables: impl IntoIterator<Item = Table>, settings: &Settings) -> Schema {
    let declared: Vec<_> = tables.into_iter().map(DeclaredTable::from).collect();
    rls_core::resolve::resolve(declared, settings).unwrap().schema
}

pub mod owner;

pub async fn create_role(client: &Client, name: &str) {
    let settings = plain(&[name]);
    client.batch_execute(&rls_core::render::stand_in_roles(&settings)).await.unwrap();
}
