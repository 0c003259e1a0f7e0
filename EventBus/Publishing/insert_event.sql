-- Adds one event to the outbox, within the caller's transaction.
-- $1 id, $2 type, $3 source, $4 subject, $5 time, $6 data, $7 traceparent, $8 tracestate
insert into bus.outbox (id, type, source, subject, time, data, traceparent, tracestate)
values ($1, $2, $3, $4, $5, $6, $7, $8)
