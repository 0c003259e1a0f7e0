-- Adds events of one type to the outbox of stream $1 in the order of the arrays, within the caller's transaction.
-- $2 ids, $3 type, $4 source, $5 subjects, $6 times, $7 data, $8 headers, $9 traceparents, $10 tracestates
insert into bus.outbox (stream, position, id, type, source, subject, time, data, headers, traceparent, tracestate)
select $1, bus.next_position($1), id, $3, $4, subject, time, data, headers, traceparent, tracestate
from unnest($2, $5, $6, $7, $8, $9, $10) as event (id, subject, time, data, headers, traceparent, tracestate)
