-- Several schemas that need each other: tables of one name, types and functions of one schema in the columns of another, quoted names, foreign keys both ways.
-- provider: postgres
-- roles: api, "Report Reader"
-- schemas: core, billing, Reports

create schema core;
create schema billing;
create schema "Reports";
comment on schema "Reports" is 'Read only';

create type core.plan as enum ('free', 'pro', '"quoted"');
create type billing.plan as enum ('monthly', 'yearly');
create domain core.email as text check (value like '%@%');
create domain billing.email as core.email not null;
create type billing.line as (plan core.plan, every billing.plan, price numeric(10, 2));

create function core.new_id(prefix text default 'x') returns text language sql volatile as
    $$ select prefix || '_' || replace(gen_random_uuid()::text, '-', '') $$;
create function billing.price_of(core.plan) returns numeric language sql immutable parallel safe
    return case $1 when 'pro' then 10.50 else 0 end;
create function billing.price_of(core.plan, billing.plan) returns numeric language sql immutable
    return billing.price_of($1) * case $2 when 'yearly' then 10 else 1 end;

create table core.accounts (
    id text primary key default core.new_id('acc'),
    mail core.email not null unique,
    plan core.plan default 'free' not null,
    invoice text
);
create table billing.accounts (
    id text primary key references core.accounts,
    mail billing.email,
    plan billing.plan not null default 'monthly',
    core_plan core.plan not null default 'free'::core.plan,
    price numeric generated always as (billing.price_of(core_plan, plan)) stored,
    lines billing.line[] not null default '{}'
);
create table billing.invoices (
    id text primary key default core.new_id('inv'),
    account text not null references billing.accounts,
    number bigint not null,
    unique (account, number)
);
create sequence billing.numbers as bigint increment 3 start 7;
alter table billing.invoices alter column number set default nextval('billing.numbers');
alter table core.accounts add constraint last_invoice foreign key (invoice) references billing.invoices on delete set null;

create table "Reports"."Monthly" (
    "Month" date not null,
    "Account" text not null references core.accounts (id),
    "totalCents" bigint not null default 0,
    "select" text,
    "Id" integer generated always as identity,
    primary key ("Month", "Account"),
    constraint "Total is positive" check ("totalCents" >= 0)
);
create index "Monthly by total" on "Reports"."Monthly" ("totalCents" desc) where "select" is null;
comment on column "Reports"."Monthly"."totalCents" is 'It''s in cents';

create function core.me() returns text language sql stable as $$ select nullif(current_setting('app.me', true), '') $$;
create function "Reports".refresh() returns trigger language plpgsql security definer set search_path = "Reports", core as $$
begin
    insert into "Monthly" ("Month", "Account") values (date_trunc('month', now()), new.account) on conflict do nothing;
    return null;
end
$$;
create trigger "Refresh" after insert on billing.invoices for each row execute function "Reports".refresh();

alter table core.accounts enable row level security;
alter table billing.accounts enable row level security;
alter table billing.invoices enable row level security;
alter table "Reports"."Monthly" enable row level security;
create policy own on core.accounts to api using (id = (select core.me()));
create policy own on billing.accounts for select to api using (id in (select a.id from core.accounts a where a.plan <> 'free'));
create policy own on billing.invoices for select to api using (exists (
    select from billing.accounts b join core.accounts c using (id) where b.id = account and c.id = core.me()));
create policy "Own Rows" on "Reports"."Monthly" for select to api, "Report Reader" using ("Account" = core.me());
create policy "Everything" on "Reports"."Monthly" for select to "Report Reader" using ("totalCents" > 100 and "select" is not null);

revoke all on function core.new_id(text) from public;
grant execute on function core.new_id(text) to api;
grant usage on schema core, billing to api;
grant usage on schema "Reports" to api, "Report Reader";
grant select, insert, update (mail, plan) on core.accounts to api;
grant select on billing.accounts, billing.invoices to api;
grant select ("Month", "Account", "totalCents") on "Reports"."Monthly" to "Report Reader";
grant select on "Reports"."Monthly" to api;
alter default privileges in schema "Reports" grant select on tables to "Report Reader";
alter default privileges in schema billing revoke all on tables from api;
