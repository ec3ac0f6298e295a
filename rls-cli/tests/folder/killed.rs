//! What a `generate` leaves that is killed while it writes: each state that it can be in, made by hand.

use crate::support::{NEON, Project, TODOS};

/// A project whose second migration is prepared; the files that it comes with, the snapshot last, and the
/// snapshot that was there before.
fn prepared(layout: &str) -> (Project, Vec<String>, String) {
    let project = Project::new(&format!("{NEON}layout = \"{layout}\"\n"), TODOS);
    project.run(&["generate", "first"]).exits(0);
    let before = project.read("migrations/schema.snapshot.json");
    project.write("src/schema.rs", crate::support::ranked());
    let json = project.run(&["generate", "second", "--json"]).exits(0).json();
    let files = json["files"].as_array().unwrap().iter();
    let mut files: Vec<_> = files.map(|file| file.as_str().unwrap().to_owned()).collect();
    files.push("migrations/schema.snapshot.json".to_owned());
    for file in &files {
        rename(&project, file, &format!("{file}.new"));
    }
    project.write("migrations/schema.snapshot.json", &before);
    (project, files, before)
}

fn rename(project: &Project, from: &str, to: &str) {
    std::fs::rename(project.root().join(from), project.root().join(to)).unwrap();
}

/// Nothing is missing and nothing is left over.
#[track_caller]
fn assert_whole(project: &Project, seconds: usize) {
    project.run(&["generate", "--check"]).exits(0);
    project.run(&["check"]).exits(0);
    let names = project.list("migrations").join(" ") + &project.list("migrations/down").join(" ");
    assert!(!names.contains(".new"), "{names}");
    assert_eq!(names.matches("_second").count(), seconds, "{names}");
}

#[test]
fn what_was_prepared_is_put_in_its_place() {
    for (layout, seconds) in [("sqlx", 2), ("diesel", 1), ("dbmate", 1), ("psql", 2)] {
        let (_, files, _) = prepared(layout);
        // Killed before any of them was in its place, after the first, ..
        for done in 0..files.len() {
            let (project, files, _) = prepared(layout);
            for file in &files[..done] {
                rename(&project, &format!("{file}.new"), file);
            }
            project.run(&["generate"]).exits(0).says("Nothing to do");
            assert_whole(&project, seconds);
        }
    }
}

#[test]
fn what_was_half_prepared_is_removed() {
    let (project, files, _) = prepared("sqlx");
    let snapshot = format!("{}.new", files.last().unwrap());
    let text = project.read(&snapshot);
    project.write(&snapshot, &text[..text.len() / 2]);
    project.run(&["generate", "second"]).exits(0).says("Wrote");
    assert_whole(&project, 2);
}

#[test]
fn what_others_have_gone_past_is_removed() {
    let (project, _, before) = prepared("sqlx");
    // Somebody else's migration has come in the meantime, with its snapshot.
    let other = "20990101000000_other.up.sql";
    project.write(&format!("migrations/{other}"), "SELECT 1;\n");
    let comma = before.replacen(".up.sql\"", &format!(".up.sql\",\n    \"{other}\""), 1);
    project.write("migrations/schema.snapshot.json", comma);
    project.run(&["generate", "second"]).exits(0).says("Wrote");
    assert_whole(&project, 2);
    assert!(project.read("migrations/schema.snapshot.json").contains(other));
}
