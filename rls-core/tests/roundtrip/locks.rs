//! Locks: a plan runs in one transaction, and after each step the server is asked what that has locked of
//! what was there before. It is what the step said, no more and no less; and where rows were written anew, that
//! was said too.

use std::collections::BTreeMap;

use rls_core::plan::{Held, LockMode, Plan};
use tokio_postgres::Transaction;

use super::pair::Way;
use super::window::opened;
use super::world::{World, as_owner, as_superuser};

/// What was asked, over all ways.
#[derive(Debug, Default)]
pub struct Locked {
    pub plans: u32,
    pub steps: u32,
    /// Plans that rows were in the way of.
    pub stopped: u32,
    /// How often each was claimed.
    pub claims: BTreeMap<(LockMode, Held), u32>,
}

/// The strongest lock on each relation that was there, and which file it is kept in.
const LOCKED: &str = "SELECT was.name, was.root, coalesce(pg_relation_filenode(was.oid) <> was.file, false) AS anew,
    (SELECT max(array_position(ARRAY['ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
            'ExclusiveLock', 'AccessExclusiveLock'], mode))
        FROM pg_locks WHERE pid = pg_backend_pid() AND granted AND locktype = 'relation' AND relation = was.oid) AS mode
    FROM pg_temp.was ORDER BY was.name";

const WAS: &str = "DROP TABLE IF EXISTS pg_temp.was; CREATE TEMPORARY TABLE was AS
    SELECT oid, format('%s.%s', (SELECT nspname FROM pg_namespace n WHERE n.oid = relnamespace), relname) AS name,
        (SELECT format('%s.%s', nspname, r.relname) FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
            WHERE pg_class.relispartition AND r.oid = pg_partition_root(pg_class.oid)) AS root, pg_relation_filenode(oid) AS file
    FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384 AND relpersistence = 'p';
    GRANT SELECT ON pg_temp.was TO PUBLIC";

impl World {
    /// Leads from one schema to the other in one transaction, and looks at its locks.
    pub async fn lock(&mut self, way: &Way, locked: &mut Locked) -> Result<(), String> {
        let plan = self.begin(&opened(way)).await?;
        self.used.batch_execute(WAS).await.unwrap();
        as_owner(&self.used).await;
        let transaction = self.used.transaction().await.unwrap();
        let held = run(&transaction, &plan, locked).await;
        transaction.rollback().await.unwrap();
        as_superuser(&self.used).await;
        self.used.batch_execute("DROP TABLE pg_temp.was").await.unwrap();
        as_owner(&self.used).await;
        held.map_err(|why| format!("{why}\nof:\n{}", plan.to_sql()))
    }
}

async fn run(
    transaction: &Transaction<'_>,
    plan: &Plan,
    locked: &mut Locked,
) -> Result<(), String> {
    locked.plans += 1;
    let mut claimed: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    for step in &plan.steps {
        for statement in &step.statements {
            if transaction.batch_execute(statement).await.is_err() {
                locked.stopped += 1;
                return Ok(());
            }
        }
        for lock in &step.locks {
            *locked.claims.entry((lock.mode, lock.held)).or_default() += 1;
            let name = format!("{}.{}", lock.relation.schema, lock.relation.name);
            let claim = claimed.entry(name).or_default();
            claim.0 = claim.0.max(rank(lock.mode));
            claim.1 |= lock.held == Held::WhileRewritten;
        }
        locked.steps += 1;
        for row in transaction.query(LOCKED, &[]).await.unwrap() {
            let name: &str = row.get("name");
            let mode = row.get::<_, Option<i32>>("mode").unwrap_or(0);
            let mode = usize::try_from(mode).unwrap();
            let (claim, rewritten) = claimed.get(name).copied().unwrap_or_default();
            // Partitions go with their table.
            let root =
                row.get::<_, Option<&str>>("root").and_then(|root| claimed.get(root)).copied();
            let (most, of_root) = root.unwrap_or_default();
            let sql = step.statements.join("; ");
            if mode < claim || mode > claim.max(most) {
                return Err(format!("{name} is locked {mode}, claimed {claim}, after `{sql}`"));
            }
            let anew: bool = row.get("anew");
            if anew && !rewritten && !of_root {
                return Err(format!("{name} was written anew by `{sql}`, which did not say so"));
            }
        }
    }
    Ok(())
}

/// As the query counts them.
fn rank(mode: LockMode) -> usize {
    match mode {
        LockMode::ShareUpdateExclusive => 1,
        LockMode::Share => 2,
        LockMode::ShareRowExclusive => 3,
        LockMode::AccessExclusive => 5,
    }
}
