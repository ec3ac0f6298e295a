//! Every layout: what our own commands read and write.

use crate::support::Live;
use crate::{history, migrate, ranked};

#[test]
fn every_command_reads_every_layout() {
    for (layout, up, down) in [
        ("sqlx", "_second.up.sql", "_second.down.sql"),
        ("refinery", "__second.sql", "__second.down.sql"),
        ("dbmate", "_second.sql", ""),
        ("diesel", "_second", ""),
        ("psql", "_second.sql", "down"),
    ] {
        let live = crate::two_steps(&format!("provider = \"neon\"\nlayout = \"{layout}\"\n"));
        for end in [up, down] {
            assert!(
                live.project.list("migrations").iter().any(|file| file.ends_with(end)),
                "{layout}"
            );
        }
        live.run(&["generate", "--check"]).exits(0);
        live.project.run(&["replay", "--undo"]).exits(0);
        migrate(&live);
        live.assert_in_sync();
        live.run(&["status"]).exits(0);
        live.run(&["undo"]).exits(1).says("loses-data: the column public.todos.rank");
        live.run(&["undo", "--allow", "loses-data"]).exits(0);
        assert_eq!(history(&live), "first", "{layout}");
        live.run(&["migrate"]).exits(0).says("Applied 1");
        live.project.run(&["repair", "--later", &second(&live)]).exits(0).says("Nothing to do");
        live.declare(&ranked().replace("rank", "weight"));
        live.run(&["generate", "third", "--allow", "loses-data"]).exits(0);
        live.run(&["migrate"]).exits(1).says("_third: loses-data");
        live.run(&["migrate", "--allow", "loses-data"]).exits(0);
        live.assert_in_sync();
    }
}

/// The version and name of the second migration.
fn second(live: &Live) -> String {
    live.value("select version || '_' || name from rls.migrations where name = 'second'")
}

#[test]
fn a_layout_that_is_unknown_is_a_mistake() {
    let live = Live::new("provider = \"neon\"\nlayout = \"flyway\"\n", crate::support::TODOS);
    live.both(&["generate"])
        .0
        .exits(1)
        .says("rls.toml:2:10: unknown variant `flyway`")
        .says("`dbmate`");
}

#[test]
fn a_name_of_another_layout_is_a_mistake() {
    let live = Live::new("provider = \"neon\"\nlayout = \"refinery\"\n", crate::support::TODOS);
    live.project.write("migrations/20260101000000_one.up.sql", "");
    live.both(&["generate"]).0.exits(1).says("is not called V<YYYYMMDDHHMMSS>__<snake_name>.sql");
}
