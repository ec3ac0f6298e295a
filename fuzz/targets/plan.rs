#![no_main]

rls_fuzz::target!(plan_file);
