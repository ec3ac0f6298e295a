-- Second factors: restrictive policies on the token's assurance level, tables that only elevated sessions touch.
-- provider: supabase

create table factors (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users on delete cascade,
    kind text not null check (kind = any (array['totp', 'phone', 'webauthn'])),
    status text not null default 'unverified',
    secret bytea,
    created_at timestamptz not null default now()
);
create unique index factors_one_verified on factors (user_id, kind) where status = 'verified';

create table vault_items (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null default auth.uid() references auth.users,
    label text not null,
    payload bytea not null,
    nonce bytea not null default '\x000102'::bytea,
    rotated_at timestamptz
);

create table payouts (
    id bigserial primary key,
    user_id uuid not null default auth.uid(),
    iban text not null,
    amount numeric(12, 2) not null check (amount > 0),
    requested_at timestamptz not null default now(),
    token_issued_at timestamptz not null default to_timestamp((auth.jwt() ->> 'iat')::double precision)
);

create table account_settings (
    user_id uuid primary key default auth.uid(),
    require_mfa boolean not null default false,
    locale text default 'en'
);

create function aal() returns text language sql stable return (auth.jwt() ->> 'aal');

alter table factors enable row level security;
alter table vault_items enable row level security;
alter table payouts enable row level security;
alter table account_settings enable row level security;

create policy "see own factors" on factors for select to authenticated using (user_id = (select auth.uid()));
create policy "own items" on vault_items for all to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy "Enforce MFA for all end users." on vault_items as restrictive to authenticated
    using ((select auth.jwt() ->> 'aal') = 'aal2');
create policy "own payouts" on payouts for select to authenticated using (user_id = (select auth.uid()));
create policy "request payouts" on payouts for insert to authenticated with check (user_id = (select auth.uid()));
create policy "Enforce MFA for those who have a factor." on payouts as restrictive to authenticated
    using (
        array[(select auth.jwt() ->> 'aal')] <@ (
            select case when count(id) > 0 then array['aal2'] else array['aal1', 'aal2'] end as aal
            from factors
            where (select auth.uid()) = user_id and status = 'verified'
        )
    );
create policy "fresh tokens only" on payouts as restrictive for insert to authenticated
    with check (token_issued_at > now() - interval '5 minutes');
create policy "own settings" on account_settings to authenticated using (user_id = (select auth.uid()));
create policy "Enforce MFA for users who opted in." on account_settings as restrictive for update to authenticated
    using (not require_mfa or aal() = 'aal2')
    with check (not require_mfa or aal() is not distinct from 'aal2');
create policy "no visitors" on account_settings as restrictive to anon using (false);

grant usage on schema public to authenticated;
grant select (id, user_id, kind, status, created_at) on factors to authenticated;
grant select, insert, update, delete on vault_items to authenticated;
grant select on payouts to authenticated;
grant insert (iban, amount) on payouts to authenticated;
grant select, insert, update on account_settings to authenticated;
