//! Plans around things that lean on one another, by both roads: `apply` against a live database and
//! `generate` with `migrate` from snapshots; what widens access; and SQL that would break out.

mod support;

use support::{Live, NEON, Project, TODOS};

const ALLOW: [&str; 6] = [
    "--allow",
    "loses-data",
    "--allow",
    "widens-access",
    "--allow",
    "drops-undeclared,narrows-access,rewrites-table,blocks-reads,blocks-writes",
];

/// From one declaration to another by both roads; afterwards the database is what is declared.
#[track_caller]
fn both_roads(from: &str, to: &str) {
    let live = Live::new(NEON, from);
    live.apply(&[]).exits(0);
    live.declare(to);
    live.apply(&ALLOW).exits(0);
    live.assert_in_sync();

    let live = Live::new(NEON, from);
    live.run(&["generate", "one"]).exits(0);
    live.run(&["migrate", "--install-stand-in"]).exits(0);
    live.declare(to);
    live.run(&["generate", "two", "--allow", "loses-data"]).exits(0);
    live.run(&[&["migrate"], &ALLOW[..]].concat()).exits(0);
    live.assert_in_sync();
}

fn table(name: &str, attributes: &str, fields: &str) -> String {
    let ident = name.to_uppercase();
    format!(
        "#[derive(Table)]\n#[rls(table = \"{name}\"{attributes})]\nstruct {ident} {{ {fields} }}\n"
    )
}

#[test]
fn tables_that_name_each_other_are_dropped_together() {
    let first = "#[rls(primary_key)] id: i64, #[rls(references = b(id))] other: Option<i64>";
    let second = "#[rls(primary_key)] id: i64, #[rls(references = a(id))] other: Option<i64>";
    let policy = r#", crud_policy(role = authenticated, read = sql("exists (select 1 from a where a.id = c.id)"))"#;
    let keep = table("keep", "", "id: i64");
    let all = [
        table("a", "", first),
        table("b", "", second),
        table("c", policy, "id: i64"),
        keep.clone(),
    ];
    let live = Live::new(NEON, &all.concat());
    live.run(&["generate", "one"]).exits(0);
    live.run(&["migrate", "--install-stand-in"]).exits(0);
    live.declare(&keep);
    live.run(&["generate", "two"]).exits(1).says("loses-data");
    live.run(&["generate", "two", "--allow", "loses-data"]).exits(0);
    live.run(&["migrate", "--allow", "loses-data,narrows-access"]).exits(0);
    assert_eq!(live.value("select count(*)::text from pg_tables where schemaname = 'public'"), "1");
}

#[test]
fn both_ends_of_a_foreign_key_change_type() {
    let make = |ty: &str| {
        let parent = format!("#[rls(primary_key)] id: {ty}");
        let child = format!("#[rls(references = parent(id))] parent: {ty}");
        [table("parent", "", &parent), table("child", "", &child)].concat()
    };
    both_roads(&make("i32"), &make("i64"));
}

#[test]
fn a_key_under_a_foreign_key_is_replaced() {
    let child = table("child", "", "#[rls(references = parent(id))] parent: i64");
    let before = table("parent", "", "#[rls(primary_key)] id: i64, other: i64") + &child;
    let after =
        table("parent", "", "#[rls(unique)] id: i64, #[rls(primary_key)] other: i64") + &child;
    both_roads(&before, &after);
    both_roads(&after, &before);
}

#[test]
fn a_policy_of_another_table_makes_way_for_a_change_of_type() {
    let policy = r#", crud_policy(role = authenticated, read = sql("team in (select m.team from members m)"))"#;
    let docs = table("docs", policy, "team: i64");
    let before = table("members", "", "team: i32") + &docs;
    let after = table("members", "", "team: i64") + &docs;
    both_roads(&before, &after);
}

#[test]
fn a_column_that_becomes_numbered_goes_on_after_its_numbers() {
    let live = Live::new(NEON, &table("things", "", "#[rls(primary_key)] id: i64, name: String"));
    live.apply(&[]).exits(0);
    live.sql("insert into things values (1, 'a'), (7, 'b')");
    live.declare(&table("things", "", "#[rls(primary_key, identity)] id: i64, name: String"));
    live.apply(&[]).exits(0);
    live.sql("insert into things (name) values ('c')");
    assert_eq!(live.value("select max(id)::text from things"), "8");
    live.assert_in_sync();
}

