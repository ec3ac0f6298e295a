-- Privileges on columns and sequences, WITH GRANT OPTION, INSERT .. ON CONFLICT on a table of settings, views over tables with policies.
-- provider: postgres
-- roles: hr, manager, employee

create sequence badge_numbers as integer start 1000 increment 5 minvalue 1000 maxvalue 999999 cache 10 cycle;
comment on sequence badge_numbers is 'Printed on cards';

create table departments (
    id smallserial primary key,
    name text not null unique,
    head integer
);

create table employees (
    id serial primary key,
    badge integer not null unique default nextval('badge_numbers'),
    login name not null unique,
    department smallint references departments on delete set null on update cascade,
    salary numeric(10, 2) not null default 1800.00,
    bonus numeric,
    total numeric generated always as (salary + coalesce(bonus, 0)) stored,
    manager integer references employees deferrable initially immediate,
    ssn char(11) check (ssn like '___-__-____')
);
alter table departments add constraint departments_head_fkey foreign key (head) references employees deferrable initially deferred;

create table preferences (
    login name not null default current_user,
    key text not null,
    value jsonb,
    changed timestamptz not null default now(),
    constraint preferences_pkey primary key (login, key) include (changed)
);

create table holidays (
    employee integer not null references employees on delete cascade,
    days daterange not null,
    approved_by name,
    exclude using gist (days with &&) where (approved_by is not null)
);

alter table employees enable row level security;
alter table preferences enable row level security;
alter table holidays enable row level security;

create policy self on employees for select to employee using (login = current_user);
create policy reports on employees for select to manager
    using (login = current_user or department = (select d.id from departments d where d.name = current_setting('hr.department', true)));
create policy hr_all on employees to hr using (true);
create policy not_own_salary on employees as restrictive for update to hr using (login <> current_user);
create policy pref_select on preferences for select using (login = current_user);
create policy pref_insert on preferences for insert with check (login = current_user);
create policy pref_update on preferences for update using (login = current_user);
create policy see on holidays for select using (true);
create policy ask on holidays for insert to employee, manager with check (approved_by is null and not isempty(days));
create policy approve on holidays for update to manager using (approved_by is null) with check (approved_by = current_user);

create view directory as select e.login, d.name as department from employees e left join departments d on d.id = e.department;
create view payroll with (check_option = cascaded, security_barrier = true) as
    select id, login, salary, bonus from employees where salary is not null;

create function raise_salary(who integer, percent numeric, out before numeric, out after numeric)
    language plpgsql security definer set search_path = public, pg_temp set statement_timeout = '5s'
as $$
begin
    select salary into before from employees where id = who;
    update employees set salary = salary * (1 + percent / 100) where id = who returning salary into after;
end
$$;
create function total_of(variadic parts numeric[]) returns numeric language sql immutable as 'select sum(p) from unnest(parts) p';
create function total_of(a integer, b integer) returns integer language sql immutable return a + b;
create procedure close_year(inout year integer default 2024) language plpgsql as $$ begin year := year + 1; end $$;

revoke execute on function raise_salary(integer, numeric) from public;
grant execute on function raise_salary(integer, numeric) to hr with grant option;
grant execute on procedure close_year(integer) to hr;
grant usage on schema public to hr, manager, employee;
grant select (id, badge, login, department, manager) on employees to employee, manager;
grant select, insert, update (salary, bonus, department, manager), references (id) on employees to hr with grant option;
grant usage, select on sequence employees_id_seq to hr;
grant usage on sequence badge_numbers to hr;
grant select on sequence badge_numbers to manager;
grant select, insert, update (value, changed) on preferences to employee, manager, hr;
grant select, insert (employee, days), update (approved_by) on holidays to manager;
grant select, insert (employee, days) on holidays to employee;
grant select on directory to public;
grant select, update on payroll to hr;
grant all on departments to hr;
