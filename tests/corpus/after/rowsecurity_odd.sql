create table t_empty ();
alter table t_empty enable row level security;
create policy nobody on t_empty as restrictive using (false);
create policy somebody on t_empty using (true);
alter table t_forced_off force row level security;
-- What Postgres says of BETWEEN is not what it reads in it, so that no dump brings this one back either.
alter policy between_ on t_upsert using (n between 1 and 10 and (n <> 5 or who like 'a%' escape '\'));