#[test]
fn a_wider_type_loses_nothing() {
    let live =
        Live::new(NEON, &table("t", "", "#[rls(sql_type = \"varchar(5)\")] a: String, b: i32"));
    live.apply(&[]).exits(0);
    live.declare(&table("t", "", "a: String, b: i64"));
    live.apply(&[]).exits(0);
    live.declare(&table("t", "", "a: String, b: i16"));
    live.apply(&[]).exits(1).says("loses-data");
}

#[test]
fn blanket_grants_over_tables_that_exist_widen_access() {
    let live = Live::todos();
    live.project.write("rls.toml", format!("{NEON}grants = \"schema\"\n"));
    live.apply(&[]).exits(1).says("widens-access").says("anonymous");
    live.apply(&["--allow", "widens-access"]).exits(0);
    live.assert_in_sync();
    live.project.write("rls.toml", NEON);
    live.apply(&ALLOW).exits(0).says("default privileges give anonymous");
}

#[test]
fn reaching_a_schema_with_tables_of_others_widens_access() {
    let live = Live::new(NEON, TODOS);
    live.sql(
        "create schema app; create table app.secret (id int); grant select on app.secret to public",
    );
    let policy = ", schema = \"app\", crud_policy(role = authenticated, read = true)";
    live.declare(&table("mine", policy, "id: i64"));
    live.apply(&[]).exits(1).says("widens-access").says("app.secret");
}

#[test]
fn settings_of_one_migration_do_not_reach_the_next() {
    let live = Live::todos();
    live.project
        .write("migrations/20260101000000_a.up.sql", "create schema app; set search_path = app;");
    live.project.write("migrations/20260101000001_b.up.sql", "create table bb (id int);");
    live.run(&["migrate"]).exits(0);
    assert_eq!(live.value("select schemaname from pg_tables where tablename = 'bb'"), "public");
}

#[test]
fn no_spelling_of_commit_ends_a_migration() {
    let live = Live::todos();
    for (at, smuggled) in [
        "-- note\rcommit; begin",
        "select $€$'$€$; commit; select $€$'$€$",
        "select 1 as €$x$; commit; select 2 as €$x$",
        "select 1 as begin, atomic from (values (1)) as t(atomic); commit",
        "create function f() returns int begin atomic select 1 as case; end; commit",
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("migrations/2026010100000{at}_m.up.sql");
        live.project.write(&file, format!("create table half (id int);\n{smuggled};\nselect 1/0;"));
        live.run(&["migrate"]).exits(1);
        assert_eq!(
            live.value("select coalesce(to_regclass('half')::text, 'gone')"),
            "gone",
            "{smuggled}"
        );
        std::fs::remove_file(live.project.root().join(file)).unwrap();
    }
}

#[test]
fn a_statement_that_leaves_its_role_is_not_committed() {
    let live = Live::todos();
    live.sql("insert into todos (user_id, task) values ('user_1', 'kept')");
    for sql in [
        "do $$ begin reset role; delete from todos; end $$",
        "select set_config('role', 'postgres', false)",
    ] {
        live.run(&["query", "--role", "authenticated", "--commit", sql]).exits(1);
    }
    assert_eq!(live.value("select count(*)::text from todos"), "1");
}

#[test]
fn a_stand_in_of_another_provider_is_no_stand_in() {
    let live = Live::todos();
    live.project.write("rls.toml", "provider = \"supabase\"\n");
    live.apply(&[]).exits(1).says("stand-in for Neon");
}

/// What breaks out of its brackets, were it read by other rules than Postgres's.
#[test]
fn raw_sql_stays_in_its_brackets() {
    for sql in [
        "task = E'x'\n'\\' || ') OR (true)) -- '",
        "task = $€$'$€$) OR (true OR task = $€$'$€$ || ''",
        "a€$x$ = task) OR (true OR a€$x$ = task",
        "user = 'x'",
    ] {
        let policy = format!(", crud_policy(role = authenticated, read = sql(r#\"{sql}\"#))");
        let project = Project::new(NEON, &table("t", &policy, "task: String, user: String"));
        project.run(&["check"]).exits(1);
    }
}

