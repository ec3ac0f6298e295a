-- loses-data: a
-- widens-access: b: c
--narrows-access: d
--   drops-undeclared: e
-- rewrites-table: f -- g
-- blocks-reads: h
-- blocks-writes: i
-- outside-transaction: j
-- irreversible: k
DO $$ BEGIN PERFORM 1; END $$;
