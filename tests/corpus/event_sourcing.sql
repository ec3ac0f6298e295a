-- Events and projections: streams with versions, jsonb checks, immutable rows, a trigger for each event, cursors of subscribers.
-- provider: neon
-- schemas: es

create schema es;

create type es.stream_id as (category text, id uuid);

create table es.streams (
    stream uuid primary key default gen_random_uuid(),
    category text not null check (category = lower(category)),
    version bigint not null default 0,
    tenant text not null default (auth.session() ->> 'tenant'),
    archived boolean not null default false,
    constraint streams_category_stream_key unique (category, stream)
);

create table es.events (
    position bigint generated always as identity (minvalue 0 start with 0) primary key,
    stream uuid not null references es.streams on delete restrict,
    version bigint not null check (version > 0),
    type text not null check (type ~ '^[A-Z][A-Za-z]+(\.v\d+)?$'),
    data jsonb not null,
    metadata jsonb not null default jsonb_build_object('by', auth.user_id(), 'at', now()),
    recorded timestamptz not null default statement_timestamp(),
    unique (stream, version),
    constraint data_is_an_object check (jsonb_typeof(data) = 'object'),
    constraint known_money check (type not like 'Payment%' or (data ? 'amount' and (data ->> 'amount')::numeric > 0 and data #>> '{amount}' is not null)),
    constraint schema_of_moves check (
        case type
            when 'MovedIn' then data ?& array['from', 'to'] and data -> 'to' <> 'null'::jsonb
            when 'MovedOut' then data ? 'to' and not data ? 'from'
            else true
        end
    ),
    constraint metadata_path check (metadata @? '$.by' or metadata @@ '$.system == true')
);
create index events_by_type on es.events (type, position) include (stream);
create index events_correlation on es.events ((metadata ->> 'correlation')) where metadata ? 'correlation';
create index events_data on es.events using gin (data jsonb_path_ops);

create table es.snapshots (
    stream uuid primary key references es.streams on delete cascade,
    version bigint not null,
    state jsonb not null,
    taken timestamptz not null default now()
);

create table es.subscriptions (
    name text primary key,
    last_position bigint not null default -1,
    filter jsonb not null default '{"types": ["*"]}',
    heartbeat timestamptz default 'epoch'::timestamptz
);

create table es.balances (
    stream uuid primary key references es.streams,
    tenant text not null,
    amount numeric not null default 0,
    updated_by bigint references es.events (position) match full on delete set null
);

create function es.append(into_stream uuid, expected bigint, event_type text, event_data jsonb) returns bigint
    language plpgsql
as $$
declare
    at bigint;
begin
    update es.streams set version = version + 1 where stream = into_stream and version = expected;
    if not found then
        raise exception 'stream % is not at version %', into_stream, expected using errcode = 'serialization_failure';
    end if;
    insert into es.events (stream, version, type, data) values (into_stream, expected + 1, event_type, event_data)
    returning position into at;
    return at;
end
$$;

create function es.immutable() returns trigger language plpgsql as $$ begin raise exception 'events stay as they are'; end $$;
create trigger events_stay before update or delete on es.events for each row execute function es.immutable();
create trigger events_stay_truncate before truncate on es.events execute function es.immutable();

create function es.project() returns trigger language plpgsql security definer set search_path = es as $$
begin
    insert into balances (stream, tenant, amount, updated_by)
    select new.stream, s.tenant, (new.data ->> 'amount')::numeric, new.position from streams s where s.stream = new.stream
    on conflict (stream) do update set amount = balances.amount + excluded.amount, updated_by = excluded.updated_by;
    return null;
end
$$;
create trigger project_payments after insert on es.events for each row
    when (new.type like 'Payment%' and new.data ? 'amount') execute function es.project();

alter table es.streams enable row level security;
alter table es.events enable row level security;
alter table es.balances enable row level security;
create policy tenant on es.streams to authenticated using (tenant = (select auth.session() ->> 'tenant') and not archived);
create policy read on es.events for select to authenticated using (stream in (select s.stream from es.streams s));
create policy append on es.events for insert to authenticated
    with check (exists (select 1 from es.streams s where s.stream = events.stream and s.version = events.version));
create policy read on es.balances for select to authenticated using (tenant = (select auth.session() ->> 'tenant'));

grant usage on schema es to authenticated;
grant select, insert, update (version) on es.streams to authenticated;
grant select, insert (stream, version, type, data) on es.events to authenticated;
grant select on es.balances to authenticated;
