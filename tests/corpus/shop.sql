-- A shop: money as numeric, checks, generated columns, composite types, domains, a stock that never goes below nothing.
-- provider: supabase

create domain positive_amount as numeric(12, 2) not null default 0 check (value >= 0) constraint not_absurd check (value < 10000000);
create domain sku as varchar(20) check (value ~ '^[A-Z]{2}-\d{4,}$');
create domain percent as smallint default 100 constraint percent_range check (value between 0 and 100);
create type dimensions as (width numeric(6, 2), height numeric(6, 2), depth numeric(6, 2), unit text);
create type payment_method as enum ('card', 'invoice', 'wallet');
comment on domain sku is 'Two letters and a number';
comment on type dimensions is 'Of the parcel';
comment on column dimensions.unit is 'cm or in';

create table products (
    id bigint generated always as identity primary key,
    code sku unique,
    title jsonb not null default '{}',
    price positive_amount,
    vat numeric(4, 3) not null default 0.190,
    gross numeric(12, 2) generated always as (round(price * (1 + vat), 2)) stored,
    size dimensions,
    discount percent,
    images text[] not null default array['placeholder.png', 'it''s.png']::text[],
    attributes jsonb not null default '[]'::jsonb check (jsonb_typeof(attributes) = 'array'),
    active boolean not null default true
);
create index products_attributes on products using gin (attributes);
create index products_active on products (id) where active;

create table stock (
    product_id bigint primary key references products on delete cascade,
    on_hand integer not null default 0,
    reserved integer not null default 0,
    available integer generated always as (on_hand - reserved) stored,
    constraint never_oversold check (reserved <= on_hand),
    constraint not_negative check (on_hand >= 0 and reserved >= 0)
);

create table carts (
    id uuid primary key default gen_random_uuid(),
    customer uuid default auth.uid(),
    coupon text,
    expires_at timestamptz not null default now() + '3 days'::interval
);

create table cart_lines (
    cart_id uuid references carts on delete cascade,
    product_id bigint references products,
    quantity smallint not null default 1 check (quantity between 1 and 99),
    primary key (cart_id, product_id)
);

create table orders (
    number text primary key default ('O-' || to_char(now(), 'YYYYMMDD') || '-' || substr(md5(random()::text), 1, 6)),
    customer uuid not null default auth.uid(),
    method payment_method not null,
    currency char(3) not null default 'EUR' check (currency = upper(currency)),
    subtotal positive_amount,
    shipping positive_amount,
    total numeric(12, 2) generated always as ((subtotal)::numeric + (shipping)::numeric) stored,
    ship_to text[] check (array_length(ship_to, 1) <= 5),
    placed_at timestamptz not null default now(),
    paid_at timestamptz,
    shipped_at timestamptz,
    constraint paid_before_shipped check (shipped_at is null or (paid_at is not null and paid_at <= shipped_at))
);
create index orders_by_customer on orders (customer, placed_at desc);

create table price_history (
    product_id bigint not null references products on delete cascade,
    valid tstzrange not null default tstzrange(now(), null),
    price positive_amount,
    constraint one_price_at_a_time exclude using gist (int8range(product_id, product_id, '[]') with &&, valid with &&)
);

create function reserve(product bigint, amount integer) returns boolean language plpgsql security definer set search_path = '' as $fn$
begin
    update public.stock set reserved = reserved + amount where product_id = product and on_hand - reserved >= amount;
    return found;
end
$fn$;
revoke all on function reserve(bigint, integer) from public;
grant execute on function reserve(bigint, integer) to authenticated;

create function remember_price() returns trigger language plpgsql as $$
begin
    update price_history set valid = tstzrange(lower(valid), now()) where product_id = new.id and upper_inf(valid);
    insert into price_history (product_id, price) values (new.id, new.price);
    return new;
end $$;
create trigger products_price after update of price on products for each row
    when (old.price is distinct from new.price) execute function remember_price();

alter table products enable row level security;
alter table stock enable row level security;
alter table carts enable row level security;
alter table cart_lines enable row level security;
alter table orders enable row level security;
alter table price_history enable row level security;

create policy catalogue on products for select using (active);
create policy levels on stock for select to authenticated using (true);
create policy own_cart on carts to authenticated, anon
    using (customer = auth.uid() or customer is null and id = (auth.jwt() ->> 'cart')::uuid)
    with check (customer is not distinct from auth.uid());
create policy own_lines on cart_lines to authenticated, anon using (cart_id in (select id from carts));
create policy own_orders on orders for select to authenticated using (customer = (select auth.uid()));
create policy order_once on orders for insert to authenticated
    with check (customer = (select auth.uid()) and paid_at is null and shipped_at is null and subtotal > 0);
create policy cheap_orders on orders as restrictive for insert with check ((subtotal + shipping) < 5000 or method <> 'invoice');

grant usage on schema public to anon, authenticated;
grant select on products to anon, authenticated;
grant select on stock to authenticated;
grant select, insert, update, delete on carts, cart_lines to anon, authenticated;
grant select on orders to authenticated;
grant insert (method, currency, subtotal, shipping, ship_to) on orders to authenticated;
