//! Enums, domains and composite types.

use super::round::pulled;

const TYPES: &str = r#"
    create type mood as enum ('very happy', 'so-so', 'SAD', 'sad', '', '1st', 'it''s "x"');
    create type order_state as enum ('open', 'paid_in_full', 'gone');
    create type "Kebab" as enum ('one-two', 'three');
    create type "LEVEL" as enum ('TOO_LOW', 'HIGH');
    create type nothing as enum ();
    create type value as enum ('a');
    comment on type mood is 'How somebody is.';
    comment on type order_state is E'two\nlines';
    create domain email as text collate "C" default 'nobody@example.org' not null
        check (value ~ '^[^@]+@[^@]+$') constraint "not too long" check (length(value) <= 100);
    alter domain email add constraint later check (value <> 'x') not valid;
    comment on domain email is 'Where mail goes.';
    create domain short as varchar(10);
    create domain amounts as numeric(10, 2)[];
    create domain good_mood as mood check (value <> 'sad');
    create type address as (street text, "ZIP" varchar(10) collate "C", mail email, "type" order_state, moods mood[]);
    comment on type address is 'Where somebody lives.';
    comment on column address."ZIP" is 'With a dash.';
    create type pair as ("left" address, "right" address[]);
    create type empty as ();
    create table people (
        id bigint generated always as identity primary key,
        mood mood not null default 'sad',
        moods mood[] not null default '{}',
        good good_mood,
        mail email,
        state order_state default 'paid_in_full' check (state <> 'gone'),
        address address,
        pairs pair[],
        short short not null,
        v value
    );
    alter table people enable row level security;
    create policy p on people for select to public using (mood <> 'sad' or state = 'open');
    create index on people (mood) where state = 'open';
"#;

#[test]
fn types_come_as_types() {
    let Some(round) = pulled(TYPES) else { return };
    round.says("/// How somebody is.\n#[derive(PgEnum)]");
    round.says("    #[rls(value = \"very happy\")]\n    VeryHappy,\n");
    round.says("#[rls(value = \"SAD\")]\n    Sad,\n    #[rls(value = \"sad\")]\n    Sad2,\n");
    round.says("#[rls(name = \"LEVEL\", rename_all = \"SCREAMING_SNAKE_CASE\")]\npub enum Level {\n    TooLow,");
    round.says("pub enum OrderState {\n    Open,\n    PaidInFull,\n    Gone,\n}");
    round.says("rename_all = \"kebab-case\"");
    round.says("pub enum Nothing {}").says("pub enum ValueType {").says("pub struct Empty {}");
    round.says("pub struct Email(pub String);").says("pub struct GoodMood(pub Mood);");
    round.says("    pub moods: Vec<Mood>,").says("    pub pairs: Option<Vec<Pair>>,");
    round.says("    pub v: Option<ValueType>,").says("    pub right: Option<Vec<Address>>,");
    assert_eq!(round.notes, Vec::<String>::new());
    round.comes_back();
}

/// A type of another schema, and two of one name.
#[test]
fn types_of_several_schemas_are_told_apart() {
    let Some(server) = super::support::several_connections() else { return };
    let url = super::round::database(&server);
    server.value(
        &url,
        "create schema app; create schema other; create type mood as enum ('a'); \
         create type app.mood as enum ('b'); create type other.mood as enum ('c'); \
         create domain app.good as app.mood; create table app.mood_ring (id int primary key, a mood, b app.mood, \
         c other.mood, d app.good[]); alter table app.mood_ring enable row level security",
    );
    let round = super::round::pull(server, url, &["public", "app"]);
    round
        .says("pub a: Option<Mood>")
        .says("pub b: Option<AppMood>")
        .says("pub d: Option<Vec<Good>>");
    round.says("#[rls(sql_type = \"other.mood\")]\n    pub c: Option<String>");
    let url = super::round::database(&round.server);
    round.server.value(&url, "create schema other; create type other.mood as enum ('c')");
    round.comes_back_in(url, &["public", "app"]);
}
