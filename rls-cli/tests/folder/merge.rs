//! Two branches that each added a migration, merged by git, and what mends that.

use std::process::Command;

use crate::migrate;
use crate::support::{Live, NEON, Project, TODOS};

/// A struct of one table.
fn table(name: &str) -> String {
    format!(
        "\n#[derive(Table)]\n#[rls(table = \"{name}\")]\npub struct {} {{\n    #[rls(primary_key)]\n    pub id: i64,\n}}\n",
        name.to_uppercase()
    )
}

fn git(project: &Project, args: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.current_dir(project.root()).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
    ]);
    command.args(args).output().unwrap().status.success()
}

fn commit(project: &Project, message: &str) {
    assert!(git(project, &["add", "--all"]) && git(project, &["commit", "--quiet", "-m", message]));
}

/// The todos on both branches; `ours` added to one and `theirs` to the other, each in a file of its own,
/// with a migration; then merged, which git cannot.
fn merged(live: &Live) {
    let project = &live.project;
    project.write(".gitignore", "target\n");
    project.write("src/schema.rs", format!("mod ours;\nmod theirs;\n{TODOS}"));
    project.write("src/ours.rs", "");
    project.write("src/theirs.rs", "");
    project.write("rls.toml", format!("{NEON}source = [\"src/schema.rs\"]\n"));
    // `mod` in a file beside others is looked for in a folder of its name.
    project.write("src/schema/ours.rs", "");
    project.write("src/schema/theirs.rs", "");
    project.run(&["generate", "first"]).exits(0);
    assert!(git(project, &["init", "--quiet", "--initial-branch=main"]));
    commit(project, "first");
    assert!(git(project, &["checkout", "--quiet", "-b", "other"]));
    write_table(project, "theirs");
    commit(project, "theirs");
    assert!(git(project, &["checkout", "--quiet", "main"]));
    // Theirs may be a second ahead, to come after the first.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    write_table(project, "ours");
    commit(project, "ours");
    assert!(!git(project, &["merge", "other"]), "the snapshot is what both have changed");
}

fn write_table(project: &Project, name: &str) {
    let text = format!("use rls_schema::Table;\n{}", table(name));
    for folder in ["src", "src/schema"] {
        if project.root().join(folder).join(format!("{name}.rs")).exists() {
            project.write(&format!("{folder}/{name}.rs"), &text);
        }
    }
    project.run(&["generate", name]).exits(0);
}

#[test]
fn a_merge_is_seen_and_mended() {
    let live = Live::new(NEON, TODOS);
    merged(&live);
    let project = &live.project;
    for args in [&["check"][..], &["generate", "--check"], &["generate"], &["migrate"], &["replay"]]
    {
        project.both(args).0.exits(1).says("conflict of a merge").says("cargo rls repair");
    }
    let run = project.run(&["repair"]).exits(0).says("schema.snapshot.json");
    run.never_says("CREATE TABLE");
    project.both(&["generate", "--check"]).0.exits(0);
    project.both(&["check"]).0.exits(0);
    project.both(&["repair"]).0.exits(0).says("Nothing to do");
    project.run(&["replay", "--undo"]).exits(0);
    crate::migrate(&live);
    live.assert_in_sync();
}

#[test]
fn one_side_alone_is_seen_and_mended() {
    let live = Live::new(NEON, TODOS);
    merged(&live);
    let project = &live.project;
    assert!(git(project, &["checkout", "--ours", "migrations/schema.snapshot.json"]));
    for args in [&["check"][..], &["generate", "--check"], &["generate"], &["migrate"]] {
        let run = project.both(args).0.exits(1).says("does not include").says("_theirs.up.sql");
        run.says("cargo rls repair");
    }
    project.run(&["repair"]).exits(0);
    project.both(&["generate", "--check"]).0.exits(0);
}

#[test]
fn what_the_merge_changed_besides_becomes_a_migration() {
    let live = Live::new(NEON, TODOS);
    merged(&live);
    let project = &live.project;
    live.declare(&format!("mod ours;\nmod theirs;\n{}", crate::support::ranked()));
    let run = project.run(&["repair"]).exits(0).says("ADD COLUMN rank").says("_alter_todos.up.sql");
    run.says("_alter_todos.down.sql");
    project.both(&["generate", "--check"]).0.exits(0);
    project.run(&["replay", "--undo"]).exits(0);
    let down =
        project.read(&format!("migrations/{}", crate::file(project, "_alter_todos.down.sql")));
    assert!(down.starts_with("-- loses-data: ") && down.contains("DROP COLUMN rank"), "{down}");
    // What loses data takes leave here as it does in `generate`.
    live.declare(&format!("mod ours;\nmod theirs;\n{TODOS}"));
    std::fs::remove_file(project.root().join("migrations/schema.snapshot.json")).unwrap();
    project.both(&["repair"]).0.exits(1).says("--allow loses-data");
    project.run(&["repair", "--allow", "loses-data"]).exits(0).says("DROP COLUMN rank");
}

