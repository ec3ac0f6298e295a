-- Names that hurt: spaces, quotes, dots, upper case, keywords, unicode, 63 bytes, names that differ in case only.
-- provider: postgres
-- roles: "Role With Space", "role""quoted", "select", "ROLE", "role"
-- schemas: public, "My Schema", "schema.with.dots"

create schema "My Schema";
create schema "schema.with.dots";

create type "My Schema"."Enum Type" as enum ('', ' ', 'a,b', 'it''s', '"q"', '\b', 'ünï');
create domain "schema.with.dots"."order" as text check (value <> '$1');

create table "select" (
    "from" integer primary key,
    "where" text not null default 'order by',
    "User" text,
    "user" text default current_user,
    "USER" boolean,
    "a b" "My Schema"."Enum Type" default '"q"',
    "a""b" "My Schema"."Enum Type"[] default '{"a,b","\"q\"",""}',
    "a.b" "schema.with.dots"."order",
    "type" text,
    "fn" text,
    "r#match" text,
    "self" integer,
    "Self" integer,
    "crate" integer,
    "1st" integer,
    "_" integer,
    "$money$" numeric,
    "日本" text,
    "é" text,
    "tab	tab" text,
    "percent%s{}" text,
    constraint "check it's ""ok""" check ("from" > 0 and "where" <> ''';--' and "User" is distinct from "user")
);
comment on table "select" is $$a comment with 'single', "double", \n backslash, $tag$ and /* no comment */ -- at all$$;
comment on column "select"."a""b" is 'quote " in the name';

create table "My Schema"."Table" (
    "Id" bigint generated always as identity,
    "Parent Id" bigint,
    "select from" integer references public."select" ("from") on delete cascade,
    constraint "Table.pk" primary key ("Id"),
    constraint "fk ""self""" foreign key ("Parent Id") references "My Schema"."Table" ("Id")
);
create table "My Schema"."table" ("Id" serial primary key, "id" text);
create table "schema.with.dots"."a.b" ("c.d" integer, "e" integer, unique ("c.d", "e"));
create table abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_123456789 (
    abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_123456789 bigserial primary key,
    ääääääääääääääääääääääääääääääx text unique,
    other_column_with_a_long_name_as_well_so_that_names_are_cut_off integer check (other_column_with_a_long_name_as_well_so_that_names_are_cut_off > 0)
);
create table "user" (id integer primary key, "group" text, "table" text[]);
create table "Users" (id integer primary key, name text);
create table "users" (id integer primary key, name text, "Name" text);

create index "Index on ""select""" on "select" ("where", lower("User") desc) where "USER";
create index "ünïcode" on "My Schema"."Table" ("Parent Id");
create index on "schema.with.dots"."a.b" ("e");

create function "My Schema"."Fn Name"("Arg One" integer, "select" text default 'x''y') returns boolean language sql stable as
    $body$ select "Arg One" > 0 and "select" <> '$$' $body$;
create function "schema.with.dots"."trigger"() returns trigger language plpgsql as $fn$ begin return new; end $fn$;
create trigger "Trigger ""x""" before insert or update of "where", "a b" on "select"
    for each row when (new."where" is not null) execute function "schema.with.dots"."trigger"();

create view "My Schema"."View" as select s."from" as "From", s."a b" as "Col ""x""", t.* from "select" s join "My Schema"."Table" t on t."select from" = s."from";

alter table "select" enable row level security;
alter table "My Schema"."Table" enable row level security;
alter table "My Schema"."table" enable row level security;
alter table "schema.with.dots"."a.b" enable row level security;
alter table "Users" enable row level security;

create policy "select" on "select" for select to "Role With Space", "role""quoted" using ("user" = current_user or "User" = 'It''s');
create policy "SELECT" on "select" for select to "ROLE" using ("USER" and "My Schema"."Fn Name"("from", '--'));
create policy "a ""quoted"" policy -- with; things" on "select" as restrictive using ("a b" <> 'a,b' and "$money$" > 1 and "日本" <> E'\t');
create policy "p.q" on "schema.with.dots"."a.b" to "role" using ("c.d" = (select max(x."from") from public."select" x where x."from" = "a.b"."c.d"));
create policy "all" on "My Schema"."Table" to "select" using ("Id" in (select "Parent Id" from "My Schema"."table" where "table"."Id" = "Table"."Id"));
create policy abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_123456789 on "My Schema"."table" using ("id" = '{}%s');
create policy "same name" on "Users" for select to "role" using (name = 'a');
comment on policy "p.q" on "schema.with.dots"."a.b" is 'dots. and "quotes"';

grant usage on schema "My Schema", "schema.with.dots", public to "Role With Space", "role""quoted", "select", "ROLE", "role";
grant select on "select" to "Role With Space", "ROLE";
grant select ("from", "a""b", "日本"), update ("User", "user") on "select" to "role""quoted";
grant select, insert on "My Schema"."Table", "My Schema"."table" to "select";
grant select on "schema.with.dots"."a.b", "Users" to "role";
grant usage on sequence "My Schema"."table_Id_seq" to "select";
grant execute on function "My Schema"."Fn Name"(integer, text) to "ROLE";
