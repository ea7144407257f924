-- The task that a session works for, as its loop names it: an id, a number, or what is neither.

alter table sessions add column task text;

-- A task leads to its sessions, the latest first.
create index sessions_by_task on sessions (task, number) where task is not null;
