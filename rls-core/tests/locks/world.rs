//! A database in which a row is looked at: what is declared, what was done by hand, the plan, and what it does.

use std::collections::BTreeSet;
use std::path::Path;

use rls_core::apply::{apply, compare};
use rls_core::diff::{Canonical, Pair};
use rls_core::model::Schema;
use rls_core::plan::{Batch, HazardKind, Origin, Plan, plan};
use rls_core::syntax::scan::{Features, scan};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::case::{Answer, Back, Case, DOCS, Edit, FILL, Planned, ROWS, Rows, Shows, Waits};
use super::support::owner::owned;
use super::support::{Database, plain};
use super::watch::{Started, pid, start, watch};

pub(crate) struct World {
    /// The session of the owner, which runs the plan.
    owner: Database,
    /// Sees who waits for whom, and asks as one role or another.
    other: Client,
    before: Schema,
    after: Schema,
    plan: Plan,
    /// What `apply` would do.
    live: Plan,
}

impl World {
    /// None where there is no second session.
    pub(crate) async fn new(name: &str, case: &Case) -> Option<World> {
        let at_first = edited(DOCS, case.at_first);
        let before = declared(name, &at_first);
        let after = declared(name, &edited(&at_first, case.change));
        let mut owner = owned(&format!("locks_{name}")).await;
        let other = owner.again("postgres").await?;
        apply(&mut owner, &before, &HazardKind::ALL, &mut |_, _, _| {}).await.unwrap();
        run(&owner, FILL).await.unwrap();
        run(&other, case.by_hand).await.unwrap();
        let live = compare(&mut owner, &after).await.unwrap().plan;
        let plan = match case.planned {
            Planned::FromSnapshot => planned(&before, &after),
            Planned::Live => live.clone(),
            Planned::Online => live.clone().online(&after),
        };
        Some(World { owner, other, before, after, plan, live })
    }

    /// That the plan says what the row has, no more and no less. Who reads a small table is through in a
    /// moment, and `apply` knows that.
    pub(crate) fn planned(&self, kind: HazardKind, case: &Case) -> Result<(), String> {
        let said: Vec<_> = of(&self.plan, kind).collect();
        if said != case.says {
            return Err(format!("the plan says {said:#?}\n{}", self.plan.to_sql()));
        }
        let blocking =
            [HazardKind::BlocksReads, HazardKind::BlocksWrites, HazardKind::RewritesTable];
        let told = blocking.into_iter().flat_map(|kind| of(&self.live, kind)).next();
        told.map_or(Ok(()), |told| Err(format!("of a small table it is told that {told}")))
    }

    pub(crate) async fn shows(&mut self, case: &Case) -> Result<(), String> {
        match &case.shows {
            Shows::Transaction(waits, rows) => self.transaction(*waits, *rows).await,
            Shows::Behind => self.behind().await,
            Shows::RolledBack => self.rolled_back().await,
            Shows::Refused(code) => self.refused(&self.plan, code).await,
            Shows::Answers(answers, back) => self.answers(case, answers, back).await,
        }
    }

    async fn transaction(&mut self, waits: Waits, rows: Rows) -> Result<(), String> {
        let steps = self.plan.batch(Batch::Within).count();
        if steps != 1 {
            return Err(format!("{steps} steps would be seen at once:\n{}", self.plan.to_sql()));
        }
        let (seen, waiting) = self.opened(&self.statements(Batch::Within)).await?;
        run(&self.owner, "COMMIT").await.unwrap();
        for started in waiting {
            started.works().await?;
        }
        expect(seen, (waits, rows))
    }

    /// Runs statements in a transaction that stays open, and sees who waits for it.
    async fn opened(&self, statements: &[String]) -> Result<((Waits, Rows), Vec<Started>), String> {
        run(&self.owner, "BEGIN").await.unwrap();
        let before = self.rows().await;
        for statement in statements {
            run(&self.owner, statement).await.map_err(|code| format!("{code}: {statement}"))?;
        }
        let after = self.rows().await;
        let rows = if after.1 != before.1 {
            Rows::Written
        } else if after.0 - before.0 >= ROWS {
            Rows::Read
        } else {
            Rows::Untouched
        };
        let holder = pid(&self.owner).await;
        let (waits, waiting) = watch(&self.owner, &self.other, holder).await?;
        Ok(((waits, rows), waiting))
    }

