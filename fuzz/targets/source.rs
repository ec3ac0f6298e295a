#![no_main]

rls_fuzz::target!(source);
