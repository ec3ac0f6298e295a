-- Columns of types that extensions bring: citext, hstore, ltree, and functions of pgcrypto, in two schemas.
-- provider: postgres
-- roles: ext_user
-- schemas: public

create schema extensions;
create extension if not exists citext with schema public;
create extension if not exists hstore with schema public;
create extension if not exists ltree with schema extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists intarray with schema extensions;

create domain email as citext check (value ~ '^[^@\s]+@[^@\s]+$');

create table members (
    id uuid primary key default extensions.gen_random_uuid(),
    email email not null unique,
    nick citext not null,
    aliases citext[] not null default '{}',
    attributes hstore not null default 'locale=>en, beta=>f'::hstore,
    secret text not null default encode(extensions.gen_random_bytes(16), 'hex'),
    password text,
    constraint members_nick_key unique (nick),
    constraint nick_is_clean check (nick !~ '\s'::citext and (nick)::text <> ''::text)
);
create index members_attributes on members using gin (attributes);
create index members_beta on members ((attributes -> 'beta')) where attributes ? 'beta';

create table topics (
    path extensions.ltree primary key,
    title text not null,
    moderators integer[] not null default '{1,2}',
    label extensions.lquery
);
create index topics_path on topics using gist (path extensions.gist_ltree_ops (siglen = 100));
create index topics_moderators on topics using gin (moderators extensions.gin__int_ops);

create table posts (
    id bigserial primary key,
    topic extensions.ltree not null references topics on update cascade on delete cascade,
    member_id uuid not null references members,
    body text not null,
    digest bytea generated always as (decode(md5(body), 'hex')) stored
);
create index posts_topic on posts using btree (topic);

create function sign_in(who citext, pass text) returns uuid language sql stable security definer set search_path = '' as $$
    select m.id from public.members m
    where m.email OPERATOR(public.=) who and m.password = extensions.crypt(pass, m.password)
$$;
create function attribute(m members, key text, otherwise text default 'none') returns text language sql immutable as
    $$ select coalesce(m.attributes -> key, otherwise) $$;

alter table members enable row level security;
alter table topics enable row level security;
alter table posts enable row level security;

create policy self on members using (nick = current_user::text::citext or email = current_setting('app.email', true)::citext);
create policy beta on members for select to ext_user using (attributes @> 'beta=>t'::hstore and not attributes ? 'hidden');
create policy visible on topics for select to ext_user using (path OPERATOR(extensions.<@) 'public'::extensions.ltree);
create policy moderators on topics for update to ext_user
    using (moderators @> array[current_setting('app.id', true)::integer]);
create policy readable on posts for select to ext_user
    using (exists (select 1 from topics t where t.path OPERATOR(extensions.@>) posts.topic and extensions.nlevel(t.path) >= 1));
create policy write on posts for insert to ext_user
    with check (member_id in (select m.id from members m where attribute(m, 'beta') = 't'));

grant usage on schema public, extensions to ext_user;
grant select (id, nick, attributes) on members to ext_user;
grant select, update (moderators) on topics to ext_user;
grant select, insert on posts to ext_user;
grant usage on sequence posts_id_seq to ext_user;
