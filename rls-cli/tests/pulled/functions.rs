//! Functions and procedures.

use super::round::pulled;

const FUNCTIONS: &str = r####"
    create type mood as enum ('fine', 'bad');
    create table posts (id bigint primary key, title text not null, mood mood);
    alter table posts enable row level security;
    create function area(a int) returns int language sql immutable parallel safe as 'select a';
    create function area(a int, b int) returns int language sql stable strict as 'select a * b';
    create function area(numeric[]) returns numeric language sql as 'select $1[1]';
    create function touch() returns trigger language plpgsql security definer set search_path = '' as $body$
begin
	-- a tab before, and "quotes"# with a \ backslash
    new.title := new.title || '"#';
    return new;
end
$body$;
    create function crlf() returns text language plpgsql as E'begin\r\n  return ''x"'';\r\nend';
    comment on function touch() is 'Notes when a row was touched.';
    create function "open posts"("Owner Id" text, max integer default 10, variadic "rest" text[] default '{}')
        returns table (id bigint, "Title" text) language sql stable rows 20 cost 10 leakproof
        set search_path = public, "My Schema", pg_temp set work_mem = '64MB'
        as 'select id, title from public.posts limit max';
    create function out_one(a int, out result int) language sql as 'select a';
    create function out_two(a int, out x int, inout y text) language sql as 'select a, y';
    create function all_posts() returns setof posts language sql begin atomic select * from posts; end;
    create function twice(value integer) returns integer language sql immutable return value * 2;
    create function nothing() returns void language sql as '';
    create function of_mood(m mood default 'fine', ms mood[] default '{fine,bad}') returns mood language sql as 'select m';
    create function first_of(anyarray) returns anyelement language sql as 'select $1[1]';
    create function row_of(posts) returns record language sql as 'select $1.id, $1.title';
    create procedure clean_up(inout removed bigint, "in" text default 'x') language sql as 'select 0::bigint';
    create function with_time(timestamp with time zone, double precision) returns "char" language sql as $$ select 'a'::"char" $$;
    create trigger touch before update on posts for each row execute function touch();
    create policy p on posts using (area(1) = twice(2));
    revoke execute on function touch() from public;
    grant execute on function area(int, int) to pull_app with grant option;
    revoke execute on function all_posts() from public;
    grant execute on function all_posts() to pull_app;
"####;

#[test]
fn functions_come_as_structs() {
    let made = FUNCTIONS.replace(" leakproof", "");
    let Some(round) = pulled(&made) else { return };
    round.says("pub struct AreaInteger;").says("pub struct AreaIntegerInteger;");
    round.says("pub struct AreaNumerics;").says("pub struct OpenPosts;");
    round.says("/// Notes when a row was touched.\n#[derive(Function)]");
    round.says("\n\t-- a tab before, and \"quotes\"# with a \\ backslash\n");
    round.says("body = \"begin\\r\n  return 'x\\\"';\\r\nend\"");
    round.says("set(search_path = r#\"public, \"My Schema\", pg_temp\"#, work_mem = \"64MB\")");
    round.says("procedure = \"clean_up\"").says("body = sql(\"RETURN (value * 2)\")");
    round.says("grant(role = pull_app, privileges = execute, grantable)");
    assert_eq!(round.notes, Vec::<String>::new());
    round.comes_back();
}

/// Aggregates and what is said of a function that no declaration can say are told by name.
#[test]
fn what_cannot_be_said_of_functions_is_told() {
    let Some(round) = pulled(
        "create table t (id int primary key); alter table t enable row level security; \
         create function add(a int, b int) returns int language sql as 'select a + b'; \
         create aggregate total(int) (sfunc = add, stype = int); \
         create function dear() returns int language sql cost 0.5 as 'select 1'",
    ) else {
        return;
    };
    round.notes("the aggregate public.total(integer) is left alone");
    round.notes("the function public.dear() has COST 0.5");
    round.says("pub struct Add;").says("pub struct Dear;");
}
