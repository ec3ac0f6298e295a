//! The optimizer against Postgres: random predicates over random rows, as policies of an ordinary
//! role, linked and optimized. Both have to show, take, change and remove the same rows, and the
//! optimized one may not fail where the linked one does not.
//!
//! `RLS_DIFFERENTIAL_CASES` sets how many, `RLS_DIFFERENTIAL_SEED` which; a failure prints its seed.
//! Each case has a seed of its own: give that and one case to see it again.

#![cfg(feature = "postgres")]

mod differential_support;
mod support;

use std::collections::BTreeMap;

use differential_support::data;
use differential_support::generate::Generator;
use differential_support::random::Random;
use rls_core::Provider;
use rls_core::model::*;
use rls_core::policy::link::{self, Others, Shape};
use rls_core::policy::optimize::{Context, Gate, Leading, optimize};
use rls_core::render;
use support::database;
use tokio_postgres::Client;

/// Half a minute to a minute.
const CASES: u64 = 4_000;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// One predicate in one schema, for one request.
struct Case {
    seed: u64,
    /// Which schema: with indexes or without.
    indexed: bool,
    declared: Expr,
    /// USING and WITH CHECK as declared, and what the optimizer makes of them.
    linked: [Sql; 2],
    optimized: [Sql; 2],
    claims: String,
}

impl Case {
    /// None where the generator wrote what does not compile.
    fn new(seed: u64) -> Option<Case> {
        let mut random = Random::new(seed);
        let indexed = random.one_in(2);
        let declared = Generator::new(&mut random).predicate();
        let claims = data::claims(&mut random);
        let tables: Vec<DeclaredTable> = data::tables(indexed);
        let shapes: Vec<_> = tables.iter().map(Shape::from).collect();
        let (linked, problems) = link::predicate(&declared, &shapes[0], Others::All(&shapes));
        if !problems.is_empty() {
            return None;
        }
        let leading: Leading = match indexed {
            true => data::leading(),
            false => BTreeMap::new(),
        };
        let table = &tables[0].table.name;
        let sql = |term: &_| render::term(term, Some(table), Provider::Postgres);
        let optimized = [Gate::Using, Gate::Check].map(|gate| {
            let context = Context { gate, table, leading: &leading, subqueries: true };
            sql(&optimize(linked.clone(), &context).0)
        });
        let linked = [sql(&linked), sql(&linked)];
        Some(Case { seed, indexed, declared, linked, optimized, claims })
    }

    async fn verdicts(&self, client: &Client, [using, check]: &[Sql; 2]) -> Vec<String> {
        let schema = data::schema_name(self.indexed);
        let row = client
            .query_one(
                &format!("SELECT {schema}.verdicts($1, $2, $3)"),
                &[&using.as_str(), &check.as_str(), &self.claims],
            )
            .await
            .unwrap_or_else(|error| panic!("{error:?}\n{self}"));
        row.get(0)
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "RLS_DIFFERENTIAL_SEED={} RLS_DIFFERENTIAL_CASES=1", self.seed)?;
        writeln!(f, "declared:  {}", self.declared)?;
        writeln!(f, "linked:    {}", self.linked[0].as_str())?;
        writeln!(f, "USING:     {}", self.optimized[0].as_str())?;
        writeln!(f, "CHECK:     {}", self.optimized[1].as_str())?;
        write!(f, "claims:    {}; indexes: {}", self.claims, self.indexed)
    }
}

/// An error of the linked form may go, and none may come; except where Postgres asks conditions in
/// an order of its own, for there an error comes and goes with it.
fn agree(linked: &str, optimized: &str, in_order: bool) -> bool {
    // The first and the last search the table, which is in the order of costs.
    let searched = !["taken", "refused"].contains(&linked);
    let exempt = searched || !in_order;
    linked == optimized || linked.starts_with("error") || exempt && optimized == "error 22P02"
}

/// Whether what may fail stands where Postgres keeps the order: in no lookup, which is a search, not
/// under NOT, which the planner turns inside out, and in no OR of which it takes out what is said in
/// all alternatives.
fn fails_in_order(predicate: &Expr) -> bool {
    let taken_apart = |node: &&Expr| match node {
        Expr::Not(_) | Expr::Exists { .. } => true,
        Expr::Or(_) => repeats(node),
        _ => false,
    };
    let fails = |node: &Expr| matches!(node, Expr::Cast { .. });
    !predicate.nodes().filter(taken_apart).any(|node| node.nodes().any(fails))
}

/// Whether something is said twice.
fn repeats(predicate: &Expr) -> bool {
    let junctions = predicate.nodes().filter(|node| matches!(node, Expr::And(_) | Expr::Or(_)));
    let said: Vec<_> = junctions.flat_map(Expr::parts).collect();
    said.iter().enumerate().any(|(at, one)| said[..at].contains(one))
}

#[tokio::test]
async fn the_optimizer_changes_no_verdict() {
    let cases = setting("RLS_DIFFERENTIAL_CASES").unwrap_or(CASES);
    let seed = setting("RLS_DIFFERENTIAL_SEED").unwrap_or(1);
    let client = database("differential").await;
    for indexed in [false, true] {
        client.batch_execute(&data::setup(indexed)).await.unwrap();
    }
    let (mut rewritten, mut mixed, mut failed) = (0, 0, Vec::new());
    for at in 0..cases {
        let Some(case) = Case::new(seed + at) else { continue };
        client.batch_execute(&data::fill(case.indexed, case.seed)).await.unwrap();
        let linked = case.verdicts(&client, &case.linked).await;
        if case.linked == case.optimized {
            continue;
        }
        let optimized = case.verdicts(&client, &case.optimized).await;
        rewritten += 1;
        let some = |wanted: &str| linked.iter().any(|verdict| verdict == wanted);
        mixed += u64::from(some("taken") && some("refused"));
        let in_order = fails_in_order(&case.declared);
        let mut pairs = linked.iter().zip(&optimized);
        if !pairs.all(|(linked, optimized)| agree(linked, optimized, in_order)) {
            failed.push(format!("{case}\nlinked:    {linked:?}\noptimized: {optimized:?}"));
        }
        if failed.len() == 5 {
            break;
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    eprintln!("{cases} cases, {rewritten} rewritten, {mixed} with rows of both kinds");
    assert!(cases < 100 || rewritten * 2 > cases, "most cases should have something to rewrite");
    assert!(cases < 100 || mixed * 6 > cases, "many cases should tell rows apart");
}
