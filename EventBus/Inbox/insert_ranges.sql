-- Takes the ranges [$3, $4) for a group; comes back with the lower bounds of those that overlap nothing.
-- Ascending, and "on conflict do nothing": a plain insert deadlocks with a rival's, this one waits for it and the transaction survives.
insert into bus.inbox (stream, "group", entries)
select $1, $2, int8range(range.lower, range.upper)
from unnest($3::int8[], $4::int8[]) with ordinality as range (lower, upper, number)
order by range.number
on conflict do nothing
returning lower(entries)
