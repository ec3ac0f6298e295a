create table vehicles (
    id integer not null,
    plate text not null,
    owner name default current_user
);
create table trucks (axles smallint not null default 2) inherits (vehicles);
create type person as (first_name text, last_name text);
create table drivers of person (first_name with options not null, primary key (first_name, last_name));
create function add_km(numeric, numeric) returns numeric language sql immutable as 'select coalesce($1, 0) + coalesce($2, 0)';
create aggregate total_km(numeric) (sfunc = add_km, stype = numeric, initcond = '0');
create operator |+| (leftarg = numeric, rightarg = numeric, function = add_km, commutator = |+|);
create text search configuration plain_words (copy = simple);
create cast (person as text) with inout;
create publication nothing_much;
