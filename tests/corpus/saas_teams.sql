-- A SaaS starter: accounts, members with roles, invitations, plans, subscriptions, usage and an audit log.
-- provider: supabase

create type account_role as enum ('owner', 'admin', 'member', 'billing');
create type subscription_status as enum ('trialing', 'active', 'past_due', 'canceled', 'paused');
comment on type account_role is 'What a member may do in an account';

create table accounts (
    id uuid primary key default gen_random_uuid(),
    primary_owner_id uuid not null default auth.uid(),
    name varchar(255) not null check (length(name) > 0),
    slug text unique,
    is_personal boolean not null default false,
    settings jsonb not null default '{"theme": "light", "beta": []}'::jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint accounts_slug_null_if_personal check (
        (is_personal and slug is null) or (not is_personal and slug is not null)
    )
);
comment on table accounts is 'Personal and team accounts';
comment on column accounts.slug is 'Part of the URL; it''s empty for personal accounts';

create unique index accounts_one_personal on accounts (primary_owner_id) where is_personal;

create table account_members (
    account_id uuid not null references accounts on delete cascade,
    user_id uuid not null,
    role account_role not null default 'member',
    joined_at timestamptz not null default now(),
    primary key (user_id, account_id)
);
create index account_members_account_id_idx on account_members (account_id);

create table invitations (
    id bigint generated always as identity primary key,
    account_id uuid not null references accounts (id) on delete cascade,
    email text not null,
    role account_role not null,
    token text not null default replace(gen_random_uuid()::text, '-', ''),
    invited_by uuid not null default auth.uid(),
    expires_at timestamptz not null default (now() + interval '7 days'),
    accepted_at timestamptz,
    unique (email, account_id),
    constraint invitations_token_key unique (token),
    check (role <> 'owner')
);
create index invitations_open_idx on invitations (account_id, expires_at desc) where accepted_at is null;

create table plans (
    id text primary key,
    title text not null,
    price_cents integer not null check (price_cents >= 0),
    currency char(3) not null default 'EUR',
    period interval not null default '1 mon',
    limits jsonb
);

create table subscriptions (
    id text primary key,
    account_id uuid not null references accounts on delete cascade,
    plan_id text not null references plans on update cascade on delete restrict,
    status subscription_status not null,
    seats smallint not null default 1,
    current_period tstzrange not null,
    cancel_at_period_end boolean not null default false
);
create index on subscriptions (account_id);

create table usage_counters (
    account_id uuid not null references accounts on delete cascade,
    metric text not null,
    day date not null default current_date,
    amount numeric(20, 4) not null default 0,
    primary key (account_id, metric, day)
);

create table audit_log (
    id bigserial primary key,
    account_id uuid references accounts on delete set null,
    actor uuid,
    action text not null,
    detail jsonb,
    at timestamptz not null default clock_timestamp()
);

create function has_role_in_account(account uuid, wanted account_role default null) returns boolean
    language sql stable security definer set search_path = ''
as $$
    select exists (
        select 1 from public.account_members m
        where m.account_id = account and m.user_id = (select auth.uid())
            and (wanted is null or m.role = wanted)
    )
$$;
comment on function has_role_in_account(uuid, account_role) is 'Whether whoever asks is a member, of that role if one is named';
revoke execute on function has_role_in_account(uuid, account_role) from public;
grant execute on function has_role_in_account(uuid, account_role) to authenticated, service_role;

create function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;
create trigger accounts_touch before update on accounts for each row execute function touch_updated_at();

create function write_audit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into audit_log (account_id, actor, action, detail)
    values (coalesce(new.account_id, old.account_id), auth.uid(), tg_op || ' ' || tg_table_name, to_jsonb(new));
    return coalesce(new, old);
end
$$;
create trigger members_audit after insert or delete or update of role on account_members
    for each row execute function write_audit();

alter table accounts enable row level security;
alter table account_members enable row level security;
alter table invitations enable row level security;
alter table plans enable row level security;
alter table subscriptions enable row level security;
alter table usage_counters enable row level security;
alter table audit_log enable row level security;

create policy "Members can read their accounts" on accounts for select to authenticated
    using (primary_owner_id = (select auth.uid()) or has_role_in_account(id));
create policy "Anyone signed in can create a team" on accounts for insert to authenticated
    with check (not is_personal and primary_owner_id = (select auth.uid()));
create policy "Owners can update" on accounts for update to authenticated
    using (has_role_in_account(id, 'owner')) with check (has_role_in_account(id, 'owner'));
create policy "Members see fellow members" on account_members for select to authenticated
    using (user_id = (select auth.uid()) or has_role_in_account(account_id));
create policy "Owners and admins manage members" on account_members for all to authenticated
    using (has_role_in_account(account_id, 'owner') or has_role_in_account(account_id, 'admin'))
    with check (role <> 'owner' or has_role_in_account(account_id, 'owner'));
create policy "Admins manage invitations" on invitations to authenticated
    using (has_role_in_account(account_id, 'admin') and expires_at > now());
create policy "Plans are public" on plans for select to anon, authenticated using (true);
create policy "Members read the subscription" on subscriptions for select to authenticated
    using (account_id in (select m.account_id from account_members m where m.user_id = auth.uid()));
create policy "Members read usage" on usage_counters for select to authenticated using (has_role_in_account(account_id));
create policy "Admins read the audit log" on audit_log for select to authenticated
    using (has_role_in_account(account_id, 'admin'));
comment on policy "Plans are public" on plans is 'The price page needs no account';

grant usage on schema public to anon, authenticated, service_role;
grant select, insert, update on accounts to authenticated;
grant select, insert, update, delete on account_members, invitations to authenticated;
grant select on plans to anon, authenticated;
grant select on subscriptions, usage_counters, audit_log to authenticated;
grant all on all tables in schema public to service_role;
grant usage, select on all sequences in schema public to service_role;
