-- Adds one event to the outbox of stream $1, within the caller's transaction.
-- $2 id, $3 type, $4 source, $5 subject, $6 time, $7 data, $8 headers, $9 traceparent, $10 tracestate
insert into bus.outbox (stream, position, id, type, source, subject, time, data, headers, traceparent, tracestate)
values ($1, bus.next_position($1), $2, $3, $4, $5, $6, $7, $8, $9, $10)
