//! What was pulled is Rust: a crate that depends on nothing but the facade, and on what the file says it
//! needs, builds without a warning, and what its derives make is what the command line reads off the source.

use std::fmt::Write;

use super::round::{Round, pulled};
use super::support::Project;

#[path = "../../../rls-core/tests/support/compiled.rs"]
mod compiler;

/// Something of every kind.
const EVERYTHING: &str = r####"
    create type mood as enum ('fine', 'so-so');
    create type "self" as enum ('self', 'Self', 'None');
    create domain email as text check (value like '%@%');
    create domain value as numeric(10, 2) not null;
    create type address as (street text, "type" mood, email email, "self" numeric);
    create sequence numbers start 100;
    create function touch() returns trigger language plpgsql as $$
begin
    new.at := now();
    return new;
end $$;
    create function "crate"(numeric[]) returns numeric language sql as 'select 1';
    create function "crate"(text default '"#') returns text language sql as 'select ''"##''';
    create procedure tidy(n integer default 3) language sql as 'select 1';
    create table teams (id uuid primary key default gen_random_uuid(), "self" text not null);
    create table "type" (
        id bigint generated always as identity primary key,
        team uuid not null references teams,
        number bigint not null default nextval('numbers'),
        mood mood not null default 'fine', moods mood[], "Self" "self", mail email, worth value, home address,
        "fn" smallint, real real, double double precision, flag boolean, bytes bytea, price numeric, data jsonb,
        raw json, ids uuid[], at timestamptz, local timestamp, day date, hour time, span interval, ip inet,
        search tsvector generated always as (to_tsvector('simple', coalesce("fn"::text, ''))) stored
    );
    comment on table "type" is 'A table with everything.';
    create table events (id bigint not null, at date not null) partition by range (at);
    create table events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
    create trigger touch before update on "type" for each row execute function touch();
    create index on "type" (lower(mail::text)) where mood = 'fine';
    create view "in" as select id, "self" from teams;
    create trigger turned instead of update on "in" for each row execute function touch();
    create trigger told before update of "self" on "in" for each statement execute function touch();
    create table circle (id bigint primary key, "other" bigint);
    alter table circle enable row level security;
    create policy around on circle for select to pull_app
        using (exists (select 1 from circle c where c.id = circle."other"));
    grant select on circle to pull_app;
    create materialized view counts as select team, count(*) as n from "type" group by team;
    create index on counts (n desc);
    alter table teams enable row level security;
    alter table "type" enable row level security;
    alter table events enable row level security;
    alter table events_1 enable row level security;
    create policy mine on "type" for all to pull_app
        using (exists (select 1 from teams t where t.id = team and t."self" = current_user) and mood <> 'so-so');
    create policy all_teams on teams for select to pull_app using (true);
    grant select on "type" to pull_app;
    grant update ("fn", moods), insert (team) on "type" to pull_app;
    grant select (id) on events_1 to pull_app;
    alter table events_1 force row level security;
    grant select on teams to pull_app;
"####;

#[test]
fn what_was_pulled_compiles() {
    let Some(round) = pulled(EVERYTHING) else { return };
    let made = compiled(&round);
    let read = round.project.run(&["sql"]).exits(0).out;
    assert_eq!(made, read, "{}", round.source);
}

/// What the derives make of the source, as SQL.
#[track_caller]
fn compiled(round: &Round) -> String {
    let own = Project::empty();
    let schema = ("schema".to_owned(), round.source.clone());
    compiler::run(own.root(), &[schema], &program(round))
}

/// A program that prints what is declared.
fn program(round: &Round) -> String {
    let mut program = "use pulled_schema::schema::*;\nuse rls_schema::model::Ident;\n\
                       use rls_schema::{Grants, Provider, Schema, Settings};\n\n\
                       fn main() {\n    let mut settings = Settings::new(Provider::Postgres);\n"
        .to_owned();
    let config: toml::Table = round.project.read("rls.toml").parse().unwrap();
    assert_eq!(config["provider"].as_str(), Some("postgres"));
    let grants = match config["grants"].as_str() {
        Some("declared") => "Declared",
        Some("schema") => "Schema",
        _ => "Policies",
    };
    writeln!(program, "    settings.grants = Grants::{grants};").unwrap();
    for role in config["roles"].as_array().into_iter().flatten() {
        writeln!(program, "    settings.roles.push(Ident::new({role}).unwrap());").unwrap();
    }
    program += "    let schema = Schema::declare(settings)\n";
    for (derived, name) in compiler::items(&round.source) {
        let method = match derived {
            "Table" => "table",
            "Sequence" => "sequence",
            "Function" => "function",
            "View" => "view",
            "PgEnum" | "PgType" => "ty",
            other => panic!("a derive {other}"),
        };
        writeln!(program, "        .{method}::<{name}>()").unwrap();
    }
    program + "        .build()\n        .unwrap();\n    print!(\"{}\", schema.to_sql());\n}\n"
}
