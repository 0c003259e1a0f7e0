-- The rows of group $1 that claim $2 still has.
select number, position, id, type, source, subject, time, data, headers, traceparent, tracestate, attempts
from bus.retry
where group_id = $1 and state = 'waiting' and claim is not null and claim = $2
order by number
