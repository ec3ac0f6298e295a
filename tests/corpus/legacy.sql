-- What no declaration can say: inheritance, rules, materialized views, typed tables, statistics, aggregates, casts, operators, text search, procedures. All of it has to be named in a note.
-- provider: postgres
-- roles: legacy_user

create table vehicles (
    id integer not null,
    plate text not null,
    owner name default current_user
);
create table trucks (axles smallint not null default 2) inherits (vehicles);
create table logbook (
    at timestamp default now(),
    vehicle integer,
    km numeric(9, 1)
);
alter table vehicles add primary key (id);
alter table logbook alter column km set statistics 500;
alter table logbook alter column vehicle set storage plain;
alter table logbook set (autovacuum_vacuum_scale_factor = 0.05);
create statistics logbook_stats (dependencies, ndistinct) on vehicle, at from logbook;

create type person as (first_name text, last_name text);
create table drivers of person (first_name with options not null, primary key (first_name, last_name));

create rule log_no_update as on update to logbook do instead nothing;
create rule log_copy as on insert to trucks do also insert into logbook (vehicle) values (new.id);

create materialized view mileage as select vehicle, sum(km) as km from logbook group by vehicle with no data;
create unique index mileage_vehicle on mileage (vehicle);

create function add_km(numeric, numeric) returns numeric language sql immutable as 'select coalesce($1, 0) + coalesce($2, 0)';
create aggregate total_km(numeric) (sfunc = add_km, stype = numeric, initcond = '0');
create operator |+| (leftarg = numeric, rightarg = numeric, function = add_km, commutator = |+|);
create procedure archive(before date) language sql as 'delete from logbook where at < before';
create text search configuration plain_words (copy = simple);
create function window_like(integer) returns integer language sql immutable as 'select $1';
create cast (person as text) with inout;

alter table vehicles enable row level security;
alter table trucks enable row level security;
alter table logbook enable row level security;
create policy own on vehicles using (owner = current_user);
create policy own on trucks using (owner = current_user and axles |+| 1 > 2);
create policy log on logbook for select to legacy_user
    using (vehicle in (select v.id from only vehicles v) and km > (select total_km(t.axles) from trucks t));
create policy add on logbook for insert to legacy_user with check (km |+| 0 < 1000);

alter table vehicles cluster on vehicles_pkey;
alter table drivers replica identity full;
create publication nothing_much;
grant usage on schema public to legacy_user;
grant select on vehicles, trucks, logbook, mileage to legacy_user;
grant insert on logbook to legacy_user;
