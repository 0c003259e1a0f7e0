-- Dead letters of group $1 that are not on its DLQ stream yet, oldest first, at most $2.
select
    number, position, id, type, source, subject, time, data, headers, traceparent, tracestate, fields, attempts, error,
    coalesce(failed_at, created_at) as dead_at
from bus.retry
where group_id = $1 and state = 'dead' and not mirrored
order by number
limit $2
