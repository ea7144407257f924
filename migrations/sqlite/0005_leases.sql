-- Leases and timeouts are kept on a clock of their own, which goes on only while a server runs. It
-- begins at the wall clock of the first start, so that leases of before mean the same on it.
create table lease_clock (
    id      integer primary key,
    running bigint
);
insert into lease_clock (id, running) values (1, null);

-- Whether the holder of the lease ever said a word.
alter table tasks add column lease_heard boolean not null default true;
-- The lease under which it was held last, of a task that is not held now.
alter table tasks add column last_lease text;
-- Leases that ended without a word of their holder.
alter table tasks add column silent_leases bigint not null default 0;
-- On the lease clock: when the attempt has lasted too long, since when a person is asked, and
-- when a cancellation that nobody confirms is final.
alter table tasks add column deadline_at bigint;
alter table tasks add column asks_since bigint;
alter table tasks add column cancel_by bigint;

-- How many batches of reports of a run of this server are stored: when the answer of one was lost,
-- the one that comes again changes nothing. A table of its own, since the row of a task may be long.
create table lease_reports (
    lease   text primary key,
    reports bigint not null
);

-- The latest task that tries this one again.
alter table tasks add column retried_by text;
update tasks set retried_by = (select later.id from tasks later
    where later.retry_of = tasks.id order by later.number desc limit 1)
    where id in (select retry_of from tasks where retry_of is not null);

-- What a task consumed is the sum of its records.
alter table tasks add column cached_tokens bigint not null default 0;
alter table tasks add column cost_source text not null default 'unknown';
update tasks set cost_source = 'reported' where cost_micros is not null;

create table usage_records (
    number        integer primary key,
    task          bigint not null,
    attempt       bigint not null,
    -- The id that its reporter gave it.
    record        text not null,
    model         text,
    provider      text,
    input_tokens  bigint not null,
    -- A part of the input.
    cached_tokens bigint not null,
    output_tokens bigint not null,
    cost_micros   bigint,
    reported_at   bigint not null,
    unique (task, attempt, record)
);
insert into usage_records (task, attempt, record, input_tokens, cached_tokens, output_tokens,
        cost_micros, reported_at)
    select number, attempt, 'total', input_tokens, 0, output_tokens, cost_micros,
        coalesce(completed_at, started_at, created_at)
    from tasks where input_tokens > 0 or output_tokens > 0 or cost_micros is not null;

-- Keys of before knew neither who sent them nor where: they count everywhere until they end.
create table request_keys (
    actor      text not null,
    route      text not null,
    key        text not null,
    digest     text not null,
    task       bigint not null,
    created_at bigint not null,
    primary key (actor, route, key)
);
create index request_keys_by_age on request_keys (created_at);
insert into request_keys (actor, route, key, digest, task, created_at)
    select '', '', key, '', task, created_at from idempotency_keys;
drop table idempotency_keys;
