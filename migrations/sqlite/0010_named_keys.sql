-- A key of a request may stand for what it created by name, too: a project, or an agent.

alter table request_keys add column name text;
