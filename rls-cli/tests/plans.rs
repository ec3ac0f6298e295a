//! Plans that are read, kept, and carried out elsewhere: their Markdown, their files, online ones, and one
//! plan for many databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use serde_json::{Value, json};
use support::{Live, NEON, TODOS, several_connections};

/// The todos with an index, NOT NULL and a column more.
fn grown() -> String {
    TODOS
        .replace("pub task: String", "#[rls(index)]\n    pub task: String")
        .replace("pub is_complete: bool,", "pub is_complete: bool,\n    pub note: Option<String>,")
}

/// The todos as they were.
fn before() -> String {
    TODOS.replace("pub task: String", "pub task: Option<String>")
}

/// More rows than are gone through in a moment.
const ROWS: &str = "insert into todos (user_id, task)
    select 'ann', repeat(md5(g::text), 40) from generate_series(1, 9000) g";

#[test]
fn a_reviewer_reads_what_to_think_about_first() {
    let live = Live::new(NEON, &before());
    live.apply(&[]).exits(0);
    live.sql(ROWS);
    live.sql("grant select on todos to anonymous; create policy \"a | b\" on todos using (true)");
    live.declare(&grown());
    let markdown = live.run(&["diff", "--format", "markdown"]).exits(2);
    let shown = markdown.out.replace(&name_in(&markdown.out), "DATABASE");
    insta::assert_snapshot!(shown);
    live.run(&["diff"])
        .exits(2)
        .says("-- narrows-access: anonymous loses SELECT")
        .says("Hazards: 1 narrows-access");
}

fn name_in(markdown: &str) -> String {
    let first = markdown.lines().next().unwrap();
    first.strip_prefix("### Plan for ").unwrap().to_owned()
}

#[test]
fn a_plan_is_kept_and_applied_later() {
    let live = Live::new(NEON, &before());
    live.apply(&[]).exits(0);
    live.sql(ROWS);
    live.declare(&grown());
    live.run(&["diff", "--out", "plan.json"]).exits(2).says("cargo rls apply --plan plan.json");
    let kept: Value = serde_json::from_str(&live.project.read("plan.json")).unwrap();

    // Only what was reviewed is run: neither another declaration nor an edited file.
    live.declare("");
    let mut edited = kept.clone();
    edited["steps"][0]["statements"][0] = json!("DROP TABLE public.todos");
    live.project.write("edited.json", edited.to_string());
    live.run(&["apply", "--plan", "edited.json", "--allow", "blocks-reads,blocks-writes"])
        .exits(1)
        .says("make the plan anew");
    live.project.write("broken.json", "{}");
    live.run(&["apply", "--plan", "broken.json"]).exits(1).says("no plan that can be applied");

    // It stops at hazards as any other.
    live.both(&["apply", "--plan", "plan.json"]).0.exits(1).says("--allow blocks-");
    // Not on another state than it was made for.
    live.sql("alter table todos add column extra int");
    live.both(&["apply", "--plan", "plan.json"])
        .0
        .exits(1)
        .says("the database has changed since the plan was made");
    live.sql("alter table todos drop column extra");
    live.run(&["apply", "--plan", "plan.json", "--allow", "blocks-reads,blocks-writes"]).exits(0);
    live.declare(&grown());
    live.assert_in_sync();
}

/// The same under other names: the table, a column that is indexed and one that gets a NOT NULL.
fn renamed() -> String {
    grown().replace("table = \"todos\"", "table = \"chores\", was = \"todos\"").replace(
        "    #[rls(index)]\n    pub task",
        "    #[rls(index, was = \"task\")]\n    pub title",
    )
}

#[test]
fn a_plan_that_is_kept_renames() {
    for online in [false, true] {
        let live = Live::new(NEON, &before());
        live.apply(&[]).exits(0);
        live.sql(ROWS);
        live.declare(&renamed());
        let out = if online {
            &["diff", "--out", "plan.json", "--online"][..]
        } else {
            &["diff", "--out", "plan.json"]
        };
        live.run(out).exits(2).says("RENAME TO chores").says("RENAME COLUMN task TO title");
        let first = live.project.read("plan.json");
        live.run(out).exits(2);
        assert_eq!(live.project.read("plan.json"), first, "looking changes nothing");
        live.declare("");

        // Somebody has done a part of it meanwhile.
        live.sql("alter table todos rename to chores");
        let apply = ["apply", "--plan", "plan.json", "--allow", "blocks-reads,blocks-writes"];
        live.run(&apply).exits(1).says("the database has changed since the plan was made");
        live.sql("alter table chores rename to todos");
        live.run(&apply).exits(0).says("RENAME TO chores");
        assert_eq!(live.value("select count(distinct title) from chores"), "9000");
        live.declare(&renamed());
        live.assert_in_sync();
        live.run(&apply).exits(1).says("the database has changed since the plan was made");
    }
}

