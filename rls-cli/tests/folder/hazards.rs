//! `migrate` stops before it does what nobody agreed to.

use crate::support::{Live, NEON, TODOS, messages};
use crate::{by_hand, migrate, without_task};

/// Todos that are applied, and a migration that loses a column.
fn losing() -> Live {
    let live = Live::new(NEON, TODOS);
    live.run(&["generate", "first"]).exits(0);
    migrate(&live);
    live.declare(&without_task());
    live.run(&["generate", "second", "--allow", "loses-data"]).exits(0);
    live
}

#[test]
fn a_pending_hazard_stops_everything_until_it_is_allowed() {
    let live = losing();
    live.declare(&format!("{}\n", TODOS.replace("pub task: String", "pub title: String")));
    live.run(&["generate", "third"]).exits(0);
    let (text, json) = live.both(&["migrate"]);
    text.exits(1)
        .says("_second: loses-data: the column public.todos.task")
        .says("--allow loses-data");
    assert_eq!(messages(&json).len(), 1);
    live.both(&["migrate", "--allow", "widens-access,drops-undeclared"]).0.exits(1);
    live.both(&["status"]).0.exits(2).says("loses-data: the column public.todos.task");
    live.run(&["migrate", "--allow", "widens-access,loses-data"]).exits(0).says("Applied 2");
    live.assert_in_sync();
}

#[test]
fn rls_toml_allows_what_migrate_and_apply_need_no_flag_for() {
    let live = losing();
    live.project.write("rls.toml", format!("{NEON}allow = [\"loses-data\"]\n"));
    live.run(&["migrate"]).exits(0).says("Applied 1");
    live.sql("create policy extra on todos for select to authenticated using (false)");
    live.sql("alter table todos add column extra text");
    live.run(&["apply"]).exits(1).says("drops-undeclared: ").never_says("loses-data: ");
    live.project.write("rls.toml", format!("{NEON}allow = [\"loses\"]\n"));
    live.both(&["migrate"])
        .0
        .exits(1)
        .says("rls.toml:2:")
        .says("`loses` is no hazard; there are loses-data");
}

#[test]
fn what_is_written_by_hand_states_what_it_likes() {
    let live = Live::new(NEON, TODOS);
    by_hand(
        &live,
        &[("20260101000000_one.up.sql", "-- A table.\nCREATE TABLE one ();\nDROP TABLE one;\n")],
    );
    live.run(&["migrate"]).exits(0).says("Applied 1");
}
