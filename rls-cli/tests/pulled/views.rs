//! Views and materialized views.

use super::round::pulled;
use super::support::several_connections;

const VIEWS: &str = r####"
    create table posts (id bigint primary key, "Title" text not null, owner text not null, at date);
    alter table posts enable row level security;
    create policy own on posts for select to pull_app using (owner = current_user);
    grant select on posts to pull_app;
    create view titles as select id, "Title" from posts;
    create view "Open Posts" (key, "No.") with (security_barrier, check_option = local) as
        select id, "Title" from posts where owner <> '"#';
    create view of_views as select t.* from titles t join "Open Posts" o on o.key = t.id
        where exists (with recent as (select 1 as one) select from recent where one = t.id);
    create view numbers as values (1, 'a'), (2, null);
    create materialized view days as select at, count(*) as posts, max("Title") as "Title" from posts group by at;
    create unique index on days (at);
    create index "By Title" on days (lower("Title") text_pattern_ops, posts desc nulls last) include (at)
        with (fillfactor = 70) where posts > 1;
    create index on days (posts);
    create materialized view kept as select * from titles with no data;
    create function put() returns trigger language plpgsql as 'begin return new; end';
    create trigger "put it" instead of insert or update on of_views for each row execute function put('x');
    create trigger told after delete on titles for each statement execute function put();
    comment on view titles is 'What posts are called.';
    comment on column titles."Title" is 'As it is shown.';
    comment on materialized view days is 'How many a day.';
    comment on index "By Title" is 'for a lookup';
    comment on trigger "put it" on of_views is 'somewhere else';
    grant select on titles to pull_app;
    grant select on days to pull_app with grant option;
    grant select (key), update (key) on "Open Posts" to pull_app;
"####;

#[test]
fn views_come_as_structs() {
    let Some(round) = pulled(VIEWS) else { return };
    round.says("/// What posts are called.\n#[derive(View)]").says("pub struct OpenPosts;");
    round.says("column(name = Title, comment = \"As it is shown.\")");
    round.says("security_invoker = false").says("materialized").says("check_option = local");
    round.says("instead_of = [insert, update],").says("arguments = [\"x\"],");
    round.says("grant(role = pull_app, privileges = [select, update], columns = [key])");
    round.says("include = [at]").says("comment = \"for a lookup\"");
    assert!(!round.notes.iter().any(|note| note.contains("alone")), "{:?}", round.notes);
    round.comes_back();
}

#[test]
fn a_view_that_reads_as_whoever_asks_says_nothing_of_it() {
    // There are none such before.
    if several_connections().is_none_or(|server| server.major_version() < 15) {
        return;
    }
    let made = "create table t (id int primary key, who text not null); alter table t enable row level security; \
        create policy own on t for select to pull_app using (who = current_user); grant select on t to pull_app; \
        create view v with (security_invoker = on, check_option = cascaded) as select * from t; \
        grant select on v to pull_app";
    let Some(round) = pulled(made) else { return };
    round.says("check_option = cascaded");
    assert!(!round.source.contains("security_invoker"), "{}", round.source);
    round.comes_back();
}
