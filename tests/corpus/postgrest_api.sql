-- An API schema of views over private tables, as a web server exposes it: security_invoker, functions to call, claims in a setting.
-- provider: postgres
-- roles: web_anon, web_user, authenticator
-- schemas: api, private
-- at least: 15

create schema private;
create schema api;
comment on schema api is 'What the web sees';

create table private.authors (
    id integer primary key generated always as identity,
    login text not null unique,
    pass_hash text not null,
    role name not null default 'web_user',
    is_banned bool not null default false
);
comment on column private.authors.pass_hash is 'Never leaves this schema';

create table private.articles (
    id integer primary key generated always as identity,
    author_id integer not null references private.authors on delete cascade,
    title text not null,
    body text not null default '',
    published_at timestamptz,
    revision integer not null default 1
);
create index on private.articles (author_id);
create index on private.articles (published_at desc) where published_at is not null;

create table private.comments (
    id bigint primary key generated always as identity,
    article_id integer not null references private.articles on delete cascade,
    author_id integer references private.authors on delete set null,
    body text not null check (body !~ '^\s*$')
);

create function private.me() returns integer language sql stable as $$
    select (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'author')::integer
$$;

alter table private.authors enable row level security;
alter table private.articles enable row level security;
alter table private.comments enable row level security;

create policy read_self on private.authors for select to web_user using (id = private.me());
create policy read_names on private.authors for select to web_anon, web_user using (not is_banned);
create policy published on private.articles for select to web_anon using (published_at <= now());
create policy own_or_published on private.articles for select to web_user
    using (author_id = private.me() or published_at <= now());
create policy write_own on private.articles for insert to web_user with check (author_id = private.me());
create policy change_own on private.articles for update to web_user
    using (author_id = private.me()) with check (author_id = private.me());
create policy delete_drafts on private.articles for delete to web_user
    using (author_id = private.me() and published_at is null);
create policy read on private.comments for select
    using (exists (select from private.articles a where a.id = article_id));
create policy write on private.comments for insert to web_user with check (author_id = private.me());

create view api.articles with (security_invoker = true) as
    select id, author_id, title, body, published_at from private.articles;
create view api.comments with (security_invoker = true, security_barrier = true) as
    select c.id, c.article_id, c.author_id, c.body, a.title as article
    from private.comments c join private.articles a on a.id = c.article_id;
create view api.authors with (security_invoker) as select id, login from private.authors;
create view api.statistics as select count(*) as articles, max(published_at) as latest from private.articles;
comment on view api.articles is E'Articles\n\nThose that one may read.';

create function private.add_comment() returns trigger language plpgsql as $$
begin
    insert into private.comments (article_id, author_id, body) values (new.article_id, private.me(), new.body);
    return new;
end
$$;
create trigger comments_insert instead of insert on api.comments for each row execute function private.add_comment();

create function api.publish(article integer) returns api.articles language sql volatile as $$
    update api.articles set published_at = now() where id = article returning *
$$;
create function api.search(q text) returns setof api.articles language sql stable strict as
    $$ select * from api.articles where title ilike '%' || q || '%' $$;
create function api.logout() returns void language sql as $$ select set_config('request.jwt.claims', '', true) $$;

revoke execute on all functions in schema api from public;
revoke execute on all functions in schema private from public;
grant usage on schema api to web_anon, web_user;
grant usage on schema private to web_anon, web_user;
grant execute on function private.me() to web_anon, web_user;
grant execute on function api.publish(integer) to web_user;
grant execute on function api.search(text), api.logout() to web_anon, web_user;
grant select on api.articles, api.comments, api.authors, api.statistics to web_anon, web_user;
grant insert, update, delete on api.articles to web_user;
grant insert on api.comments to web_user;
grant select (id, login, is_banned) on private.authors to web_anon, web_user;
grant select on private.articles, private.comments to web_anon, web_user;
grant insert (author_id, title, body), update (title, body, published_at), delete on private.articles to web_user;
