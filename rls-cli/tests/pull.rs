//! `pull`: databases become projects in which there is nothing left to do, whatever they hold.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::process::Command;

use support::{Live, NEON, Project, Run, TODOS};

/// Pulls a database that SQL made, and checks that nothing is left to do and rustfmt has nothing to add.
#[track_caller]
fn pulled(sql: &str) -> Option<(Live, String)> {
    support::several_connections()?;
    let live = Live::new("provider = \"postgres\"\n", "");
    live.sql(sql);
    let source = pull(&live, &[]);
    Some((live, source))
}

#[track_caller]
fn pull(live: &Live, args: &[&str]) -> String {
    let run = live.run(&[&["pull", "--out", "pulled"], args].concat());
    let source = std::fs::read_to_string(live.project.root().join("pulled/src/schema.rs"));
    let source = source.unwrap_or_default();
    assert_eq!(run.code, 0, "{run}\n{source}");
    live.run(&["diff", "--project", "pulled"]).exits(0).says("No difference");
    let path = live.project.root().join("pulled/src/schema.rs");
    let mut rustfmt = Command::new("rustfmt");
    let output = rustfmt.args(["--check", "--edition", "2024"]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    source
}

#[track_caller]
fn says(source: &str, text: &str) {
    assert!(source.contains(text), "no `{text}` in\n{source}");
}

#[test]
fn what_was_applied_comes_back() {
    if support::several_connections().is_none() {
        return;
    }
    let live = Live::todos();
    let source = pull(&live, &[]);
    says(
        &source,
        "crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id))",
    );
    says(&source, "#[rls(default = auth_uid(), index)]\n    pub user_id: String,");
    says(&source, "#[rls(primary_key, identity)]\n    pub id: i64,");
    let config = live.project.read("pulled/rls.toml");
    assert!(
        config.contains("provider = \"neon\"") && config.contains("grants = \"policies\""),
        "{config}"
    );
}

#[test]
fn the_gallery_comes_back() {
    if support::several_connections().is_none() {
        return;
    }
    let live = Live::gallery();
    let source = pull(&live, &["--schema", "public", "--schema", "Gallery"]);
    says(&source, "force");
}

#[test]
fn predicates_and_force_of_hand_made_tables_are_kept() {
    let made = r####"
        create role pull_app;
        create table owners (id uuid primary key default gen_random_uuid(), "userName" text not null);
        create table docs (
            id bigserial primary key,
            owner uuid not null references owners on delete cascade,
            title varchar(20) not null default 'it''s',
            level smallint default -1,
            "type" text,
            tags text[] not null default '{}',
            price numeric(10,2) check (price > 0),
            at timestamptz(3) not null default now(),
            constraint "odd name" unique (owner, title),
            check (level between 1 and 5 or level is null)
        );
        create index on docs (lower(title) desc) where level > 0;
        comment on table docs is 'What was written.';
        comment on column docs.title is E'two\nlines "#';
        alter table docs enable row level security;
        alter table docs force row level security;
        create policy "read all" on docs for select using (level >= 1 or "type" = '"#$x$--no comment');
        create policy "only own" on docs as restrictive to pull_app
            using (owner = (current_setting('app.user', true))::uuid);
        create policy "none at all" on docs for all to pull_app with check (true);
        create policy "update" on docs for update to pull_app using (exists (
            select 1 from owners o where o.id = docs.owner and o."userName" = current_user));
        grant select, insert on docs to pull_app with grant option;
        grant update (title) on docs to public;
        grant usage on sequence docs_id_seq to pull_app;
    "####;
    let Some((live, source)) = pulled(made) else { return };
    says(&source, "force");
    says(&source, "restrictive");
    says(&source, "without_using");
    says(&source, "/// What was written.");
    says(&source, "grant(role = pull_app, privileges = [select, insert], grantable)");
    // In an empty database it makes the same.
    live.sql("drop table docs, owners");
    live.run(&["apply", "--project", "pulled", "--allow", "widens-access"]).exits(0);
    live.run(&["diff", "--project", "pulled"]).exits(0);
    let check =
        "select count(*)::text from pg_policy where polqual is null and polwithcheck is not null";
    assert_eq!(live.value(check), "1");
    assert_eq!(
        live.value("select relforcerowsecurity::text from pg_class where relname = 'docs'"),
        "true"
    );
}

#[test]
fn what_is_left_out_is_told_by_name() {
    if support::several_connections().is_none() {
        return;
    }
    let live = Live::new("provider = \"postgres\"\n", "");
    live.sql(
        "create type span as range (subtype = int4); create table t (a int, b int); \
         create collation odd (locale = 'C'); create function f(int, int) returns int language sql as 'select 1'; \
         create aggregate total(int) (sfunc = f, stype = int); create conversion conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8; \
         create operator === (leftarg = int, rightarg = int, function = f); create operator family fam using btree; \
         create operator class cls for type t using hash as operator 1 =(record, record), function 1 hash_record(record); \
         create text search dictionary dict (template = simple); create text search configuration conf (copy = simple); \
         create text search parser pars (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype); \
         create text search template temp (lexize = dsimple_lexize); create statistics stats on a, b from t; \
         create rule noted as on insert to t do also notify t; \
         create foreign data wrapper wrapper; create server far foreign data wrapper wrapper; \
         create foreign table away (a int) server far; create publication pub for table t; \
         create language other handler plpgsql_call_handler; create access method heaps type table handler heap_tableam_handler; \
         create type pair as (a int); create function of_pair(pair) returns int language sql as 'select 1'; \
         create cast (pair as int) with function of_pair(pair); \
         create transform for int language sql (from sql with function prsd_lextype(internal), to sql with function int4recv(internal)); \
         create subscription subs connection 'dbname=nowhere' publication pub with (connect = false); \
         create function watch() returns event_trigger language plpgsql as 'begin end'; \
         create event trigger watching on sql_drop execute function watch(); \
         create user mapping for current_user server far; create user mapping for public server far; \
         select lo_create(0), lo_create(0); \
         insert into pg_seclabel values ('watch'::regproc, 'pg_proc'::regclass, 0, 'labels', 'secret'); \
         do $$ begin execute format('alter database %I set work_mem = ''2MB''', current_database()); \
            execute format('alter role postgres in database %I set search_path = '''', public', current_database()); end $$",
    );
    let run = live.run(&["pull", "--out", "pulled"]).exits(0);
    let left = [
        "range type public.span",
        "collation public.odd",
        "aggregate public.total(integer)",
        "conversion public.conv",
        "operator public.=== (integer, integer)",
        "operator family public.fam",
        "operator class public.cls",
        "text search dictionary public.dict",
        "text search configuration public.conf",
        "text search parser public.pars",
        "text search template public.temp",
    ];
    for name in left {
        assert!(run.out.contains(&format!("the {name} is left alone")), "{name}: {run}");
    }
    let of_database = [
        "foreign-data wrapper wrapper",
        "foreign server far",
        "publication pub",
        "subscription subs",
        "language other",
        "access method heaps",
        "cast (public.pair AS integer)",
        "transform for integer of sql",
        "event trigger watching",
        "user mapping for postgres at far",
        "user mapping for public at far",
        "setting work_mem",
        "setting search_path of postgres",
        "number of large objects, 2,",
        "security label labels of function public.watch()",
    ];
    for name in of_database {
        let told = format!("the {name} is the database's and is left alone");
        assert!(run.out.contains(&told), "{name}: {run}");
    }
    for told in [
        "public.away is a foreign table",
        "the extended statistics stats",
        "has rules, which are left alone: noted",
    ] {
        assert!(run.out.contains(told), "{told}: {run}");
    }
    live.run(&["diff", "--project", "pulled"]).exits(0);
}

#[test]
fn a_project_that_is_there_changes_with_leave_only() {
    if support::several_connections().is_none() {
        return;
    }
    let live = Live::todos();
    let before = live.project.read("src/schema.rs");
    live.run(&["pull"]).exits(2).says("+pub struct Todos {").says("--write");
    assert_eq!(live.project.read("src/schema.rs"), before);
    live.run(&["pull", "--write"]).exits(0);
    live.run(&["pull"]).exits(0).says("No difference");
    live.assert_in_sync();
}

/// Each kind of thing that somebody adds to a database is a difference of the file, and only that.
#[test]
fn what_was_added_to_a_database_is_shown_and_written_with_leave() {
    if support::several_connections().is_none() {
        return;
    }
    let live = Live::todos();
    live.run(&["pull", "--write"]).exits(0);
    for (add, shown) in [
        ("create type mood as enum ('well', 'unwell')", "+pub enum Mood {"),
        ("create domain word as text check (value <> '')", "+pub struct Word(pub String);"),
        ("create type pair as (a int, b text)", "+pub struct Pair {"),
        ("create sequence numbers", "+pub struct Numbers;"),
        ("create function two() returns int language sql as 'select 2'", "+pub struct Two;"),
        ("create view titles as select task from todos", "+pub struct Titles;"),
        ("create materialized view kept as select task from todos", "+    materialized,"),
        ("create index on kept (task)", "+    index(columns = [task]),"),
        (
            "create function touch() returns trigger language plpgsql as 'begin return new; end'; \
             create trigger touch before update on todos for each row execute function touch()",
            "+    trigger(name = \"touch\"",
        ),
        ("create table added (id int primary key)", "+pub struct Added {"),
        ("comment on table todos is 'What there is to do.'", "+/// What there is to do."),
    ] {
        live.sql(add);
        let before = live.project.read("src/schema.rs");
        live.run(&["pull"]).exits(2).says(shown);
        assert_eq!(live.project.read("src/schema.rs"), before, "{add}");
        live.run(&["pull", "--write"]).exits(0);
        live.run(&["pull"]).exits(0).says("No difference");
        live.assert_in_sync();
    }
}

#[test]
fn what_is_not_there_is_told() {
    let project = Project::empty();
    project.run(&["pull"]).exits(1).says("no database is named");
    if support::several_connections().is_none() {
        return;
    }
    let live = Live::new(NEON, TODOS);
    live.run(&["pull", "--out", "x", "--schema", "nowhere"]).exits(1).says("no schema nowhere");
    live.run(&["pull", "--out", "x"]).exits(1).says("no table");
    let _: Run = live.run(&["pull", "--out", "x", "--json"]).exits(1);
}

/// What binds new rows by being said of old ones is left as it is, and partitions as open as they are.
#[test]
fn what_nobody_said_of_new_rows_and_partitions_stays_unsaid() {
    let Some((_, source)) = pulled(
        "create table wards (id bigint primary key, name text not null); \
         create table notes (id bigint primary key, ward bigint not null) partition by range (id); \
         create table notes_1 partition of notes for values from (1) to (10); \
         create table notes_2 partition of notes for values from (10) to (20); \
         alter table notes_2 enable row level security; \
         alter table notes enable row level security; \
         alter table wards enable row level security; \
         create policy ward on notes using (exists (select 1 from wards w where w.id = ward)); \
         create policy open on wards using (true)",
    ) else {
        return;
    };
    says(&source, "name = \"notes_1\", from = 1, to = 10, row_security = false");
    assert_eq!(source.matches("row_security = false").count(), 1, "{source}");
}
