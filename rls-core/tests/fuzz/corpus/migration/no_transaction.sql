-- no-transaction
-- outside-transaction: the index is built

DROP INDEX CONCURRENTLY IF EXISTS todos_task_idx;
CREATE INDEX CONCURRENTLY todos_task_idx ON todos (task);
