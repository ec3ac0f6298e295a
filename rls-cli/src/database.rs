//! Which database a command speaks to, and how it gets there.

use rls_core::apply::{StandIn, install_stand_in};
use rls_devdb::{DevPostgres, Preference};
use tempfile::TempDir;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};

use crate::args::DatabaseArgs;
use crate::error::{Error, Result, chain};
use crate::progress::during;
use crate::project::Project;
use crate::tls;

/// An open database.
pub(crate) struct Database {
    pub(crate) client: Client,
    /// What it is, without its password.
    pub(crate) name: String,
    /// What was installed on the way.
    pub(crate) notes: Vec<String>,
    development: Option<DevPostgres>,
    // After the server, which must be gone when its folder goes.
    _scratch: Option<TempDir>,
}

impl Database {
    /// `--database-url`, else what rls.toml names, else `DATABASE_URL`, else the development
    /// Postgres of the project.
    pub(crate) async fn open(args: &DatabaseArgs, project: &Project) -> Result<Database> {
        let mut database = match url(args, project)? {
            Some(url) => remote(&url).await?,
            None => development(project).await?,
        };
        if args.install_stand_in || database.development.is_some() {
            match install_stand_in(&mut database.client, &project.settings()).await? {
                StandIn::Installed => {
                    database.notes.push(format!(
                        "a stand-in for the provider's roles and functions was installed in {}",
                        database.name
                    ));
                }
                StandIn::NotNeeded(reason) if args.install_stand_in => database.notes.push(reason),
                StandIn::NotNeeded(_) | StandIn::AlreadyThere => {}
            }
        }
        Ok(database)
    }

    /// An empty development Postgres that is gone when it is closed, with what a provider brings along.
    pub(crate) async fn scratch(project: &Project) -> Result<Database> {
        let folder = tempfile::tempdir().map_err(|error| {
            Error::user(format!("cannot make a folder for a scratch Postgres: {error}"))
        })?;
        let starting = DevPostgres::start(folder.path(), Preference::Any);
        let server = during("Starting a scratch Postgres", starting).await?;
        let mut client = server.connect().await?;
        install_stand_in(&mut client, &project.settings()).await?;
        Ok(Database {
            client,
            name: format!("a scratch database, {}", server.engine()),
            notes: Vec::new(),
            development: Some(server),
            _scratch: Some(folder),
        })
    }

    /// The one at that URL.
    pub(crate) async fn at(url: &str) -> Result<Database> {
        remote(url).await
    }

    /// Ends the connection and, where there is one, the development server.
    pub(crate) async fn close(self) -> Result<()> {
        let Database { client, name: _, notes: _, development, _scratch } = self;
        drop(client);
        match development {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }
}

fn url(args: &DatabaseArgs, project: &Project) -> Result<Option<String>> {
    if let Some(url) = &args.database_url {
        return Ok(Some(url.clone()));
    }
    if let Some(name) = &project.config.database_url_env {
        return match std::env::var(name) {
            Ok(url) if !url.is_empty() => Ok(Some(url)),
            Ok(_) | Err(_) => Err(Error::hint(
                format!("rls.toml takes the database from ${name}, which is not set"),
                "set it, give `--database-url`, or take `database-url-env` out of rls.toml",
            )),
        };
    }
    Ok(std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()))
}

async fn remote(url: &str) -> Result<Database> {
    let target = tls::target(url)?;
    let name = describe(&target.config);
    let unreachable = |error: tokio_postgres::Error| {
        let hint = match error.as_db_error() {
            Some(_) => {
                "the server answered, and refused: look at the user, the password and the name of the database"
            }
            None => "look at host and port, and whether the server runs",
        };
        Error::hint(format!("cannot connect to {name}: {}", chain(&error)), hint)
    };
    let connected = match target.tls {
        Some(tls) => connect(&target.config, tls, &name).await,
        None => connect(&target.config, NoTls, &name).await,
    };
    let client = connected.map_err(unreachable)?;
    Ok(Database { client, name, notes: Vec::new(), development: None, _scratch: None })
}

async fn connect<T>(
    config: &Config,
    tls: T,
    name: &str,
) -> std::result::Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let connecting = config.connect(tls);
    let (client, connection) = during(&format!("Connecting to {name}"), connecting).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn development(project: &Project) -> Result<Database> {
    let directory = project.database_directory()?;
    let starting = DevPostgres::start(&directory, Preference::Any);
    let server = during("Starting the development Postgres", starting).await?;
    let client = server.connect().await?;
    let name = format!("the development database, {}", server.engine());
    Ok(Database { client, name, notes: Vec::new(), development: Some(server), _scratch: None })
}

/// `database on host`, never with a password.
pub(crate) fn describe(config: &Config) -> String {
    use tokio_postgres::config::Host;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "this machine".to_owned(),
    };
    let name = config.get_dbname().or(config.get_user()).unwrap_or("the default database");
    format!("{name} on {host}")
}
