//! What comes together: plan files, online plans and lists of databases, with renames, locks and what nobody
//! agreed to.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod many;
mod online;
mod plan_files;
mod widened;

use tokio::runtime::Runtime;
use tokio_postgres::Client;

/// A session that stays open beside the commands.
struct Session {
    runtime: Runtime,
    client: Client,
}

impl Session {
    fn new(url: &str) -> Session {
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(async {
            let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
            let (client, connection) = connected.unwrap();
            tokio::spawn(connection);
            client
        });
        Session { runtime, client }
    }

    #[track_caller]
    fn sql(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap();
    }
}
