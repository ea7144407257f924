-- Sessions have names, and those that ran out of iterations or time did not fail.

-- What a session is called because of its folder or of what its loop calls it; given once, and never
-- to another. Where there is none, its number says which it is.
alter table sessions add column name text;
create unique index sessions_by_name on sessions (name) where name is not null;

-- How many sessions were named after a folder, or called the same by their loops.
create table session_numbers (
    stem text primary key,
    last bigint not null
);

update sessions set words = words || ' session #' || number;

-- As `domain::convergence::facts` reads the words of an error, which are among these.
update sessions set status = 'ended' where status = 'failed' and (
    ((words like '%max iterations%' or words like '%maximum iterations%' or words like '%iteration limit%')
        and (words like '%reached%' or words like '%exceeded%' or words like '%exhausted%'))
    or words like '% timeout (%) reached%');
