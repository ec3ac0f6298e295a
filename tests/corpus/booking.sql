-- Rooms that are booked: exclusion over time ranges with btree_gist, ranges and multiranges.
-- provider: supabase

create extension if not exists btree_gist with schema public;

create type booking_state as enum ('held', 'confirmed', 'cancelled');

create table venues (
    id uuid primary key default gen_random_uuid(),
    manager uuid not null default auth.uid(),
    name text not null,
    timezone text not null default 'Europe/Berlin',
    opening int4multirange not null default '{[540,1080)}'::int4multirange
);

create table rooms (
    id bigint generated always as identity primary key,
    venue_id uuid not null references venues on delete cascade,
    label text not null,
    capacity int4range not null default '[1,10]',
    floor smallint,
    unique (venue_id, label)
);

create table bookings (
    id bigint generated always as identity primary key,
    room_id bigint not null references rooms on delete cascade,
    booked_by uuid not null default auth.uid(),
    during tstzrange not null,
    state booking_state not null default 'held',
    people smallint not null default 1,
    constraint bookings_do_not_overlap exclude using gist (room_id with =, during with &&) where (state <> 'cancelled'),
    constraint bookings_are_bounded check (
        not lower_inf(during) and not upper_inf(during) and lower_inc(during) and not upper_inc(during)
        and upper(during) - lower(during) <= interval '12 hours'
    )
);
create index bookings_during on bookings using gist (during);
create index bookings_upcoming on bookings (room_id, lower(during)) where state = 'confirmed';

create table blackouts (
    venue_id uuid not null references venues on delete cascade,
    days daterange not null,
    reason text,
    exclude using gist (venue_id with =, days with &&) deferrable initially deferred
);
comment on constraint bookings_do_not_overlap on bookings is 'Cancelled ones may';
comment on index bookings_during is 'For calendars';

create function is_free(room bigint, wanted tstzrange) returns boolean language sql stable security definer set search_path = 'public' as $$
    select not exists (select 1 from bookings b where b.room_id = room and b.during && wanted and b.state <> 'cancelled')
$$;

create function manages(venue uuid) returns boolean language sql stable security definer set search_path = '' as
    $$ select exists (select 1 from public.venues v where v.id = venue and v.manager = auth.uid()) $$;

alter table venues enable row level security;
alter table rooms enable row level security;
alter table bookings enable row level security;
alter table blackouts enable row level security;

create policy everyone on venues for select using (true);
create policy managers on venues for update to authenticated using (manager = auth.uid());
create policy everyone on rooms for select using (true);
create policy managers on rooms to authenticated using (manages(venue_id));
create policy guests on bookings for select to authenticated using (booked_by = auth.uid());
create policy managers on bookings for select to authenticated
    using (manages((select r.venue_id from rooms r where r.id = room_id)));
create policy book on bookings for insert to authenticated
    with check (booked_by = auth.uid() and is_free(room_id, during) and lower(during) > now()
        and people::integer <@ (select r.capacity from rooms r where r.id = bookings.room_id));
create policy cancel on bookings for update to authenticated
    using (booked_by = auth.uid() and state <> 'cancelled' and lower(during) - now() > interval '1 day 02:00:00')
    with check (state = 'cancelled');
create policy no_blackouts on bookings as restrictive for insert with check (
    not exists (
        select 1 from blackouts b join rooms r on r.venue_id = b.venue_id
        where r.id = bookings.room_id and b.days && daterange(lower(during)::date, upper(during)::date, '[]')
    )
);
create policy everyone on blackouts for select using (true);

grant usage on schema public to anon, authenticated;
grant select on venues, rooms, blackouts to anon, authenticated;
grant select, insert, update (state) on bookings to authenticated;
grant insert, update, delete on rooms to authenticated;
grant update (name, timezone, opening) on venues to authenticated;
