-- widens-access: "authenticated" can read more of todos
-- blocks-writes: the index "todos_task_idx" on todos is built: nobody writes meanwhile
-- an ordinary comment: nothing to agree to

CREATE INDEX todos_task_idx ON todos (task);
-- loses-data: too late to be said
DROP TABLE notes;
