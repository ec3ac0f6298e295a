-- Profiles that a trigger on the provider's table of users fills in.
-- provider: supabase

create table profiles (
    id uuid primary key references auth.users on delete cascade,
    username text unique constraint username_length check (char_length(username) >= 3),
    full_name text,
    avatar_url text,
    website text check (website is null or website ~* '^https?://'),
    updated_at timestamp with time zone
);
comment on table profiles is 'One for each user, visible to all';

create table addresses (
    id uuid primary key default gen_random_uuid(),
    profile_id uuid not null references profiles (id) on delete cascade,
    kind text not null default 'home' check (kind in ('home', 'work', 'other')),
    lines text[] not null default '{}',
    country char(2)
);
create index addresses_profile_id on addresses using btree (profile_id);

alter table profiles enable row level security;
alter table addresses enable row level security;

create policy "Public profiles are viewable by everyone." on profiles for select using (true);
create policy "Users can insert their own profile." on profiles for insert with check ((select auth.uid()) = id);
create policy "Users can update own profile." on profiles for update using ((select auth.uid()) = id);

create policy "Own addresses: read" on addresses for select to authenticated using (auth.uid() = profile_id);
create policy "Own addresses: add" on addresses for insert to authenticated with check (auth.uid() = profile_id);
create policy "Own addresses: change" on addresses for update to authenticated
    using (auth.uid() = profile_id) with check (auth.uid() = profile_id);
create policy "Own addresses: remove" on addresses for delete to authenticated using (auth.uid() = profile_id);

create function handle_new_user() returns trigger
    language plpgsql security definer set search_path = ''
as $$
begin
    insert into public.profiles (id, full_name, avatar_url)
    values (new.id, new.raw_user_meta_data ->> 'full_name', new.raw_user_meta_data ->> 'avatar_url');
    return new;
end;
$$;
comment on function handle_new_user() is 'Makes the profile of a new user';
revoke all on function handle_new_user() from public, anon, authenticated;

create trigger on_auth_user_created after insert on auth.users
    for each row execute procedure handle_new_user();

create view profile_cards with (security_barrier = true) as
    select p.id, coalesce(p.username, p.full_name, 'somebody') as label, count(a.id) as addresses
    from profiles p left join addresses a on a.profile_id = p.id
    group by p.id;
comment on view profile_cards is 'What lists show';
comment on column profile_cards.label is 'Never empty';

grant usage on schema public to anon, authenticated;
grant select on profiles, profile_cards to anon;
grant select, insert, update on profiles to authenticated;
grant select, insert, update, delete on addresses to authenticated;
grant select on profile_cards to authenticated;
