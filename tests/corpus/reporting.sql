-- Facts and reports: materialized views with indexes, views on views, with CHECK OPTION, with triggers, with columns that have comments and privileges of their own.
-- provider: postgres
-- roles: analyst, loader

create type channel as enum ('web', 'shop');

create table regions (
    code char(2) primary key,
    name text not null,
    manager name not null default current_user
);
create table sales (
    id bigint primary key generated always as identity,
    region char(2) not null references regions,
    channel channel not null default 'web',
    sold_at timestamptz not null default now(),
    day date generated always as ((sold_at at time zone 'utc')::date) stored,
    amount numeric(12, 2) not null check (amount <> 0),
    canceled boolean not null default false
);
create index sales_day on sales using brin (day) with (pages_per_range = 32);
create index sales_open on sales (region, day desc) where not canceled;

create view open_sales as select id, region, channel, day, amount, canceled from sales where not canceled
    with local check option;
create view web_sales with (security_barrier = true) as select * from open_sales where channel = 'web'
    with cascaded check option;
alter view web_sales alter column region set default 'de';
comment on view web_sales is 'Sold on the web';
comment on column web_sales.amount is 'In euro';

create function rounded(numeric, digits integer default 0) returns numeric language sql immutable strict
    return round($1, digits);
create function shown(s open_sales) returns text language sql stable as $$ select s.region || ': ' || s.amount $$;

create materialized view by_day as
    select day, region, count(*) as sales, rounded(sum(amount), 1) as amount
    from open_sales group by day, region;
create unique index by_day_key on by_day (day, region);
create index by_day_amount on by_day (amount desc nulls last) include (sales) where sales > 1;
comment on materialized view by_day is 'Refreshed at night';
comment on column by_day.sales is 'How many';

create materialized view by_month as
    select date_trunc('month', day::timestamp)::date as month, sum(amount) as amount, grouping(region) as level, region
    from by_day group by rollup (1, 4)
    with no data;

create view best(day, region, place) as
    select d.day, r.name, rank() over (partition by d.day order by d.amount desc)
    from by_day d join regions r on r.code = d.region
    window w as (partition by d.day)
    order by 1, 3;

create recursive view calendar(day) as
    select date '2024-01-01' union all select day + 1 from calendar where day < '2024-12-31';

create function change_best() returns trigger language plpgsql as $$ begin return old; end $$;
create trigger best_insert instead of insert or update on best for each row execute function change_best();

alter table sales enable row level security;
alter table regions enable row level security;
create policy loaded on sales for insert to loader with check (amount > 0);
create policy seen on sales for select to analyst
    using (region in (select b.region from by_day b where b.sales > 10) or channel = 'web');
create policy managed on regions using (manager = current_user);

grant select on by_day, by_month to analyst;
grant select (day, place) on best to analyst, loader;
grant select, insert, update (amount), delete on web_sales to loader;
grant select on calendar to public;
grant insert on sales to loader;
grant select on sales, regions to analyst;