#[test]
fn online_plans_need_no_leave_to_block() {
    let live = Live::new(NEON, &before());
    live.apply(&[]).exits(0);
    live.sql(ROWS);
    live.declare(&grown());
    live.both(&["apply"]).0.exits(1).says("`--online` has a way around it");
    let diff = live.run(&["diff", "--online", "--json"]).exits(2).json();
    let outside = |step: &&Value| step["outside_transaction"] == json!(true);
    assert_eq!(diff["steps"].as_array().unwrap().iter().filter(outside).count(), 2, "{diff:#}");
    live.run(&["apply", "--online"])
        .exits(0)
        .says("CREATE INDEX CONCURRENTLY")
        .says("Applied 4 steps");
    live.assert_in_sync();
}

#[test]
fn a_run_that_waits_for_a_lock_gives_way() {
    let Some(server) = several_connections() else { return };
    let live = Live::new(NEON, &before());
    live.apply(&[]).exits(0);
    let url = live.url().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let holder = runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("begin; select from todos").await.unwrap();
        client
    });
    live.declare(&grown());
    let patient = [
        "apply",
        "--allow",
        "blocks-reads,blocks-writes",
        "--lock-timeout",
        "100ms",
        "--lock-attempts",
        "2",
    ];
    live.run(&patient).exits(1).says("lock timeout");
    live.run(&["apply", "--lock-timeout", "soon"]).exits(1).says("--lock-timeout");
    drop(holder);
    drop(server);
}

/// A list of databases, one of which cannot be reached and one of which has something in the way.
#[test]
fn one_failure_stops_only_its_own() {
    let Some(server) = several_connections() else { return };
    let live = Live::new(NEON, &before());
    let mut urls: Vec<_> = (0..6).map(|_| server.new_database()).collect();
    live.project.write("databases.txt", format!("# tenants\n\n{}\n", urls.join("\n")));
    let many = |args: &[&str]| {
        live.run(&[args, &["--databases", "databases.txt", "--jobs", "3"]].concat())
    };
    many(&["apply", "--install-stand-in"])
        .exits(0)
        .says("6 databases: 6 changed, 0 with nothing to do, 0 failed")
        .says("[6/6]");
    many(&["drift"]).exits(0).says("6 with nothing to do");

    server.value(&urls[2], "insert into todos (user_id) values ('ann')");
    let gone = server.url("postgres", "nowhere");
    urls.push(gone);
    live.project.write("databases.txt", urls.join("\n"));
    live.declare(&grown());
    many(&["drift"]).exits(1).says("6 different, 0 with nothing to do, 1 failed");
    let run = many(&["apply", "--json", "--allow", "blocks-reads,blocks-writes"]).exits(1);
    let json = run.json();
    assert_eq!(
        (&json["changed"], &json["unchanged"], &json["failed"]),
        (&json!(5), &json!(0), &json!(2))
    );
    assert_eq!(json["databases"].as_array().unwrap().len(), 7);
    assert!(run.err.contains("contains null values") && run.err.contains("nowhere"), "{run}");

    // The same again goes on with what is left.
    server.value(&urls[2], "update todos set task = 'x'");
    urls.pop();
    live.project.write("databases.txt", urls.join("\n"));
    many(&["apply", "--allow", "blocks-reads,blocks-writes"])
        .exits(0)
        .says("1 changed, 5 with nothing to do, 0 failed");
    many(&["drift"]).exits(0);

    // Mistakes of the list are told together, and without its passwords.
    live.project.write("databases.txt", format!("{0}\n{0}\nhttp://ann:secret@host/x\n", urls[0]));
    many(&["drift"])
        .exits(1)
        .says("databases.txt:2: this database is named twice")
        .says("databases.txt:3")
        .never_says("secret");
}
