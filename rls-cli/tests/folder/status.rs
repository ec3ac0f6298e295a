//! `status`: where each migration stands.

use serde_json::json;

use crate::support::{Live, NEON, TODOS};
use crate::{file, neon};

#[test]
fn what_is_applied_and_what_is_pending_is_told() {
    let live = neon();
    live.run(&["status", "--install-stand-in"]).exits(2);
    let (text, json) = live.both(&["status"]);
    text.exits(2).says("pending").says("_first\n").says("_second\n");
    let migrations = json["migrations"].as_array().unwrap();
    assert_eq!(migrations.len(), 2);
    assert_eq!(
        (&migrations[0]["state"], &migrations[0]["record"]),
        (&json!("pending"), &json!(null))
    );
    // Looking makes no history.
    assert_eq!(live.value("select to_regnamespace('rls')"), "");
    live.run(&["migrate"]).exits(0);
    let (text, json) = live.both(&["status"]);
    text.exits(0).says("applied").says(" by postgres, ").says(" ms, with 0.1.0");
    let first = &json["migrations"][0];
    assert_eq!((&first["state"], &first["name"]), (&json!("applied"), &json!("first")));
    assert_eq!(first["record"]["applied_by"], "postgres");
    assert!(first["record"]["duration_ms"].is_u64(), "{first}");
}

#[test]
fn all_that_does_not_fit_is_told_at_once() {
    let live = neon();
    crate::migrate(&live);
    let (first, second) =
        (file(&live.project, "first.up.sql"), file(&live.project, "second.up.sql"));
    let remove = |file: &str| {
        std::fs::remove_file(live.project.root().join("migrations").join(file)).unwrap()
    };
    live.project.write(&format!("migrations/{second}"), "SELECT 1;");
    remove(&first);
    remove("schema.snapshot.json");
    live.project.write("migrations/20000101000000_late.up.sql", "");
    let (text, _) = live.both(&["status"]);
    text.exits(1)
        .says("_second was edited")
        .says("_first was applied and its file is gone")
        .says("20000101000000_late is pending and comes before")
        .says("cargo rls repair --later 20000101000000_late");
}

#[test]
fn without_migrations_there_is_nothing_to_tell() {
    Live::new(NEON, TODOS).both(&["status"]).0.exits(1).says("cargo rls generate");
}
