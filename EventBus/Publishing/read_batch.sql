-- The events of a batch that was fixed before, in order. Fewer than its positions where outbox rows were removed since.
-- $1 the batch's positions
select late.*
from unnest($1::int8multirange) as range
cross join lateral (
    select position, id, type, source, subject, time, data, traceparent, tracestate
    from bus.outbox where position >= lower(range) and position < upper(range) order by position limit (upper(range) - lower(range))) as late
