-- Written and emptied to see whether anything can be written.

create table trials (
    filler text not null
);

-- The last commit of each writer. Only PostgreSQL can lose the answer to a commit; the table is
-- in both, so that there is one schema.

create table commits (
    writer text primary key,
    number bigint not null,
    at     text not null default current_timestamp
);
