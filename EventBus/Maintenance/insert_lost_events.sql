-- Adds the events of the outbox at the positions $2 to the retry queue of group $1, within the transaction that has taken these positions.
insert into bus.retry (group_id, position, id, type, source, subject, time, data, headers, traceparent, tracestate, state, attempts)
select $1, position, id, type, source, subject, time, data, headers, traceparent, tracestate, 'waiting', 0
from bus.outbox_0
where position between $3 and $4 and position = any($2)
