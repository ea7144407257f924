-- Times are microseconds since 1970 in UTC, ids are text, JSON is text: one schema for both engines.

create table tasks (
    number           integer primary key,
    id               text not null unique,
    title            text not null,
    description      text not null,
    priority         bigint not null,
    status           text not null,
    progress         double precision not null default 0,
    -- The agent that holds or held it, the one it was asked of, and whichever of both is known.
    agent            text,
    requested_agent  text,
    assignee         text,
    attempt          bigint not null default 1,
    max_attempts     bigint not null default 1,
    labels           text not null default '[]',
    created_by       text not null,
    created_at       bigint not null,
    started_at       bigint,
    completed_at     bigint,
    -- The queue is sorted by this: lower is earlier. See server/queue/order.rs.
    order_key        bigint not null,
    not_before       bigint,
    timeout_seconds  bigint,
    result           text,
    error            text,
    retry_of         text,
    external         boolean not null default false,
    input_tokens     bigint not null default 0,
    output_tokens    bigint not null default 0,
    cost_micros      bigint,
    evidence_count   bigint not null default 0,
    metadata         text not null default '{}',
    question         text,
    cancel_requested_at bigint,
    -- Who holds it: a new id with every claim, so that a late report of an earlier holder is refused.
    lease_id         text,
    lease_expires_at bigint,
    -- The server that runs it, for agents that the server runs itself.
    lease_node       text
);

create index tasks_by_status on tasks (status, number);
create index tasks_by_assignee on tasks (assignee, status, number);
create index tasks_by_retry on tasks (retry_of) where retry_of is not null;
create unique index tasks_by_lease on tasks (lease_id) where lease_id is not null;

-- Which tasks carry a label: a rare one is found without reading every task.
create table task_labels (
    label text not null,
    task  bigint not null,
    primary key (label, task)
) without rowid;

create trigger task_is_labelled after insert on tasks when new.labels <> '[]' begin
    insert or ignore into task_labels select value, new.number from json_each(new.labels);
end;

create trigger task_is_relabelled after update of labels on tasks
when old.labels <> new.labels begin
    delete from task_labels
        where label in (select value from json_each(old.labels)) and task = old.number;
    insert or ignore into task_labels select value, new.number from json_each(new.labels);
end;

create trigger task_is_unlabelled after delete on tasks when old.labels <> '[]' begin
    delete from task_labels
        where label in (select value from json_each(old.labels)) and task = old.number;
end;

-- Most tasks are of normal priority; finding those is easy, and they need not be in here.
create index tasks_by_priority on tasks (priority, number) where priority <> 1;

create table logs (
    id      integer primary key,
    task    bigint not null,
    time    bigint not null,
    level   bigint not null,
    stream  bigint not null,
    agent   text,
    message text not null,
    fields  text
);

create index logs_by_task on logs (task, id);

create table activity (
    id     integer primary key,
    time   bigint not null,
    kind   text not null,
    task   bigint,
    agent  text,
    actor  text not null,
    title  text,
    detail text
);

create index activity_by_task on activity (task, id);

create table agents (
    name          text primary key,
    title         text not null,
    kind          text not null,
    capabilities  text not null default '[]',
    concurrency   bigint not null,
    -- What a person last asked for: on, draining or off.
    wanted        text not null,
    error         text,
    started_at    bigint,
    last_seen     bigint
);

create table idempotency_keys (
    key        text primary key,
    digest     text not null,
    task       bigint not null,
    created_at bigint not null
);
