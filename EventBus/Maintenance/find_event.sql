-- The event at position $1.
select
    position, id, type, source, subject, time, created_at, octet_length(data) as size, data, headers, traceparent, tracestate, null::text as fields
from bus.outbox_0
where position = $1
