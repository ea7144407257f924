-- Events that could not be read, of sessions that are not known yet: when one is heard of, it is said of
-- it that what is known is not all there is.

create table refused_events (
    -- The id that its loop gave it.
    session  text not null primary key,
    times    bigint not null,
    -- The server's clock when the last of them came.
    heard_at bigint not null
);

create index refused_events_by_heard on refused_events (heard_at);