#[test]
fn a_migration_that_was_overtaken_is_made_later() {
    let live = Live::new(NEON, TODOS);
    merged(&live);
    let project = &live.project;
    project.run(&["repair"]).exits(0);
    // Ours is the later one, and is applied before theirs comes.
    let theirs = crate::file(project, "_theirs.up.sql");
    let down = theirs.replace(".up.", ".down.");
    let (up_text, down_text) = (
        project.read(&format!("migrations/{theirs}")),
        project.read(&format!("migrations/{down}")),
    );
    let snapshot = project.read("migrations/schema.snapshot.json");
    let path = |file: &str| project.root().join("migrations").join(file);
    for file in [&theirs, "schema.snapshot.json"] {
        std::fs::remove_file(path(file)).unwrap();
    }
    crate::migrate(&live);
    project.write(&format!("migrations/{theirs}"), &up_text);
    project.write("migrations/schema.snapshot.json", &snapshot);
    let stem = theirs.strip_suffix(".up.sql").unwrap();
    let says = format!("cargo rls repair --later {stem}");
    live.both(&["migrate"]).0.exits(1).says("_theirs is pending and comes before").says(&says);
    project.both(&["repair", "--later", "nothing"]).0.exits(1).says("no migration nothing");
    project.run(&["repair", "--later", stem]).exits(0).says("Renamed").says(&theirs);
    let after = crate::file(project, "_theirs.up.sql");
    assert!(after > crate::file(project, "_ours.up.sql") && after != theirs);
    assert_eq!(project.read(&format!("migrations/{after}")), up_text);
    let after = after.replace(".up.", ".down.");
    assert_eq!(project.read(&format!("migrations/{after}")), down_text);
    project.both(&["generate", "--check"]).0.exits(0);
    live.run(&["migrate"]).exits(0).says("_theirs");
    live.assert_in_sync();
}

#[test]
fn of_two_with_one_version_the_later_by_name_gets_the_next() {
    let live = Live::new(NEON, TODOS);
    merged(&live);
    let project = &live.project;
    let (ours, theirs) =
        (crate::file(project, "_ours.up.sql"), crate::file(project, "_theirs.up.sql"));
    let twin = format!("{}_theirs.up.sql", &ours[..14]);
    let path = |file: &str| project.root().join("migrations").join(file);
    if twin != theirs {
        std::fs::rename(path(&theirs), path(&twin)).unwrap();
        std::fs::rename(
            path(&theirs.replace(".up.", ".down.")),
            path(&twin.replace(".up.", ".down.")),
        )
        .unwrap();
    }
    for args in [&["check"][..], &["generate", "--check"], &["migrate"]] {
        project.both(args).0.exits(1).says(&twin).says("the same version").says("cargo rls repair");
    }
    project.run(&["repair"]).exits(0).says(&format!("Renamed {twin}"));
    assert!(crate::file(project, "_theirs.down.sql")[..14] > ours[..14]);
    project.both(&["generate", "--check"]).0.exits(0);
    project.run(&["replay", "--undo"]).exits(0);
}

#[test]
fn a_file_that_is_gone_is_missed() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    let file = crate::file(&project, "_first.up.sql");
    std::fs::rename(
        project.root().join("migrations").join(&file),
        project.root().join("migrations/20300101000000_other.up.sql"),
    )
    .unwrap();
    let run = project.both(&["check"]).0.exits(1).says(&format!("includes {file}"));
    run.says("20300101000000_other.up.sql").says("cargo rls repair");
}

#[test]
fn a_snapshot_of_the_first_format_is_read() {
    let project = Project::new(NEON, TODOS);
    project.run(&["generate", "first"]).exits(0);
    let file = crate::file(&project, "_first.up.sql");
    let snapshot = project.read("migrations/schema.snapshot.json");
    let list = format!("\"migrations\": [\n    \"{file}\"\n  ]");
    assert!(snapshot.contains(&list), "{}", &snapshot[..200]);
    let before = snapshot
        .replace("\"format\": 2", "\"format\": 1")
        .replace(&list, &format!("\"migration\": \"{file}\""));
    project.write("migrations/schema.snapshot.json", &before);
    project.both(&["generate", "--check"]).0.exits(0);
    project.write("src/schema.rs", crate::support::ranked());
    project.run(&["generate", "second"]).exits(0);
    let snapshot = project.read("migrations/schema.snapshot.json");
    assert!(snapshot.contains("\"format\": 2") && snapshot.contains(&file), "{}", &snapshot[..200]);
}

/// The names in the database are those that the way back has to lead to.
#[test]
fn what_repair_renames_gets_its_name_back() {
    let table = |table: &str, column: &str| {
        format!(
            "#[derive(Table)] #[rls({table})] struct T {{ #[rls(primary_key)] id: i64, {column} n: i64 }}"
        )
    };
    let before = format!(
        "use rls_schema::Table;\n{}\n{}",
        table("table = \"b\"", "#[rls(column = \"x\")]"),
        table("table = \"c\"", "#[rls(index)]").replace("struct T", "struct U"),
    );
    let after = format!(
        "use rls_schema::Table;\n{}\n{}",
        table("table = \"a\", was = \"b\"", "#[rls(column = \"y\", was = \"x\")]"),
        table("table = \"b\", was = \"c\"", "#[rls(index)]").replace("struct T", "struct U"),
    );
    let live = Live::new(NEON, &before);
    live.run(&["generate", "first"]).exits(0);
    live.project.write("migrations/29990101000000_hand.up.sql", "SELECT 1;\n");
    live.project.write("migrations/29990101000000_hand.down.sql", "SELECT 1;\n");
    live.declare(&after);
    live.run(&["repair"]).exits(0);
    migrate(&live);
    live.sql("insert into a values (1, 2); insert into b values (3, 4)");
    live.assert_in_sync();
    live.run(&["undo"]).exits(0);
    live.declare(&before);
    live.assert_in_sync();
    assert_eq!(live.value("select b.x || ',' || c.n from b, c"), "2,4");
    live.run(&["replay", "--undo"]).exits(0);
}
