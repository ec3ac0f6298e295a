-- Things of several owners: an application's, an auditor's who may not be written over, and a schema that belongs to somebody; each with functions, types, sequences and views of its own.
-- provider: postgres
-- roles: app_owner, audit_owner, app_user
-- member of: app_owner, audit_owner
-- schemas: public, audit

create schema audit;
grant create on schema public to app_owner;
grant create, usage on schema audit to audit_owner with grant option;

create type status as enum ('open', 'done');
create domain title as text check (length(value) < 200);
create table tasks (
    id bigint primary key generated always as identity,
    title title not null,
    status status not null default 'open',
    assignee name not null default current_user
);
create table notes (id serial primary key, task bigint references tasks on delete cascade, body text);
create sequence free_numbers;
create table audit.log (
    id bigint generated always as identity,
    at timestamptz not null default now(),
    who name not null default session_user,
    what jsonb
) partition by range (at);
create table audit.log_old partition of audit.log for values from (minvalue) to ('2025-01-01 00:00:00+00');
create table audit.log_new partition of audit.log default;

create function audit.record() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into audit.log (what) values (to_jsonb(new));
    return null;
end
$$;
create function is_mine(tasks) returns boolean language sql stable as $$ select $1.assignee = current_user $$;
create trigger recorded after insert or update on tasks for each row execute function audit.record();
create view mine with (security_barrier = true) as select id, title from tasks where assignee = current_user;
create materialized view audit.by_day as select date_trunc('day', at) as day, count(*) as n from audit.log group by 1;

alter table tasks enable row level security;
alter table tasks force row level security;
alter table audit.log enable row level security;
alter table audit.log_old enable row level security;
alter table audit.log_new enable row level security;
create policy own on tasks to app_user using (is_mine(tasks) or status = 'done');
create policy add on audit.log for insert to audit_owner with check (who = session_user);

alter type status owner to app_owner;
alter domain title owner to app_owner;
alter table tasks owner to app_owner;
alter function is_mine(tasks) owner to app_owner;
alter view mine owner to app_owner;
alter table audit.log owner to audit_owner;
alter table audit.log_old owner to audit_owner;
alter table audit.log_new owner to audit_owner;
alter function audit.record() owner to audit_owner;
alter materialized view audit.by_day owner to audit_owner;

grant usage on schema public to app_user;
grant select, insert, update (title, status) on tasks to app_user;
grant select on mine to app_user;
revoke all on function audit.record() from public;
