-- How the groups of stream $1 stood in the steps of length $2 of the last $3, by name; one row of nulls for a group without samples.
-- A step counts from its tenth second on: before, the workers have not written much of it.
select
    g.name,
    h.slot,
    h.lag,
    h.lag_seconds,
    h.pending,
    h.waiting,
    h.dead,
    nullif(h.finished, 0) / extract(epoch from least(h.step, now() - h.slot))::float8 as rate,
    h.delays
from bus.consumer_group g
left join bus.group_history h
    on h.group_id = g.id and h.step = $2 and h.slot > now() - $3 and h.slot <= now() - interval '10 seconds' and h.lag is not null
where g.stream = $1
order by g.name, h.slot
