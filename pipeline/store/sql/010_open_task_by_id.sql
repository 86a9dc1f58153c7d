-- A task is asked for by its identifier with every key that a person presses. Open work is little,
-- so this index is.
create index open_task_by_id on open_task (task_id);
