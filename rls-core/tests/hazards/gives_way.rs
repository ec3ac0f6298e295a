//! Whoever waits for a lock makes everybody wait who comes after: each change that blocks gives way in time, leaves
//! nothing behind, and is made when it is its turn.

use std::time::Duration;

use rls_core::apply::{Options, Patience, apply_with, compare};
use rls_core::plan::HazardKind;

use super::{Edit, FOREIGN_KEY, LONGER, NOT_NULL, READ, WRITE, filled};

#[tokio::test]
async fn a_rewrite() {
    gives_way("way_rewrite", LONGER, READ).await;
}

#[tokio::test]
async fn what_blocks_reads() {
    gives_way("way_reads", NOT_NULL, READ).await;
}

#[tokio::test]
async fn what_blocks_writes() {
    gives_way("way_writes", FOREIGN_KEY, WRITE).await;
}

/// Somebody has begun that statement, and does not come to an end.
async fn gives_way(name: &str, edit: Edit, holding: &str) {
    let Some((mut client, holder)) = filled(name).await else { return };
    let third = client.again("postgres").await.unwrap();
    let after = edit.declared();
    let before = compare(&mut client, &after).await.unwrap().plan;
    holder.batch_execute(&format!("begin; {holding}")).await.unwrap();

    let lock_timeout = Duration::from_millis(300);
    let patience = Patience { lock_timeout, attempts: 2, ..Patience::default() };
    let options = Options { allowed: &HazardKind::ALL, patience, ..Options::default() };
    let mut on_step = |_: usize, _: usize, _: &rls_core::plan::Step| {};
    let applying = async { apply_with(&mut client, &after, &options, &mut on_step).await };
    // Behind whoever waits stands a queue: it moves on when the wait ends, not when the holder does.
    let reading = async {
        tokio::time::sleep(lock_timeout / 3).await;
        third.batch_execute(READ).await.unwrap();
    };
    let both = futures_util::future::join(applying, reading);
    let (refused, ()) =
        tokio::time::timeout(Duration::from_secs(30), both).await.expect("it waits for ever");
    assert!(refused.unwrap_err().to_string().contains("lock timeout"));
    assert_eq!(compare(&mut client, &after).await.unwrap().plan, before, "nothing is left of it");

    let patience = Patience { attempts: 6, ..patience };
    let options = Options { patience, ..options };
    let mut on_step = |_: usize, _: usize, _: &rls_core::plan::Step| {};
    let applying = apply_with(&mut client, &after, &options, &mut on_step);
    let letting_go = async {
        tokio::time::sleep(lock_timeout * 2).await;
        holder.batch_execute("rollback").await.unwrap();
    };
    let (applied, ()) = futures_util::future::join(applying, letting_go).await;
    applied.unwrap();
    assert!(compare(&mut client, &after).await.unwrap().plan.is_empty());
}
