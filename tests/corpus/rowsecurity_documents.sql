-- Documents with security levels: policies that read other tables, one table through another, a mix of restrictive ones.
-- provider: postgres
-- roles: regress_reader, regress_writer, "Regress Group"

create table staff (name name primary key, clearance int not null);

create table categories (cid int primary key, cname text);

create table documents (
    did int primary key,
    cid int references categories (cid),
    dlevel int not null,
    dauthor name default current_user,
    dtitle text,
    dnotes text default ''
);

create table audit_entries (
    at timestamptz default now(),
    who name default session_user,
    what text,
    did int
);

alter table documents enable row level security;
alter table categories enable row level security;
alter table staff enable row level security;

create policy p1 on documents as permissive
    using (dlevel <= (select s.clearance from staff s where s.name = current_user));
create policy p1r on documents as restrictive to "Regress Group" using (cid <> 44);
create policy p2r on documents as restrictive to regress_reader using (cid <> 44 and cid < 50);
create policy p_insert on documents for insert to regress_writer
    with check (dauthor = current_user and cid in (select cid from categories));
create policy p_update on documents for update to regress_writer
    using (dauthor = current_user and dlevel >= 1) with check (dlevel between 1 and 5);
create policy p_delete on documents for delete using (dauthor = current_user and dtitle not like 'keep%');
create policy p_check_only on documents as restrictive for insert with check (length(dtitle) < 60);
create policy p2 on categories
    using (case when current_user = 'regress_reader' then cid in (11, 33)
                when current_user = 'regress_writer' then cid in (22, 44)
                else false end);
create policy p3 on categories for select to "Regress Group", regress_reader
    using (exists (select 1 from documents d where d.cid = categories.cid group by d.cid having count(*) > 1));
create policy own on staff using (name = current_user or name = session_user);
create policy everyone_else on staff for select to public using (clearance <= all (array[1, 2, 3]));

create function f_leak(text) returns bool language plpgsql cost 0.0000001 as $$
begin
    raise notice 'f_leak => %', $1;
    return true;
end
$$;
create policy p_leak on documents for select to regress_reader using (f_leak(dtitle));

create view titles with (security_barrier) as select did, dtitle from documents where f_leak(dtitle);
create view by_category as
    select c.cname, d.* from categories c full outer join documents d using (cid);

create rule keep as on delete to audit_entries do instead nothing;

grant usage on schema public to regress_reader, regress_writer, "Regress Group";
grant select on staff to public;
grant all on documents, categories to regress_writer;
grant select on documents, categories, titles, by_category to regress_reader, "Regress Group";
grant insert on audit_entries to regress_reader, regress_writer;
