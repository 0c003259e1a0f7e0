-- Adds events of one type to the outbox in the order of the arrays, within the caller's transaction.
-- $1 ids, $2 type, $3 source, $4 subjects, $5 times, $6 data, $7 traceparents, $8 tracestates
insert into bus.outbox (id, type, source, subject, time, data, traceparent, tracestate)
select id, $2, $3, subject, time, data, traceparent, tracestate
from unnest($1, $4, $5, $6, $7, $8) as event (id, subject, time, data, traceparent, tracestate)
