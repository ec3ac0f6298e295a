-- Organizations by a claim in the token: a tenant's floor, roles in the claim, a table that is public to read.
-- provider: neon
-- schemas: crm
-- at least: 15

create schema crm;

create table crm.organizations (
    id text primary key,
    display_name text not null,
    seats integer not null default 5,
    created_at timestamptz not null default now()
);

create table crm.contacts (
    id integer generated always as identity (sequence name crm.contact_numbers start with 1000 cache 20) primary key,
    org_id text not null default (auth.session() -> 'o' ->> 'id') references crm.organizations on delete cascade,
    name text not null,
    email text,
    phone text,
    tags text[] not null default '{}'::text[],
    score real not null default 0.5,
    owner_id text default auth.user_id(),
    unique nulls not distinct (org_id, email)
);
create index contacts_tags on crm.contacts using gin (tags);
create index contacts_email on crm.contacts (org_id, lower(email)) where email is not null;

create table crm.deals (
    id uuid primary key default gen_random_uuid(),
    org_id text not null references crm.organizations,
    contact_id integer references crm.contacts on delete set null,
    stage text not null default 'new',
    amount numeric(14, 2) default 0.00 not null,
    probability numeric(3, 2) check (probability >= 0 and probability <= 1),
    expected numeric generated always as (amount * coalesce(probability, 0.1)) stored,
    closed_on date,
    constraint deals_closed check ((stage in ('won', 'lost')) = (closed_on is not null))
);
create index deals_open on crm.deals (org_id, stage) where closed_on is null;

create table crm.notes (
    id bigserial primary key,
    deal_id uuid not null references crm.deals on delete cascade,
    body text not null,
    author text not null default auth.user_id(),
    at timestamp not null default (now() at time zone 'utc')
);

create function crm.org() returns text language sql stable parallel restricted
    return (auth.session() #>> '{o,id}');
create function crm.org_role() returns text language sql stable as $$ select auth.session() #>> '{o,rol}' $$;

alter table crm.organizations enable row level security;
alter table crm.contacts enable row level security;
alter table crm.deals enable row level security;
alter table crm.notes enable row level security;
alter table crm.contacts force row level security;

create policy tenant on crm.contacts as restrictive using (org_id = crm.org());
create policy tenant on crm.deals as restrictive for all to public using (org_id = (select crm.org())) with check (org_id = (select crm.org()));
create policy own_org on crm.organizations for select to authenticated using (id = (auth.session() -> 'o' ->> 'id'));
create policy admins on crm.organizations for update to authenticated
    using (id = crm.org() and crm.org_role() = 'admin') with check (id = crm.org());
create policy contacts_read on crm.contacts for select to authenticated using (true);
create policy contacts_write on crm.contacts for insert to authenticated with check (owner_id = auth.user_id());
create policy contacts_change on crm.contacts for update to authenticated
    using (owner_id = auth.user_id() or crm.org_role() = any (array['admin', 'manager']::text[]));
create policy deals_all on crm.deals to authenticated using (crm.org_role() in ('admin', 'manager', 'member'));
create policy deals_delete on crm.deals as restrictive for delete to authenticated
    using (closed_on is null and amount < 10000 and crm.org_role() not in ('member'));
create policy notes_read on crm.notes for select to authenticated
    using (exists (select 1 from crm.deals where deals.id = notes.deal_id));
create policy notes_write on crm.notes for insert to authenticated
    with check (author = auth.user_id() and deal_id in (select d.id from crm.deals d where d.stage <> 'lost'));

create view crm.pipeline with (security_invoker = on) as
    select d.org_id, d.stage, count(*) as deals, sum(d.amount) filter (where d.closed_on is null) as open_amount
    from crm.deals d group by d.org_id, d.stage having count(*) > 0;

grant usage on schema crm to authenticated;
grant select, update (display_name) on crm.organizations to authenticated;
grant select, insert, update on crm.contacts to authenticated;
grant select, insert, update, delete on crm.deals to authenticated;
grant select, insert on crm.notes to authenticated;
grant usage on sequence crm.notes_id_seq to authenticated;
grant select on crm.pipeline to authenticated;
