-- Every task belongs to a project; `default` always exists and nobody has to know of it.
create table projects (
    name         text primary key,
    title        text not null,
    -- Where its process agents work unless they say otherwise.
    folder       text,
    checks       text,
    archived     boolean not null default false,
    version      bigint not null default 1,
    edit_version bigint not null default 1,
    created_at   bigint not null
);

insert into projects (name, title, created_at) values ('default', 'Default', 0);

-- `version` rises with every change of a thing, `edit_version` with what people change about it.
alter table tasks add column project text not null default 'default';
alter table tasks add column version bigint not null default 1;
alter table tasks add column edit_version bigint not null default 1;
alter table agents add column version bigint not null default 1;
alter table sessions add column project text not null default 'default';
-- Absent for what happened to an agent.
alter table activity add column project text;
update activity set project = 'default' where task is not null;

create index tasks_by_project on tasks (project, status, number);
create index activity_by_project on activity (project, id);

-- Followers that must miss nothing have their rows written with what changed. See server/storage/outbox.rs.
create table outbox (
    id       integer primary key,
    follower text not null,
    noun     text not null,
    thing    text not null,
    version  bigint not null,
    project  text,
    owner    text,
    time     bigint not null
);

create index outbox_by_follower on outbox (follower, id);
