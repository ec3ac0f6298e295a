//! `undo`: the last migration is taken back, and the history says that it was.

use serde_json::json;

use crate::support::{Live, NEON, TODOS};
use crate::{by_hand, file, history, migrate, neon};

#[test]
fn what_was_undone_can_be_applied_again() {
    let live = neon();
    migrate(&live);
    live.sql("insert into todos (user_id, task) values ('user_1', 'a')");
    // A column goes with its values, so that it takes leave.
    live.both(&["undo"])
        .0
        .exits(1)
        .says("_second.down: loses-data: the column public.todos.rank")
        .says("--allow loses-data");
    assert_eq!(history(&live), "first,second");
    live.run(&["undo", "--allow", "loses-data"]).exits(0).says("Undid").says("_second in ");
    assert_eq!(history(&live), "first");
    live.declare(TODOS);
    live.assert_in_sync();
    assert_eq!(live.value("select task from todos"), "a");
    let undone = "select concat_ws(' ', name, undone_by, undone_at >= applied_at) from rls.undone_migrations";
    assert_eq!(live.value(undone), "second postgres t");
    live.declare(&crate::support::ranked());
    live.run(&["migrate"]).exits(0).says("Applied 1 migration").says("_second");
    live.assert_in_sync();
    let undone = live.run(&["undo", "--allow", "loses-data", "--json"]).exits(0).json();
    assert_eq!(undone["undone"]["name"], "second");
    let undone = live.run(&["undo", "--allow", "loses-data,narrows-access"]).exits(0);
    undone.says("_first");
    assert_eq!(live.value("select to_regclass('public.todos')"), "");
    assert_eq!(live.run(&["undo", "--json"]).exits(0).json()["undone"], json!(null));
    assert_eq!(live.value("select count(*) from rls.undone_migrations"), "3");
}

#[test]
fn rls_toml_has_no_say_in_undoing() {
    let live = neon();
    migrate(&live);
    live.project.write("rls.toml", format!("{NEON}allow = [\"loses-data\"]\n"));
    live.run(&["undo"]).exits(1).says("loses-data");
}

#[test]
fn what_loses_nothing_is_undone_without_asking() {
    let live = Live::new(NEON, &TODOS.replace(", index)]", ")]"));
    live.run(&["generate", "first"]).exits(0);
    live.declare(&TODOS.replace(
        "(default = auth_uid(), index)]\n",
        "(default = auth_uid(), index)]\n    /// Whose it is.\n",
    ));
    live.run(&["generate", "second"]).exits(0);
    migrate(&live);
    live.assert_in_sync();
    live.run(&["undo"]).exits(0).says("_second");
    assert_eq!(history(&live), "first");
}

#[test]
fn without_a_way_back_it_says_what_to_do() {
    let live = neon();
    migrate(&live);
    let down = format!("migrations/{}", file(&live.project, "second.down.sql"));
    std::fs::remove_file(live.project.root().join(&down)).unwrap();
    live.both(&["undo", "--allow", "loses-data"])
        .0
        .exits(1)
        .says("_second")
        .says("write it by hand");
    live.project.write(&down, "ALTER TABLE public.todos DROP COLUMN rank;\nSELECT 1 / 0;\n");
    live.both(&["undo"])
        .0
        .exits(1)
        .says("_second.down failed")
        .says("line 2")
        .says("division by zero");
    live.assert_in_sync();
    live.project.write(&down, "ALTER TABLE public.todos DROP COLUMN rank;\nCOMMIT;\n");
    live.both(&["undo"]).0.exits(1).says("_second.down, line 2: COMMIT");
    assert_eq!(history(&live), "first,second");
    // It is no part of what was applied: any text that undoes it will do.
    live.project.write(&down, "ALTER TABLE public.todos DROP COLUMN rank;\n");
    live.run(&["undo"]).exits(0);
    assert_eq!(history(&live), "first");
}

#[test]
fn files_and_history_have_to_fit() {
    let live = neon();
    migrate(&live);
    let up = format!("migrations/{}", file(&live.project, "first.up.sql"));
    let text = live.project.read(&up);
    live.project.write(&up, format!("{text}\nSELECT 1;\n"));
    live.both(&["undo", "--allow", "loses-data"]).0.exits(1).says("_first was edited");
    assert_eq!(history(&live), "first,second");
}

#[test]
fn what_is_undone_outside_a_transaction_is_in_the_history_as_begun() {
    let live = Live::new(NEON, TODOS);
    let index = "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i;\nCREATE INDEX CONCURRENTLY i ON t (n);\n";
    by_hand(
        &live,
        &[
            ("20260101000000_table.up.sql", "CREATE TABLE t (n int);\n"),
            ("20260102000000_index.up.sql", index),
            (
                "20260102000000_index.down.sql",
                "-- no-transaction\nDROP INDEX CONCURRENTLY i;\nSELECT 1 / 0;\n",
            ),
        ],
    );
    live.run(&["migrate"]).exits(0);
    live.run(&["undo"]).exits(1).says("division by zero");
    live.both(&["undo"]).0.exits(1).says("was begun and has not ended");
    live.both(&["status"]).0.exits(2).says("begun");
    live.run(&["migrate"]).exits(0).says("_index");
    assert_ne!(live.value("select to_regclass('i')"), "");
    by_hand(
        &live,
        &[("20260102000000_index.down.sql", "-- no-transaction\nDROP INDEX CONCURRENTLY i;\n")],
    );
    live.run(&["undo"]).exits(0).says("_index");
    assert_eq!(live.value("select to_regclass('i')"), "");
    assert_eq!(history(&live), "table");
}
