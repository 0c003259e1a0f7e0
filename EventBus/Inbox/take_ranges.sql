-- Takes the ranges [$2, $3) for group $1; answers with the lower bounds of those that overlap nothing.
-- Ascending, and "on conflict do nothing": a plain insert deadlocks with a rival's, this one waits for it and the transaction survives.
insert into bus.inbox (group_id, positions)
select $1, int8range(range.lower, range.upper)
from unnest($2::int8[], $3::int8[]) with ordinality as range (lower, upper, number)
order by range.number
on conflict do nothing
returning lower(positions) as first
