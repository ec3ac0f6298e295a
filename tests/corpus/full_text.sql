-- Search: a tsvector that is generated, GIN indexes with weights, trigrams, ranking functions, a table of synonyms.
-- provider: supabase

create schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;

create table articles (
    id bigint generated always as identity primary key,
    author uuid not null default auth.uid(),
    language regconfig not null default 'english'::regconfig,
    title text not null,
    summary text,
    body text not null default '',
    search tsvector generated always as (
        setweight(to_tsvector('simple', coalesce(title, '')), 'A')
        || setweight(to_tsvector('english', coalesce(summary, '')), 'B')
        || setweight(to_tsvector('english', body), 'D')
    ) stored,
    published boolean not null default false,
    words integer generated always as (array_length(regexp_split_to_array(btrim(body), '\s+'), 1)) stored
);
create index articles_search on articles using gin (search) with (fastupdate = off);
create index articles_title_trgm on articles using gin (title extensions.gin_trgm_ops);
create index articles_title_gist on articles using gist (title extensions.gist_trgm_ops (siglen = 32));
create index articles_lower on articles (lower(title) text_pattern_ops, (length(body) / 100) desc) where published;

create table synonyms (
    word text not null,
    synonym text not null,
    weight real not null default 1.0 check (weight > 0::real and weight <= 1),
    primary key (word, synonym)
);

create table searches (
    id bigint generated always as identity primary key,
    who uuid default auth.uid(),
    query text not null,
    parsed tsquery generated always as (plainto_tsquery('english', query)) stored,
    hits integer,
    at timestamptz not null default now()
);
create index searches_at on searches using brin (at);

create function find(q text, amount integer default 20)
    returns table (id bigint, title text, rank real, headline text)
    language sql stable parallel safe
as $$
    with query as (select websearch_to_tsquery('english', q) as parsed)
    select a.id, a.title, ts_rank_cd(a.search, query.parsed), ts_headline('english', a.body, query.parsed, 'MaxWords=20, MinWords=5')
    from public.articles a, query
    where a.search @@ query.parsed
    order by 3 desc, 1
    limit amount;
$$;

create function plain(t text) returns text language sql immutable parallel safe strict set search_path = extensions, pg_catalog as
    $$ select lower(unaccent('unaccent', t)) $$;

alter table articles enable row level security;
alter table synonyms enable row level security;
alter table searches enable row level security;

create policy published on articles for select using (published);
create policy own on articles to authenticated using (author = (select auth.uid()));
create policy no_shouting on articles as restrictive for insert to authenticated
    with check (title <> upper(title) and title !~ '[!?]{3,}' and not (search @@ 'viagra | casino'::tsquery));
create policy all_synonyms on synonyms for select to anon, authenticated using (true);
create policy own_searches on searches for select to authenticated using (who = (select auth.uid()));
create policy search on searches for insert to anon, authenticated
    with check ((who is null or who = (select auth.uid())) and length(query) < 200);

create view popular as
    select plain(query) as query, count(*) as times, max(at) as latest
    from searches
    where at > now() - interval '30 days'
    group by 1
    having count(*) >= 3;

grant usage on schema public to anon, authenticated;
grant select on articles, synonyms to anon, authenticated;
grant insert, update, delete on articles to authenticated;
grant insert (query, hits) on searches to anon, authenticated;
grant select on searches to authenticated;
grant execute on function find(text, integer) to anon, authenticated;