    /// How many rows of `docs` this transaction has read one after the other, and the file that they are in.
    async fn rows(&self) -> (i64, i64) {
        let query =
            "SELECT seq_tup_read, pg_relation_filenode(relid)::bigint FROM pg_stat_xact_user_tables
            WHERE relid = 'public.docs'::regclass";
        let row = self.owner.query_one(query, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }

    async fn behind(&mut self) -> Result<(), String> {
        for statement in self.statements(Batch::Within) {
            run(&self.owner, &statement).await.map_err(|code| format!("{code}: {statement}"))?;
        }
        let behind = self.statements(Batch::Behind);
        let mut refused = 0;
        for statement in &behind {
            match self.opened(std::slice::from_ref(statement)).await {
                Ok((seen, waiting)) => {
                    run(&self.owner, "ROLLBACK").await.unwrap();
                    for started in waiting {
                        started.works().await?;
                    }
                    if seen.0 != Waits::Nobody && seen.1 != Rows::Untouched {
                        return Err(format!("{seen:?}: {statement}"));
                    }
                    run(&self.owner, statement).await.unwrap();
                }
                Err(why) if why.starts_with("25001") => {
                    refused += 1;
                    run(&self.owner, "ROLLBACK").await.unwrap();
                    self.held_open(statement).await?;
                }
                Err(why) => return Err(why),
            }
            self.restored().await;
        }
        let concurrent = |it: &&String| it.contains("CONCURRENTLY");
        if refused != behind.iter().filter(concurrent).count() {
            return Err(format!("{refused} are refused in a transaction of {behind:#?}"));
        }
        // Nobody has said COMMIT.
        run(&self.owner, "ROLLBACK").await.unwrap();
        let left = compare(&mut self.other, &self.after).await.unwrap().plan;
        if left.is_empty() { Ok(()) } else { Err(format!("left to do: {}", left.to_sql())) }
    }

    /// What is built beside the others takes its time: here as long as somebody's old snapshot.
    async fn held_open(&self, statement: &str) -> Result<(), String> {
        let holder = self.owner.again("postgres").await.unwrap();
        run(&holder, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM docs")
            .await
            .unwrap();
        let started = start(&self.owner, statement).await;
        let waits = started.is_held_up(&self.other, pid(&holder).await).await;
        if waits {
            let (seen, _) = watch(&self.owner, &self.other, started.pid()).await?;
            expect(seen, Waits::Nobody)?;
            self.restored().await;
        } else if statement.starts_with("CREATE") {
            return Err(format!("it was not seen under way: {statement}"));
        }
        run(&holder, "COMMIT").await.unwrap();
        started.works().await
    }

    /// The rows as they were, for whoever writes the next time.
    async fn restored(&self) {
        run(&self.other, "DELETE FROM docs WHERE id IN (2, 2000)").await.unwrap();
        let row = "INSERT INTO docs (id, team_id, title, note, size, shown) VALUES (2, 3, 'doc 2', 'note 2', 2, true)";
        run(&self.other, row).await.unwrap();
    }

    async fn rolled_back(&mut self) -> Result<(), String> {
        run(&self.owner, "BEGIN").await.unwrap();
        for statement in self.statements(Batch::Within) {
            run(&self.owner, &statement).await.map_err(|code| format!("{code}: {statement}"))?;
        }
        run(&self.owner, "ROLLBACK").await.unwrap();
        let left = compare(&mut self.other, &self.before).await.unwrap().plan;
        if left.is_empty() { Ok(()) } else { Err(format!("not as before: {}", left.to_sql())) }
    }

    async fn refused(&self, plan: &Plan, code: &str) -> Result<(), String> {
        match carried_out(&self.owner, plan).await {
            Err(refused) if refused.starts_with(code) => Ok(()),
            done => Err(format!("not refused with {code}: {done:?}\n{}", plan.to_sql())),
        }
    }

    async fn answers(&self, case: &Case, answers: &[Answer], back: &Back) -> Result<(), String> {
        self.ask(answers, 0).await?;
        carried_out(&self.owner, &self.plan).await?;
        self.ask(answers, 1).await?;
        run(&self.owner, case.then).await?;
        let way_back = planned(&self.after, &self.before);
        let hazards: BTreeSet<_> = way_back.refused(&[]).map(|hazard| hazard.kind).collect();
        let hazards: Vec<_> = hazards.into_iter().collect();
        match back {
            Back::Unknown => Ok(()),
            Back::Leads(kinds) => {
                expect(hazards.as_slice(), kinds)?;
                carried_out(&self.owner, &way_back).await?;
                self.ask(answers, 2).await
            }
            Back::Refused(kinds, code) => {
                expect(hazards.as_slice(), kinds)?;
                self.refused(&way_back, code).await
            }
        }
    }

    async fn ask(&self, answers: &[Answer], at: usize) -> Result<(), String> {
        for Answer { who, asks, says } in answers {
            let owner = format!("{}_owner", self.owner.name().trim_start_matches("cat_"));
            let role = if *who == "owner" { &owner } else { *who };
            run(&self.other, &format!("BEGIN; SET LOCAL ROLE {role}")).await.unwrap();
            let said = answer(&self.other, asks).await;
            run(&self.other, "ROLLBACK").await.unwrap();
            if said != says[at] {
                let when = ["before", "behind the plan", "behind the way back"][at];
                return Err(format!("{when}, {who} asks `{asks}` and is told {said}"));
            }
        }
        Ok(())
    }

    fn statements(&self, batch: Batch) -> Vec<String> {
        self.plan.batch(batch).flat_map(|step| step.statements.clone()).collect()
    }
}

/// What a plan says of a kind.
pub(crate) fn of(plan: &Plan, kind: HazardKind) -> impl Iterator<Item = &str> {
    let hazards = plan.steps.iter().flat_map(|step| &step.hazards);
    hazards.filter(move |hazard| hazard.kind == kind).map(|hazard| hazard.message.as_str())
}

fn expect<T: PartialEq + std::fmt::Debug>(seen: T, expected: T) -> Result<(), String> {
    if seen == expected { Ok(()) } else { Err(format!("{seen:?} is seen, and not {expected:?}")) }
}

/// The plan of a migration.
pub(crate) fn planned(previous: &Schema, next: &Schema) -> Plan {
    plan(Pair { previous, next }, &Canonical::default(), Origin::Snapshot)
}

async fn carried_out(client: &Client, plan: &Plan) -> Result<(), String> {
    let done = run(client, &format!("BEGIN; {} COMMIT", plan.to_sql())).await;
    if done.is_err() {
        run(client, "ROLLBACK").await.unwrap();
    }
    done.map_err(|code| format!("{code}: {}", plan.to_sql()))
}

/// The error is its SQLSTATE.
pub(crate) async fn run(client: &Client, sql: &str) -> Result<(), String> {
    let done = client.batch_execute(sql).await;
    done.map_err(|error| error.code().map_or(error.to_string(), |code| code.code().to_owned()))
}

async fn answer(client: &Client, asks: &str) -> String {
    let messages = match client.simple_query(asks).await {
        Ok(messages) => messages,
        Err(error) => return error.code().unwrap().code().to_owned(),
    };
    let mut said = String::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => return row.get(0).unwrap_or("NULL").to_owned(),
            SimpleQueryMessage::CommandComplete(rows) => said = rows.to_string(),
            _ => {}
        }
    }
    said
}

/// A declaration with other texts in some places.
pub(crate) fn edited(source: &str, edits: &[Edit]) -> String {
    edits.iter().fold(source.to_owned(), |source, (from, to)| {
        assert!(source.contains(from), "no `{from}` in {source}");
        source.replacen(from, to, 1)
    })
}

/// What a source declares; it is scanned as a file of that name.
pub(crate) fn declared(name: &str, source: &str) -> Schema {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("locks_{name}.rs"));
    std::fs::write(&file, format!("use rls_schema::*;\n{source}")).unwrap();
    match scan(&[file], &Features::new()).resolve(&plain(&["reader"])) {
        Ok(resolved) => resolved.schema,
        Err(errors) => panic!("{errors:?}\n{source}"),
    }
}
