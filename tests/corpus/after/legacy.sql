alter table logbook alter column km set statistics 500;
alter table logbook set (autovacuum_vacuum_scale_factor = 0.05);
create statistics logbook_stats (dependencies, ndistinct) on vehicle, at from logbook;
create rule log_no_update as on update to logbook do instead nothing;
create rule log_copy as on insert to trucks do also insert into logbook (vehicle) values (new.id);
alter table vehicles cluster on vehicles_pkey;
alter table drivers replica identity full;
