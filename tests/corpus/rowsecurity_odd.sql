-- Shapes that row security tests try: nothing but WITH CHECK, policies without roles of use, the same table in a subquery, row types, enabled without policies, policies without being enabled, FORCE and the owner.
-- provider: postgres
-- roles: regress_one, regress_two

create table t_plain (a integer, b text);
create table t_disabled (a integer, b text);
create table t_enabled (a integer, b text);
create table t_forced (a integer primary key, b text);
create table t_forced_off (a integer, b text);
create table t_check (a integer, b text collate "C");
create table t_self (id integer primary key, parent integer references t_self, owner name);
create table t_types (a bit(3), b bit varying(5), c "char", d name, e oid, f regclass, g xml, h pg_lsn, i tid, j macaddr8, k inet);
create table t_upsert (id integer primary key, who name not null default current_user, n integer not null default 0);
create table t_empty ();

alter table t_enabled enable row level security;
alter table t_forced enable row level security;
alter table t_forced force row level security;
alter table t_forced_off force row level security;
alter table t_check enable row level security;
alter table t_self enable row level security;
alter table t_types enable row level security;
alter table t_upsert enable row level security;
alter table t_empty enable row level security;

create policy dormant on t_disabled using (a % 2 = 0);
create policy p on t_forced using (b = 'x' or a < 0) with check (true);
create policy p on t_forced_off using (false);
create policy ins on t_check for insert with check (b < 'm' collate "C");
create policy upd on t_check for update using (true) with check (b is not null and b collate "POSIX" > '');
create policy all_check on t_check as restrictive using (a is not null) with check (a is not null and a <> 0);
create policy row_is on t_check for select using (t_check is not null and row(a, b) <> row(0, 'zero'));
create policy whole_row on t_check for select to regress_one using ((t_check.*)::text <> '(,)');
create policy only_roots on t_self for insert to regress_one with check (parent is null);
create policy children on t_self for select to regress_one, regress_two
    using (owner = current_user or parent is not null and parent >= 0);
create policy lateral_ on t_self for delete to regress_two
    using ((select bool_and(x.v > 0) from unnest(array[id, parent]) with ordinality as x (v, n)));
create policy types on t_types using (
    a = b'101' and b <> B'11' and c = 'x' and e > 10 and f = 'pg_class'::regclass and not (g is document)
    and h < '16/B374D848' and j is not null and k << inet '10.0.0.0/8'
);
create policy between_ on t_upsert for select using (n between 1 and 10 and (n <> 5 or who like 'a%' escape '\'));
create policy i on t_upsert for insert with check (who = current_user);
create policy u on t_upsert for update using (n < 100) with check (who = current_user and n >= 0);
create policy nobody on t_empty as restrictive using (false);
create policy somebody on t_empty using (true);
create policy "current" on t_upsert for delete to current_user using (pg_has_role(who, 'MEMBER'));

create function leakproofless(integer) returns boolean language sql immutable strict parallel safe return $1 > 0;
create policy f on t_enabled for select to regress_two using (leakproofless(a));
create policy subsub on t_enabled for update to regress_two using (
    a in (select u.n from t_upsert u where u.who = current_user and u.n in (select s.id from t_self s where s.owner = u.who))
);
create policy with_ on t_enabled for delete to regress_two using (
    a = (with recursive up(id, parent) as (
            select s.id, s.parent from t_self s where s.id = t_enabled.a
            union all select s.id, s.parent from t_self s join up on s.id = up.parent)
        select min(up.id) from up)
);

grant usage on schema public to regress_one, regress_two;
grant select, insert, update, delete on t_check, t_self, t_upsert to regress_one, regress_two;
grant select, insert on t_enabled, t_disabled, t_forced to regress_two;
grant truncate, references, trigger on t_plain to regress_one;
grant select (a), update (b) on t_plain to regress_two;
grant select (a, b) on t_forced_off to public;
