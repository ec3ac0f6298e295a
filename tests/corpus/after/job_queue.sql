alter table queue.workers set unlogged;
