//! A run that cannot have a lock gives way: as often as it may, holding nobody up for longer than its lock
//! timeout, and with nothing left behind.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rls_core::apply::{Comparison, Error, Options, Patience, apply_with, compare};
use rls_core::model::Schema;
use rls_core::plan::HazardKind;
use tokio_postgres::Client;

use super::case::{DOCS, Edit, FILL};
use super::support::Database;
use super::support::owner::{converge, owned, text};
use super::watch::{pid, waits_for};
use super::world::{declared, edited, run};

/// A change that wants a lock, and what of others keeps it from that.
struct Blocked {
    kind: HazardKind,
    change: Edit,
    online: bool,
    /// What somebody has done whose transaction is open.
    by: &'static [&'static str],
    /// What stops it not.
    not_by: &'static [&'static str],
}

const READ: &str = "SELECT count(*) FROM docs";
const WRITTEN: &str =
    "INSERT INTO docs (id, team_id, title, note, size, shown) VALUES (3000, 1, 'x', 'x', 1, true)";

const BLOCKED: [Blocked; 4] = [
    Blocked {
        kind: HazardKind::BlocksReads,
        change: ("note: Option<String>", "note: String"),
        online: false,
        by: &[READ, WRITTEN],
        not_by: &[],
    },
    Blocked {
        kind: HazardKind::BlocksWrites,
        change: ("title: String", "#[rls(index)] title: String"),
        online: false,
        by: &[WRITTEN],
        not_by: &[READ],
    },
    Blocked {
        kind: HazardKind::RewritesTable,
        change: ("size: i32", "size: i64"),
        online: false,
        by: &[READ, WRITTEN],
        not_by: &[],
    },
    // Within the transaction, NOT NULL is a check that refuses.
    Blocked {
        kind: HazardKind::OutsideTransaction,
        change: ("note: Option<String>", "note: String"),
        online: true,
        by: &[READ, WRITTEN],
        not_by: &[],
    },
];

const TIMEOUT: Duration = Duration::from_millis(300);

async fn go(
    client: &mut Client,
    desired: &Schema,
    online: bool,
    attempts: u32,
) -> Result<Comparison, Error> {
    let patience = Patience { lock_timeout: TIMEOUT, attempts, ..Patience::default() };
    let options = Options { allowed: &HazardKind::ALL, online, patience, ..Options::default() };
    apply_with(client, desired, &options, &mut |_, _, _| {}).await
}

/// What was seen of a run from outside.
#[derive(Debug, Default)]
struct Seen {
    /// How often it began to wait for the one who holds the lock.
    attempts: u32,
    /// The longest that somebody who only reads was kept waiting.
    reader: Duration,
}

/// Runs while somebody looks on. Behind the attempt of that number, the other lets go.
async fn together(
    world: &mut World,
    desired: &Schema,
    online: bool,
    attempts: u32,
    let_go_behind: u32,
) -> (Result<Comparison, Error>, Seen) {
    let World { database, runner, holder } = world;
    let process = pid(runner).await;
    let done = Cell::new(false);
    let running = async {
        let ended = go(runner, desired, online, attempts).await;
        done.set(true);
        ended
    };
    let looking_on = look_on(database, process, holder, let_go_behind, &done);
    futures_util::future::join(running, looking_on).await
}

