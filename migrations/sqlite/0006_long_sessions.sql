-- Sessions of any length: lists read the brief form of long events, and findings are counted by what
-- became of them.

-- The event in a few kilobytes, where the whole is longer; it says that it was cut.
alter table events add column brief text;

-- Findings with the same history are counted together, without looking at each.
create index findings_by_history on findings (session, seen, severity, accepted_by);
