//! `migrate`, and what was done to migrations since.

use serde_json::json;

use crate::support::{Live, NEON, Run, TODOS, messages};

/// The todos as a migration, and then what a test adds.
fn migrated() -> Live {
    let live = Live::new(NEON, TODOS);
    live.run(&["generate", "first"]).exits(0);
    live.run_migrate(&["--install-stand-in"]).exits(0).says("_first (");
    live
}

/// The same without a snapshot, which would miss what is written by hand.
fn by_hand() -> Live {
    let live = migrated();
    std::fs::remove_file(live.project.root().join("migrations/schema.snapshot.json")).unwrap();
    live
}

trait Migrate {
    fn run_migrate(&self, args: &[&str]) -> Run;
    fn history(&self) -> String;
}

impl Migrate for Live {
    fn run_migrate(&self, args: &[&str]) -> Run {
        self.run(&[&["migrate"], args].concat())
    }

    fn history(&self) -> String {
        self.value("select string_agg(name, ',' order by version) from rls.migrations")
    }
}

#[test]
fn migrations_lead_to_what_is_declared() {
    let live = migrated();
    live.assert_in_sync();
    let (text, json) = live.both(&["migrate"]);
    text.exits(0).says("Nothing to do");
    assert_eq!(json["applied"], json!([]));

    live.declare(&TODOS.replace(
        "pub task: String",
        "pub task: String,\n    #[rls(default = 0)]\n    pub rank: i32",
    ));
    live.run(&["generate", "second"]).exits(0);
    live.run(&["diff"]).exits(2).says("rank");
    let applied = live.run_migrate(&["--json"]).exits(0).json()["applied"].clone();
    assert_eq!((applied.as_array().unwrap().len(), &applied[0]["name"]), (1, &json!("second")));
    assert_eq!(live.history(), "first,second");
    live.assert_in_sync();
}

#[test]
fn an_applied_migration_is_never_edited_lost_or_overtaken() {
    let live = by_hand();
    let files = live.project.list("migrations");
    let file = files.iter().find(|file| file.ends_with("_first.up.sql")).unwrap();
    let file = format!("migrations/{file}");
    let text = live.project.read(&file);
    let refused = |says: &str| live.both(&["migrate"]).0.exits(1).says(says).says("_first");

    live.project.write(&file, format!("{text}\nSELECT 1;\n"));
    refused("was edited after it was applied");
    live.project.write(&file, text.replace('\n', "\r\n"));
    live.run_migrate(&[]).exits(0).says("Nothing to do");

    live.project.write("migrations/20990101000000_other.up.sql", "");
    std::fs::remove_file(live.project.root().join(&file)).unwrap();
    refused("its file is gone");
    live.project.write(&file, &text);
    std::fs::remove_file(live.project.root().join("migrations/20990101000000_other.up.sql"))
        .unwrap();

    live.project.write("migrations/20000101000000_earlier.up.sql", "CREATE TABLE earlier ();");
    refused("20000101000000_earlier is pending and comes before");
    assert_eq!(live.history(), "first");
}

#[test]
fn a_migration_that_fails_leaves_nothing_of_itself() {
    let live = by_hand();
    live.project.write("migrations/20990101000000_good.up.sql", "CREATE TABLE good ();");
    live.project
        .write("migrations/20990101000001_bad.up.sql", "CREATE TABLE half ();\n\nSELECT 1 / 0;\n");
    live.project.write("migrations/20990101000002_never.up.sql", "CREATE TABLE never ();");
    let run = live.run_migrate(&["--json"]).exits(1);
    let json = run.json();
    let message = messages(&json)[0];
    assert!(
        message.contains("20990101000001_bad") && message.contains("division by zero"),
        "{message}"
    );
    assert_eq!(live.history(), "first,good");
    let there = "select concat(to_regclass('good'), to_regclass('half'), to_regclass('never'))";
    assert_eq!(live.value(there), "good");
    live.both(&["migrate"]).0.exits(1).says("20990101000001_bad").says("line 3");

    live.project.write("migrations/20990101000001_bad.up.sql", "CREATE TABLE half ();");
    live.run_migrate(&[]).exits(0).says("Applied 2 migrations");
    assert_eq!(live.value(there), "goodhalfnever");
}

#[test]
fn a_migration_cannot_end_its_transaction() {
    let live = by_hand();
    for sql in [
        "CREATE TABLE a ();\nCOMMIT;",
        "BEGIN; CREATE TABLE a (); END;",
        "CREATE TABLE a (); SELECT 'open",
    ] {
        live.project.write("migrations/20990101000000_bad.up.sql", sql);
        live.both(&["migrate"]).0.exits(1).says("20990101000000_bad, line ");
    }
    live.project.write(
        "migrations/20990101000000_bad.up.sql",
        "CREATE TABLE a (); DO $$ BEGIN COMMIT; END $$;",
    );
    live.both(&["migrate"]).0.exits(1).says("20990101000000_bad");
    assert_eq!(live.value("select to_regclass('a')"), "");
    assert_eq!(live.history(), "first");
}
