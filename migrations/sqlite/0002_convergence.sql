-- Sessions of convergence loops. What is under "facts" is the JSON of what events add up to; the
-- columns beside it repeat what lists and filters need.

create table sessions (
    number     integer primary key,
    -- The id that its loop gave it.
    id         text not null unique,
    -- Where it was heard first: the address of a loop, or "webhook".
    source     text not null,
    facts      text not null,
    state      text not null,
    status     text not null,
    iterations bigint not null,
    events     bigint not null,
    -- From its beginning to its end in microseconds; absent until it is over.
    duration   bigint,
    -- Id, source and last error in small letters, to search in.
    words      text not null,
    -- The server's clock when an event of it last arrived, known or not.
    heard_at   bigint not null,
    -- True when its loop has vanished.
    silent     boolean not null default false
);

create index sessions_by_heard on sessions (heard_at, number);
create index sessions_by_status on sessions (status, number);

create table events (
    id        integer primary key,
    session   bigint not null,
    event_id  text not null,
    time      bigint not null,
    iteration bigint not null,
    type      text not null,
    -- True when its data holds a list of findings, fixes or vulnerabilities.
    lists     boolean not null,
    -- As its sender wrote it.
    sent      text not null
);

create unique index events_by_event_id on events (session, event_id);
create index events_by_time on events (session, time, id);
create index events_with_lists on events (session, iteration) where lists;

create table iterations (
    session   bigint not null,
    iteration bigint not null,
    facts     text not null,
    primary key (session, iteration)
);

create table findings (
    session         bigint not null,
    fingerprint     text not null,
    kind            text not null,
    area            text not null,
    description     text not null,
    severity        bigint not null,
    -- When it was last seen, and by which event.
    seen_at         bigint not null,
    seen_by         bigint not null,
    -- JSON: the iterations and steps in which it was seen.
    seen            text not null,
    accepted_by     text,
    accepted_reason text,
    accepted_at     bigint,
    primary key (session, fingerprint)
);
