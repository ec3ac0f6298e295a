create rule keep as on delete to audit_entries do instead nothing;
alter function f_leak(text) cost 0.0000001;
