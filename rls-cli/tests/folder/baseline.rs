//! `baseline`: a database without a history is taken over as it is, or not at all.

use serde_json::json;

use crate::support::{Live, NEON, TODOS};
use crate::{history, neon};

#[test]
fn a_database_that_holds_it_already_is_taken_over() {
    let live = neon();
    live.apply(&[]).exits(0);
    live.sql("insert into todos (user_id, task) values ('user_1', 'a')");
    live.run(&["baseline"]).exits(0).says("Entered 2 migrations as applied");
    assert_eq!(history(&live), "first,second");
    live.run(&["migrate"]).exits(0).says("Nothing to do");
    let (text, json) = live.both(&["status"]);
    text.exits(0).says("baseline, not run");
    let record = &json["migrations"][1]["record"];
    assert_eq!((&record["baseline"], &record["duration_ms"]), (&json!(true), &json!(0)));
    assert_eq!(live.value("select task from todos"), "a");
    live.both(&["baseline"]).0.exits(1).says("has a history already").says("_second");
    live.declare(&crate::support::ranked().replace("rank", "weight"));
    live.run(&["generate", "third", "--allow", "loses-data"]).exits(0);
    live.run(&["migrate", "--allow", "loses-data"]).exits(0).says("Applied 1");
    live.assert_in_sync();
}

#[test]
fn one_that_differs_is_left_as_it_is() {
    let live = neon();
    live.apply(&[]).exits(0);
    live.sql("alter table todos disable row level security; alter table todos drop column rank");
    let (text, json) = live.both(&["baseline"]);
    text.exits(2)
        .says("ADD COLUMN rank")
        .says("ENABLE ROW LEVEL SECURITY")
        .says("nothing was entered");
    assert_eq!((&json["difference"], &json["entered"]), (&json!(true), &json!(0)));
    assert_eq!(live.value("select to_regnamespace('rls')"), "");
    // What is declared since is no matter: the migrations lead to the snapshot.
    live.sql("alter table todos enable row level security; alter table todos add column rank int not null default 0");
    live.declare(TODOS);
    live.run(&["baseline"]).exits(0);
}

#[test]
fn without_migrations_there_is_nothing_to_enter() {
    Live::new(NEON, TODOS).both(&["baseline"]).0.exits(1).says("cargo rls generate");
}