#[test]
fn names_that_are_somebody_elses_are_refused() {
    for schema in ["pg_catalog", "information_schema", "rls"] {
        let table = table("t", &format!(", schema = \"{schema}\""), "id: i64");
        Project::new(NEON, &table).run(&["check"]).exits(1).says(schema);
    }
    for role in ["public", "none", "current_user", "pg_read_all_data"] {
        let config = format!("{NEON}roles = [\"{role}\"]\n");
        Project::new(&config, TODOS).run(&["check"]).exits(1).says(role);
    }
}

#[test]
fn deep_source_is_read() {
    let many = vec!["id == 1"; 5_000].join(" || ");
    let nested = format!("{}id == 1{}", "(".repeat(500), ")".repeat(500));
    for predicate in [many, nested] {
        let policy = format!(", crud_policy(role = authenticated, read = {predicate})");
        Project::new(NEON, &table("t", &policy, "id: i64")).run(&["check"]).exits(0);
    }
}

#[test]
fn a_table_that_goes_by_another_name_is_not_missed() {
    for (source, code) in [
        ("#[derive(T)] struct F { #[rls(primary_key)] id: i64 }", 1),
        ("#[derive(rs::Table)] struct F { #[rls(primary_key)] id: i64 }", 0),
        ("make! { #[derive(rls_schema::Table)] struct F { id: i64 } }", 1),
        ("#[cfg_attr(all(), cfg_attr(all(), derive(Table)))] struct F { id: i64 }", 0),
    ] {
        let project = Project::new(NEON, &(TODOS.to_owned() + source));
        let run = project.run(&["check"]).exits(code);
        assert!(code == 1 || run.out.contains("2 tables"), "{source}: {run}");
    }
}

#[test]
fn constraints_and_indexes_of_every_kind_come_and_go() {
    let declare = |rooms: &str, bookings: &str, label: &str, other: &str, title: &str| {
        let read = "crud_policy(role = authenticated, read = true)";
        [
            table(
                "rooms",
                &format!(", {rooms} {read}"),
                &format!("site: i32, number: i32, {label} label: String"),
            ),
            table(
                "bookings",
                &format!(", {bookings} {read}"),
                &format!(
                    "#[rls(primary_key)] id: i64, site: Option<i32>, #[rls(column = \"Room\")] room: Option<i32>, \
                     {other} other: Option<i64>, #[rls(sql_type = \"int4range\")] during: String, \
                     starts_at: DateTime<Utc>, ends_at: DateTime<Utc>, {title} title: String, tags: Vec<String>"
                ),
            ),
            table("other", &format!(", {read}"), "#[rls(primary_key)] id: i64"),
        ]
        .concat()
    };
    let bare = declare("", "", "", "", "");
    let full = declare(
        "primary_key(columns = [site, number], include = [label]), \
         unique(columns = [label, site], name = \"one label\", initially_deferred), check = number > 0,",
        "foreign_key(columns = [site, room], references = rooms(site, number), match_full, initially_deferred), \
         check(name = \"in order\", expr = starts_at < ends_at, no_inherit), \
         check(expr = sql(\"upper(during) - lower(during) > 0\"), not_valid), \
         exclude(elements = [(during, \"&&\")], predicate = room.is_some(), deferrable), \
         index(columns = [desc(starts_at), site], name = \"newest\"), \
         index(columns = [sql(\"lower(title)\")], unique, predicate = room.is_null()), \
         index(columns = [nulls_last(desc(ends_at))], include = [title], with(fillfactor = 70)), \
         index(columns = [tags], method = gin),",
        "#[rls(unique(deferrable), check = label != \"\")]",
        "#[rls(references(other(id), name = \"to other\", on_update = cascade, deferrable))]",
        "#[rls(index(class = \"text_pattern_ops\"))]",
    );
    both_roads(&bare, &full);
    both_roads(&full, &bare);
}
