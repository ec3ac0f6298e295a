-- Partitioned tables with policies: by list, range and hash, on the whole and on parts of it, in another schema.
-- provider: postgres
-- roles: regress_part
-- schemas: public, parts

create schema parts;

create table part_document (
    did int not null,
    cid int not null,
    dlevel int not null,
    dauthor name default current_user,
    dtitle text,
    primary key (did, cid)
) partition by range (cid);
create table part_document_fiction partition of part_document for values from (11) to (12);
create table part_document_satire partition of part_document for values from (55) to (56);
create table parts.part_document_nonfiction partition of part_document for values from (99) to (100);
create table parts.part_document_rest partition of part_document default;
create index part_document_author on part_document (dauthor, dlevel desc);

create table measurements (
    station text not null,
    taken_at timestamptz not null,
    value double precision,
    constraint sane check (value > '-273.15'::double precision)
) partition by list (station);
create table measurements_north partition of measurements for values in ('oslo', 'turku', 'it''s');
create table measurements_south partition of measurements for values in ('rome', null) partition by range (taken_at);
create table measurements_south_old partition of measurements_south for values from (minvalue) to ('2020-01-01 00:00:00+00');
create table measurements_south_new partition of measurements_south for values from ('2020-01-01 00:00:00+00') to (maxvalue);

create table spread (
    tenant uuid not null,
    id bigint not null,
    payload jsonb not null default '{}',
    primary key (tenant, id)
) partition by hash (tenant);
create table spread_0 partition of spread for values with (modulus 4, remainder 0);
create table spread_1 partition of spread for values with (modulus 4, remainder 1);
create table spread_2 partition of spread for values with (modulus 4, remainder 2);
create table spread_3 partition of spread for values with (modulus 4, remainder 3);

create table by_expression (at timestamptz not null, kind text, n int) partition by range (date_trunc('day', at at time zone 'utc'), kind collate "C" text_pattern_ops);
create table by_expression_1 partition of by_expression for values from ('2024-01-01 00:00:00', 'a') to ('2024-02-01 00:00:00', maxvalue);

alter table part_document enable row level security;
alter table part_document_satire enable row level security;
alter table measurements enable row level security;
alter table measurements force row level security;
alter table spread enable row level security;

create policy pp1 on part_document as permissive using (dlevel <= 3);
create policy pp1r on part_document as restrictive to regress_part using (cid < 55);
create policy pp3 on part_document_satire as restrictive using (dlevel < 2);
create policy see on measurements for select to regress_part using (station <> 'rome' or taken_at < now());
create policy tenant on spread using (tenant = nullif(current_setting('app.tenant', true), '')::uuid);

comment on table part_document is 'All documents';
comment on table measurements_north is 'Stations in the north';

create function stamp() returns trigger language plpgsql as $$ begin new.taken_at := coalesce(new.taken_at, now()); return new; end $$;
create trigger measurements_stamp before insert on measurements for each row execute function stamp();

grant usage on schema public to regress_part;
grant select, insert, update, delete on part_document to regress_part;
grant select, insert on measurements to regress_part;
grant select, insert, update, delete on spread to regress_part;
