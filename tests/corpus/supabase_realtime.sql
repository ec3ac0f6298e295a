-- Messages by topic, spread by day: who may listen and who may speak is asked of the topic, subscriptions filter by column and operator.
-- provider: supabase
-- schemas: broadcast

create schema broadcast;

create type broadcast.equality_op as enum ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
create type broadcast.action as enum ('INSERT', 'UPDATE', 'DELETE', 'ERROR');
create type broadcast.user_filter as (column_name text, op broadcast.equality_op, value text);
create type broadcast.wal_column as (name text, type_name text, value jsonb, is_key boolean, is_readable boolean);

create table broadcast.messages (
    id uuid not null default gen_random_uuid(),
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp without time zone not null default now(),
    inserted_at timestamp without time zone not null default now(),
    primary key (id, inserted_at)
) partition by range (inserted_at);
create table broadcast.messages_2025_01_01 partition of broadcast.messages for values from ('2025-01-01 00:00:00') to ('2025-01-02 00:00:00');
create table broadcast.messages_2025_01_02 partition of broadcast.messages for values from ('2025-01-02 00:00:00') to ('2025-01-03 00:00:00');
create table broadcast.messages_default partition of broadcast.messages default;
comment on table broadcast.messages_default is 'Should stay empty';
create index messages_topic on broadcast.messages (inserted_at desc, topic) where extension = 'broadcast' and private is true;

create table broadcast.subscription (
    id bigint primary key generated always as identity,
    subscription_id uuid not null,
    entity regclass not null,
    filters broadcast.user_filter[] not null default '{}'::broadcast.user_filter[],
    claims jsonb not null,
    claims_role text not null generated always as (claims ->> 'role') stored,
    created_at timestamp not null default timezone('utc'::text, now())
);
create unique index subscription_key on broadcast.subscription (subscription_id, entity, filters);
create index ix_subscription_entity on broadcast.subscription using hash (entity);

create table broadcast.schema_migrations (version bigint primary key, inserted_at timestamp(0));

create function broadcast.topic() returns text language sql stable as $$
    select nullif(current_setting('broadcast.topic', true), '')::text;
$$;
create function broadcast.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language plpgsql as $$
begin
    insert into broadcast.messages (payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'not sent: %', sqlerrm;
end;
$$;
create function broadcast.matches(op broadcast.equality_op, type_ regtype, val_1 text, val_2 text)
    returns boolean language plpgsql immutable as $$
declare
    res boolean;
begin
    execute format('select %L::' || type_::text || case when op = 'eq' then ' = ' else ' <> ' end || '%L::' || type_::text, val_1, val_2) into res;
    return res;
end;
$$;
create function broadcast.is_visible(columns broadcast.wal_column[], filters broadcast.user_filter[]) returns boolean
    language sql immutable as $$
    select $2 is null or array_length($2, 1) is null or bool_and(
        broadcast.matches(f.op, c.type_name::regtype, c.value #>> '{}', f.value))
    from unnest(filters) f join unnest(columns) c on f.column_name = c.name
$$;
create function broadcast.check_filters() returns trigger language plpgsql as $$
begin
    if exists (select from unnest(new.filters) f group by f.column_name, f.op having count(*) > 1) then
        raise exception 'a filter is there twice';
    end if;
    return new;
end;
$$;
create trigger tr_check_filters before insert or update on broadcast.subscription
    for each row execute function broadcast.check_filters();

alter table broadcast.messages enable row level security;
alter table broadcast.messages_2025_01_01 enable row level security;
alter table broadcast.messages_2025_01_02 enable row level security;
alter table broadcast.messages_default enable row level security;
create policy "listen to own room" on broadcast.messages for select to authenticated
    using (broadcast.topic() = 'room:' || (select auth.uid())::text and extension in ('broadcast', 'presence'));
create policy "speak in public" on broadcast.messages for insert to authenticated, anon
    with check (not private and (select broadcast.topic()) like 'public:%');
create policy "members only" on broadcast.messages as restrictive for insert to authenticated
    with check (coalesce((auth.jwt() -> 'app_metadata' ->> 'muted')::boolean, false) = false);

grant usage on schema broadcast to anon, authenticated, service_role;
grant select, insert, update on broadcast.messages to anon, authenticated, service_role;
grant all on broadcast.subscription to service_role;
grant select on broadcast.subscription to anon, authenticated;
grant all on broadcast.schema_migrations to service_role;
grant execute on all functions in schema broadcast to service_role;
revoke execute on function broadcast.send(jsonb, text, text, boolean) from public;
grant execute on function broadcast.send(jsonb, text, text, boolean) to authenticated;
