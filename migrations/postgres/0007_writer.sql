-- Written and emptied to see whether anything can be written.

create table trials (
    filler text not null
);

-- The last commit of each writer, written in the transaction that it counts: whether a commit
-- happened whose answer was lost can be read here.

create table commits (
    writer text primary key,
    number bigint not null,
    at     timestamptz not null default now()
);
