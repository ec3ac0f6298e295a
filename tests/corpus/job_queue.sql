-- A queue: enums, partial indexes, NOTIFY triggers, SKIP LOCKED functions, a schedule, workers with roles of their own.
-- provider: postgres
-- roles: queue_worker, queue_client
-- schemas: queue

create schema queue;

create type queue.job_state as enum ('scheduled', 'ready', 'running', 'done', 'failed', 'discarded');
create type queue.backoff as (attempts smallint, seconds integer);
create domain queue.priority as smallint default 0 check (value between -10 and 10);

create table queue.queues (
    name text primary key check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    paused_at timestamptz,
    concurrency smallint not null default 5,
    retry queue.backoff not null default row(3, 60)::queue.backoff
);

create table queue.jobs (
    id bigserial primary key,
    queue text not null default 'default' references queue.queues on update cascade,
    state queue.job_state not null default 'ready',
    kind text not null,
    args jsonb not null default '{}' check (jsonb_typeof(args) = 'object'),
    priority queue.priority,
    attempt smallint not null default 0,
    max_attempts smallint not null default 20 check (max_attempts > 0),
    errors jsonb[],
    tags varchar(40)[] not null default '{}',
    unique_key bytea,
    run_at timestamptz not null default now(),
    attempted_at timestamptz,
    attempted_by text[],
    finished_at timestamptz,
    created_by name not null default session_user,
    constraint finished_or_null check (
        (finished_at is null and state not in ('done', 'failed', 'discarded'))
        or (finished_at is not null and state in ('done', 'failed', 'discarded'))
    )
);
create index jobs_fetch on queue.jobs (queue, priority desc, run_at, id) where state = 'ready'::queue.job_state;
create index jobs_args on queue.jobs using gin (args jsonb_path_ops);
create unique index jobs_unique on queue.jobs (kind, unique_key)
    where unique_key is not null and state in ('scheduled', 'ready', 'running');
create index jobs_cleanup on queue.jobs (finished_at) where finished_at is not null;

create unlogged table queue.workers (
    id uuid primary key default gen_random_uuid(),
    host text not null,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now()
);

create table queue.schedule (
    name text primary key,
    every interval not null check (every >= interval '1 minute'),
    kind text not null,
    at time without time zone default '03:00',
    days bit(7) not null default B'1111100',
    next_at timestamptz
);

create function queue.notify_ready() returns trigger language plpgsql as $$
begin
    if new.state = 'ready' then
        perform pg_notify('queue_' || new.queue, new.id::text);
    end if;
    return null;
end
$$;
create trigger jobs_notify after insert or update of state, run_at on queue.jobs for each row execute function queue.notify_ready();

create function queue.take(wanted text, amount integer default 1) returns setof queue.jobs
    language sql volatile security definer set search_path = queue, pg_temp
as $$
    update jobs set state = 'running', attempt = attempt + 1, attempted_at = now()
    where id in (
        select id from jobs where queue = wanted and state = 'ready' and run_at <= now()
        order by priority desc, run_at, id limit amount for update skip locked
    )
    returning *
$$;
create function queue.finish(job bigint, how queue.job_state default 'done', error jsonb default null) returns void
    language plpgsql security definer set search_path = queue, pg_temp
as $$
begin
    update jobs set state = how, finished_at = now(), errors = case when error is null then errors else errors || error end where id = job;
end
$$;

alter table queue.jobs enable row level security;
alter table queue.queues enable row level security;
create policy clients_add on queue.jobs for insert to queue_client with check (state in ('ready', 'scheduled') and created_by = session_user);
create policy clients_see on queue.jobs for select to queue_client using (created_by = session_user);
create policy clients_discard on queue.jobs for update to queue_client
    using (created_by = session_user and state = 'ready') with check (state = 'discarded');
create policy workers on queue.jobs to queue_worker using (true);
create policy running on queue.queues for select to queue_worker, queue_client
    using (paused_at is null and (retry).attempts > 0);

create view queue.backlog as
    select q.name, count(j.id) filter (where j.state = 'ready') as ready, min(j.run_at) as oldest
    from queue.queues q left join queue.jobs j on j.queue = q.name group by q.name;

revoke execute on all functions in schema queue from public;
grant usage on schema queue to queue_worker, queue_client;
grant execute on function queue.take(text, integer), queue.finish(bigint, queue.job_state, jsonb) to queue_worker;
grant select, insert, update (state, finished_at) on queue.jobs to queue_client;
grant usage on sequence queue.jobs_id_seq to queue_client;
grant select on queue.queues to queue_client;
grant select on all tables in schema queue to queue_worker;
