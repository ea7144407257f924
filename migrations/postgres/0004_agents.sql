-- What tasks ask of agents, questions that wait, and where agents come from.

-- JSON: the capabilities that a task's agent must have, and the ids of the tasks that must be completed first.
alter table tasks add column requires text not null default '[]';
alter table tasks add column runs_after text not null default '[]';
alter table tasks add column agent_may_come boolean not null default false;
-- JSON: what people answered and a worker elsewhere has not shown to have heard.
alter table tasks add column answers text;

alter table agents add column source text not null default 'registered';
-- Why it is out whatever people want: removed or disabled.
alter table agents add column out_because text;
alter table agents add column takes text not null default 'any';
alter table agents add column projects text not null default '[]';
alter table agents add column abilities text;

update agents set source = 'file' where kind = 'process' or (kind = 'fake' and name <> 'demo');
update agents set source = 'page' where kind = 'fake' and name = 'demo';