async fn look_on(
    database: &Database,
    runner: i32,
    holder: &Client,
    let_go_behind: u32,
    done: &Cell<bool>,
) -> Seen {
    let watcher = database.again("postgres").await.unwrap();
    let reader = database.again("postgres").await.unwrap();
    let blocker = pid(holder).await;
    let mut seen = Seen::default();
    let mut waiting = false;
    while !done.get() {
        let now = waits_for(&watcher, runner, blocker).await;
        if now && !waiting {
            seen.attempts += 1;
            let begin = Instant::now();
            run(&reader, READ).await.unwrap();
            seen.reader = seen.reader.max(begin.elapsed());
        }
        if waiting && !now && seen.attempts == let_go_behind {
            run(holder, "ROLLBACK").await.unwrap();
        }
        waiting = now;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    seen
}

struct World {
    database: Database,
    /// Changes the database as its owner.
    runner: Client,
    /// Has something open on the table.
    holder: Client,
}

impl World {
    async fn new(name: &str, before: &Schema) -> Option<World> {
        let mut database = owned(&format!("locks_{name}")).await;
        let runner = database.again("postgres").await?;
        let holder = database.again("postgres").await?;
        converge(&mut database, before).await;
        run(&database, FILL).await.unwrap();
        let owner = text(&database, "current_user").await;
        run(&runner, &format!("SET ROLE {owner}")).await.unwrap();
        Some(World { database, runner, holder })
    }

    /// Nothing is there that was not, no lock is held, and the session waits as it did.
    async fn is_as(&mut self, schema: &Schema, what: &str) {
        let runner = pid(&self.runner).await;
        let locks = "SELECT count(*) FROM pg_locks WHERE pid = $1
            AND (locktype = 'advisory' OR locktype = 'relation' AND relation >= 16384)";
        let held: i64 = self.holder.query_one(locks, &[&runner]).await.unwrap().get(0);
        assert_eq!(
            (held, text(&self.runner, "current_setting('lock_timeout')").await),
            (0, "0".to_owned()),
            "{what}"
        );
        let left = compare(&mut self.runner, schema).await.unwrap().plan;
        assert!(left.is_empty(), "{what}: {}", left.to_sql());
    }
}

#[tokio::test]
async fn who_waits_for_a_lock_gives_way() {
    for (at, case) in BLOCKED.iter().enumerate() {
        for (by, statement) in case.by.iter().enumerate() {
            gives_way(case, &format!("patience_{at}_{by}"), statement).await;
        }
    }
}

async fn gives_way(case: &Blocked, name: &str, statement: &str) {
    let what = format!("{} against `{statement}`", case.kind);
    let (before, after) = (declared(name, DOCS), declared(name, &edited(DOCS, &[case.change])));
    let Some(mut world) = World::new(name, &before).await else { return };
    let begin = format!("BEGIN; {statement}");
    run(&world.holder, &begin).await.unwrap();

    // It comes back as often as it may.
    let (refused, seen) = together(&mut world, &after, case.online, 2, 0).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("lock timeout"), "{what}: {refused}");
    assert_eq!(seen.attempts, 2, "{what}");
    assert!(seen.reader < TIMEOUT * 5, "{what}: who reads waits {:?}", seen.reader);
    run(&world.holder, "ROLLBACK").await.unwrap();
    world.is_as(&before, &what).await;

    // Where the other lets go between two attempts, the next one is the last.
    run(&world.holder, &begin).await.unwrap();
    let (applied, seen) = together(&mut world, &after, case.online, 5, 1).await;
    applied.unwrap_or_else(|error| panic!("{what}: {error}"));
    // On a busy machine the other may be late.
    assert!([1, 2].contains(&seen.attempts), "{what}: {seen:?}");
    world.is_as(&after, &what).await;
}

/// Whoever only reads is not in the way of an index.
#[tokio::test]
async fn what_does_not_conflict_is_not_waited_for() {
    for (at, case) in BLOCKED.iter().enumerate() {
        for (by, statement) in case.not_by.iter().enumerate() {
            let name = format!("patience_{at}_not_{by}");
            let (before, after) =
                (declared(&name, DOCS), declared(&name, &edited(DOCS, &[case.change])));
            let Some(mut world) = World::new(&name, &before).await else { return };
            run(&world.holder, &format!("BEGIN; {statement}")).await.unwrap();
            go(&mut world.runner, &after, case.online, 1).await.unwrap();
            world.is_as(&after, statement).await;
        }
    }
}
